//! What a command prints: standard output and standard error through one pipe, so that their order is kept.

use std::{
    future::pending,
    io::{self, PipeWriter},
    mem,
};

use tokio::{io::AsyncReadExt, net::unix::pipe::Receiver};

use crate::ActiveRun;

/// How much is read at once, in bytes.
const CHUNK: usize = 8 * 1024;
/// A line longer than this is logged in pieces.
const LONGEST: usize = 8 * 1024;

/// The reading end of the pipe. Every method can be dropped and called again without losing anything.
pub(super) struct Output {
    pipe: Option<Receiver>,
    /// What was read of a line that has not ended.
    line: Vec<u8>,
}

impl Output {
    /// A pipe: its reading end, and the writing end for the command.
    pub(super) fn pipe() -> io::Result<(Self, PipeWriter)> {
        let (reader, writer) = io::pipe()?;
        let pipe = Receiver::from_owned_fd(reader.into())?;
        Ok((Self { pipe: Some(pipe), line: Vec::new() }, writer))
    }

    /// Hands lines to the run's log until nobody can write any more.
    pub(super) async fn read(&mut self, run: &ActiveRun) {
        while let Some(pipe) = &mut self.pipe {
            self.line.reserve(CHUNK);
            if !matches!(pipe.read_buf(&mut self.line).await, Ok(1..)) {
                self.pipe = None;
            }
            self.log(run);
        }
    }

    /// Reads until `end` has ended.
    pub(super) async fn read_until<T>(&mut self, run: &ActiveRun, end: impl Future<Output = T>) -> T {
        let read = async {
            self.read(run).await;
            pending().await
        };
        tokio::select! {
            ended = end => ended,
            never = read => never,
        }
    }

    /// Logs the lines that have ended, all at once: the log has to make room only once for them.
    fn log(&mut self, run: &ActiveRun) {
        let Some(end) = self.end() else { return };
        let rest = self.line.split_off(end);
        let lines = mem::replace(&mut self.line, rest);
        run.log(String::from_utf8_lossy(lines.strip_suffix(b"\n").unwrap_or(&lines)).trim_end_matches('\r'));
    }

    /// Where the lines end that can be logged now.
    fn end(&self) -> Option<usize> {
        let line_break = self.line.iter().rposition(|byte| *byte == b'\n').map(|at| at + 1);
        let all = (self.pipe.is_none() && !self.line.is_empty()).then_some(self.line.len());
        all.or(line_break).or_else(|| (self.line.len() > LONGEST).then(|| character_end(&self.line)))
    }
}

/// The length without a last character that has only begun.
fn character_end(text: &[u8]) -> usize {
    // In UTF-8 a character has at most four bytes, and only its first one is not of the form 10xxxxxx.
    let start = (text.len().saturating_sub(3)..text.len()).rev().find(|&at| text[at] & 0xc0 != 0x80);
    match start {
        Some(start) if std::str::from_utf8(&text[start..]).is_err() => start,
        _ => text.len(),
    }
}
