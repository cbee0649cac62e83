//! Laws of [`Clock`].

use std::{sync::Arc, time::Duration};

use futures_util::FutureExt;

use super::super::ManualClock;
use crate::contracts::Clock;

/// Makes the tests; the factory returns a clock, which may be the one it is given.
#[macro_export]
macro_rules! clock_laws {
    ($make:path) => {
        $crate::laws!(clock, $make; elapsed_never_falls, a_sleep_that_is_over_ends_at_once, a_sleep_ends_at_or_after_its_instant, there_is_no_longest_sleep, a_sleep_given_up_disturbs_nobody);
    };
}

/// Time goes on, and never back.
pub async fn elapsed_never_falls(clock: Arc<dyn Clock>, _: ManualClock) {
    let mut last = clock.elapsed();
    for _ in 0..10_000 {
        let next = clock.elapsed();
        assert!(next >= last);
        last = next;
    }
}

/// An instant that has passed needs no waiting.
pub async fn a_sleep_that_is_over_ends_at_once(clock: Arc<dyn Clock>, _: ManualClock) {
    clock.sleep_until(Duration::ZERO).await;
    let now = clock.elapsed();
    clock.sleep_until(now).await;
}

/// Not before.
pub async fn a_sleep_ends_at_or_after_its_instant(clock: Arc<dyn Clock>, hand: ManualClock) {
    let until = clock.elapsed() + Duration::from_millis(20);
    let mut sleep = clock.sleep_until(until);
    assert!((&mut sleep).now_or_never().is_none() || clock.elapsed() >= until);
    hand.advance(Duration::from_millis(20));
    sleep.await;
    assert!(clock.elapsed() >= until);
}

/// A sleep of a year, or of more than a timer can count, does not end now (kelektiv/node-cron#40).
pub async fn there_is_no_longest_sleep(clock: Arc<dyn Clock>, _: ManualClock) {
    for until in [clock.elapsed() + Duration::from_secs(366 * 86_400), Duration::MAX] {
        let mut sleep = clock.sleep_until(until);
        for _ in 0..100 {
            assert!((&mut sleep).now_or_never().is_none());
            tokio::task::yield_now().await;
        }
    }
}

/// A sleep that is dropped leaves the others as they are.
pub async fn a_sleep_given_up_disturbs_nobody(clock: Arc<dyn Clock>, hand: ManualClock) {
    let until = clock.elapsed() + Duration::from_millis(5);
    let (mut one, mut other) = (clock.sleep_until(until), clock.sleep_until(until));
    let _ = ((&mut one).now_or_never(), (&mut other).now_or_never());
    drop(one);
    hand.advance(Duration::from_millis(5));
    other.await;
}
