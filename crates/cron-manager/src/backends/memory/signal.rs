//! A signal within one process.

use std::sync::Arc;

use tokio::sync::Notify;

use crate::contracts::{BoxFuture, Signal};

/// Nudges those who hold the same value (clones are the same).
#[derive(Clone, Debug, Default)]
pub struct LocalSignal {
    notify: Arc<Notify>,
    others: bool,
}

impl LocalSignal {
    /// A signal of a process whose store others stand on, too: their nudges do not arrive.
    pub fn beside_others() -> Self {
        Self { others: true, ..Self::default() }
    }
}

impl Signal for LocalSignal {
    fn nudge(&self) {
        self.notify.notify_waiters();
    }

    fn nudged(&self) -> BoxFuture<()> {
        // An owned wait counts from its creation, so a nudge before the first poll is not lost.
        Box::pin(Arc::clone(&self.notify).notified_owned())
    }

    fn is_live(&self) -> bool {
        !self.others
    }
}
