//! Nudges between replicas.

use std::{future::pending, sync::Arc};

use futures_util::future::select_all;

use super::BoxFuture;

/// A nudge: "look again". It carries nothing, may come twice or not at all, and so changes when something is
/// done, never what.
///
/// # Laws
/// - A nudge ends every wait that began before it, also one that was not polled yet.
/// - A wait that begins after a nudge does not end by it.
/// - A nudge never blocks and never fails.
pub trait Signal: Send + Sync + 'static {
    /// Wakes all who wait.
    fn nudge(&self);

    /// Ends at the next nudge; the wait begins with this call.
    fn nudged(&self) -> BoxFuture<()>;

    /// Whether nudges of other replicas arrive now; while they do not, replicas look at the store more often.
    fn is_live(&self) -> bool {
        true
    }
}

/// Several ways for nudges, used together: a nudge goes all of them, and one is enough.
pub struct Signals(pub Vec<Arc<dyn Signal>>);

impl Signal for Signals {
    fn nudge(&self) {
        self.0.iter().for_each(|signal| signal.nudge());
    }

    fn nudged(&self) -> BoxFuture<()> {
        if self.0.is_empty() {
            return Box::pin(pending());
        }
        let any = select_all(self.0.iter().map(|signal| signal.nudged()));
        Box::pin(async { drop(any.await) })
    }

    fn is_live(&self) -> bool {
        self.0.iter().any(|signal| signal.is_live())
    }
}
