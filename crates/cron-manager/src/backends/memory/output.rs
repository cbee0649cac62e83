//! What is kept of what runs log and how far they have come.

use crate::{Log, LogPart, ProgressReport, RunOutput};

/// What one run logged, and how far it said it had come.
#[derive(Default)]
pub(super) struct Output {
    log: LogPart,
    progress: Option<ProgressReport>,
}

impl Output {
    pub(super) fn log(&self) -> &str {
        &self.log.text
    }

    /// Puts a part in its place, and the newest progress.
    pub(super) fn keep(&mut self, output: &RunOutput) {
        let LogPart { start, text } = &output.log;
        let before = if (self.log.start..=self.log.end()).contains(start) { start - self.log.start } else { 0 };
        let kept: Vec<char> = self.log.text.chars().take(before as usize).chain(text.chars()).collect();
        let dropped = kept.len().saturating_sub(Log::LIMIT);
        self.log = LogPart { start: start - before + dropped as u64, text: kept[dropped..].iter().collect() };
        self.progress = output.progress.clone().or(self.progress.take());
    }

    /// The run has ended, and left that.
    pub(super) fn end_with(&mut self, log: LogPart) {
        self.log = log;
    }

    /// What comes after the first `from` characters.
    pub(super) fn after(&self, from: u64) -> RunOutput {
        let start = if from > self.log.end() { self.log.start } else { from.max(self.log.start) };
        let text = self.log.text.chars().skip((start - self.log.start) as usize).collect();
        RunOutput { log: LogPart { start, text }, progress: self.progress.clone() }
    }
}
