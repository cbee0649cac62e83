//! What is seen of a run while it goes on.

use std::future::pending;

use tokio::sync::watch;

use super::{LogPart, ProgressReport, log::Lines};

/// What is seen of a run while it goes on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunOutput {
    /// What it logged.
    pub log: LogPart,
    /// How far it says it has come.
    pub progress: Option<ProgressReport>,
}

/// Tells when a live run logs, or says how far it has come.
pub struct OutputChanges {
    pub(super) log: watch::Receiver<Lines>,
    pub(super) progress: watch::Receiver<Option<ProgressReport>>,
}

impl OutputChanges {
    /// Ends when something was logged or said since these changes were asked for, or since this ended the last time.
    pub async fn next(&mut self) {
        let changed = tokio::select! {
            changed = self.log.changed() => changed,
            changed = self.progress.changed() => changed,
        };
        if changed.is_err() {
            // The run is gone, and says no more.
            pending().await
        }
    }
}
