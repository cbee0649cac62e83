//! Laws of [`Signal`].

use std::sync::Arc;

use futures_util::FutureExt;

use super::super::ManualClock;
use crate::contracts::Signal;

/// Makes the tests; the factory returns a signal.
#[macro_export]
macro_rules! signal_laws {
    ($make:path) => {
        $crate::laws!(signal, $make; a_nudge_ends_every_wait_that_began_before, a_wait_counts_from_its_call, a_nudge_is_not_kept_for_later);
    };
}

/// All who wait are woken.
pub async fn a_nudge_ends_every_wait_that_began_before(signal: Arc<dyn Signal>, _: ManualClock) {
    let mut waits = [signal.nudged(), signal.nudged(), signal.nudged()];
    assert!(waits.iter_mut().all(|wait| wait.now_or_never().is_none()));
    signal.nudge();
    for wait in waits {
        wait.await;
    }
}

/// A wait that was not polled yet is ended, too.
pub async fn a_wait_counts_from_its_call(signal: Arc<dyn Signal>, _: ManualClock) {
    let wait = signal.nudged();
    signal.nudge();
    wait.await;
}

/// A wait that begins after a nudge does not end by it.
pub async fn a_nudge_is_not_kept_for_later(signal: Arc<dyn Signal>, _: ManualClock) {
    signal.nudge();
    assert!(signal.nudged().now_or_never().is_none());
}
