//! Laws of [`Signal`].

use std::sync::Arc;

use futures_util::FutureExt;

use super::super::ManualClock;
use crate::contracts::Signal;

/// Makes the tests; the factory returns two ends of one line, which stands.
#[macro_export]
macro_rules! signal_laws {
    ($make:path) => {
        $crate::laws!(
            signal, $make;
            a_nudge_ends_every_wait_that_began_before,
            a_wait_counts_from_its_call,
            a_nudge_is_not_kept_for_later,
            a_nudge_at_one_end_ends_a_wait_at_the_other,
        );
    };
}

type Ends = (Arc<dyn Signal>, Arc<dyn Signal>);

/// All who wait are woken.
pub async fn a_nudge_ends_every_wait_that_began_before((signal, _): Ends, _: ManualClock) {
    let mut waits = [signal.nudged(), signal.nudged(), signal.nudged()];
    assert!(waits.iter_mut().all(|wait| wait.now_or_never().is_none()));
    signal.nudge();
    for wait in waits {
        wait.await;
    }
}

/// A wait that was not polled yet is ended, too.
pub async fn a_wait_counts_from_its_call((signal, _): Ends, _: ManualClock) {
    let wait = signal.nudged();
    signal.nudge();
    wait.await;
}

/// A wait that begins after a nudge does not end by it.
pub async fn a_nudge_is_not_kept_for_later((signal, _): Ends, _: ManualClock) {
    signal.nudge();
    assert!(signal.nudged().now_or_never().is_none());
}

/// In both directions, and not once only.
pub async fn a_nudge_at_one_end_ends_a_wait_at_the_other((one, other): Ends, _: ManualClock) {
    assert!(one.is_live() && other.is_live());
    for _ in 0..3 {
        let wait = other.nudged();
        one.nudge();
        wait.await;
        let wait = one.nudged();
        other.nudge();
        wait.await;
    }
}
