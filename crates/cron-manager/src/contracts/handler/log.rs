//! What a run logs.

use std::sync::Arc;

use tokio::sync::watch;

use super::{ActiveRun, FromRun};
use crate::Result;

/// Where a run logs, line by line. Its newest lines are kept with the run, and can be followed while it goes on
/// ([`CronManager::follow`](crate::CronManager::follow)). Clones are the same run's.
///
/// ```
/// use cron_manager::Log;
///
/// async fn send_invoices(log: Log) {
///     log.line("shop 7: 3 invoices");
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// // In a test of the function:
/// let log = Log::default();
/// send_invoices(log.clone()).await;
/// assert_eq!(log.part(0).text, "shop 7: 3 invoices\n");
/// # });
/// ```
#[derive(Clone, Debug)]
pub struct Log(Arc<watch::Sender<Lines>>);

/// A part of what a run logged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogPart {
    /// How many characters the run had logged before it, dropped ones included.
    pub start: u64,
    /// The part.
    pub text: String,
}

impl LogPart {
    /// How many characters the run had logged when the part ends.
    pub fn end(&self) -> u64 {
        self.start + count(&self.text)
    }
}

#[derive(Debug, Default)]
pub(super) struct Lines {
    text: String,
    /// How many characters `text` has.
    length: u64,
    /// How many characters were dropped before it.
    dropped: u64,
    /// Whether characters that cannot be kept were replaced.
    altered: bool,
}

impl Log {
    /// The most that is kept, in characters; older ones go first.
    pub const LIMIT: usize = 256 * 1024;

    /// Logs a line.
    pub fn line(&self, line: impl AsRef<str>) {
        self.0.send_modify(|lines| lines.push(line.as_ref()));
    }

    /// What was logged after the first `from` characters, as far as it is kept; all that is kept, when so many were never logged.
    pub fn part(&self, from: u64) -> LogPart {
        self.0.borrow().part(from)
    }

    /// How many characters were logged.
    pub fn end(&self) -> u64 {
        self.0.borrow().end()
    }

    /// Whether its beginning was dropped, or characters that cannot be kept were replaced.
    pub fn is_truncated(&self) -> bool {
        let lines = self.0.borrow();
        lines.altered || lines.first_kept() > 0
    }

    pub(super) fn changes(&self) -> watch::Receiver<Lines> {
        self.0.subscribe()
    }
}

impl Default for Log {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::default()))
    }
}

impl FromRun for Log {
    fn from_run(run: &ActiveRun) -> Result<Self> {
        Ok(run.lines().clone())
    }
}

impl Lines {
    fn push(&mut self, line: &str) {
        if line.contains('\0') {
            // PostgreSQL's text cannot hold it.
            self.text.push_str(&line.replace('\0', "\u{fffd}"));
            self.altered = true;
        } else {
            self.text.push_str(line);
        }
        self.text.push('\n');
        self.length += count(line) + 1;
        // Twice the limit before it is cut, so that logging much costs little.
        if self.length > 2 * Log::LIMIT as u64 {
            self.cut();
        }
    }

    fn end(&self) -> u64 {
        self.dropped + self.length
    }

    fn first_kept(&self) -> u64 {
        self.dropped.max(self.end().saturating_sub(Log::LIMIT as u64))
    }

    fn part(&self, from: u64) -> LogPart {
        let from = if from > self.end() { 0 } else { from };
        let start = from.max(self.first_kept());
        LogPart { start, text: self.text[self.place(start)..].to_owned() }
    }

    /// Drops what is over the limit, from the beginning.
    fn cut(&mut self) {
        let first_kept = self.first_kept();
        self.text.drain(..self.place(first_kept));
        self.length -= first_kept - self.dropped;
        self.dropped = first_kept;
    }

    /// Where in the text the character stands before which so many were logged.
    fn place(&self, position: u64) -> usize {
        let skipped = usize::try_from(position - self.dropped).unwrap_or(usize::MAX);
        self.text.char_indices().nth(skipped).map_or(self.text.len(), |(place, _)| place)
    }
}

fn count(text: &str) -> u64 {
    text.chars().count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_keeps_its_end_within_the_limit_at_whole_characters() {
        let log = Log::default();
        let mut all = String::new();
        for at in 0..100_000 {
            let line = format!("{at} ü");
            log.line(&line);
            all.push_str(&line);
            all.push('\n');
        }
        let kept = log.part(0);
        assert_eq!((kept.text.chars().count(), log.is_truncated()), (Log::LIMIT, true));
        assert!(all.ends_with(&kept.text));
        assert_eq!((kept.end(), log.end()), (all.chars().count() as u64, kept.end()));
    }

    #[test]
    fn a_part_begins_after_what_is_known_already() {
        let log = Log::default();
        log.line("ü1");
        let known = log.part(0);
        assert_eq!(known, LogPart { start: 0, text: "ü1\n".into() });
        log.line("2");
        assert_eq!(log.part(known.end()), LogPart { start: 3, text: "2\n".into() });
        assert_eq!(log.part(log.end()).text, "");
        assert_eq!(log.part(99), log.part(0), "so much was never logged");
    }

    #[test]
    fn a_nul_is_replaced_and_marked() {
        let log = Log::default();
        log.line("a");
        assert!(!log.is_truncated());
        log.line("a\0b");
        assert_eq!((&*log.part(2).text, log.is_truncated()), ("a\u{fffd}b\n", true));
    }
}
