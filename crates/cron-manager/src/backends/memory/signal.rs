//! A signal within one process.

use std::sync::Arc;

use tokio::sync::Notify;

use crate::contracts::{BoxFuture, Signal};

/// Nudges those who hold the same value (clones are the same).
#[derive(Clone, Debug, Default)]
pub struct LocalSignal(Arc<Notify>);

impl Signal for LocalSignal {
    fn nudge(&self) {
        self.0.notify_waiters();
    }

    fn nudged(&self) -> BoxFuture<()> {
        // An owned wait counts from its creation, so a nudge before the first poll is not lost.
        Box::pin(Arc::clone(&self.0).notified_owned())
    }
}
