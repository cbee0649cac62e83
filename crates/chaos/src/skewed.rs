//! A wall clock that is wrong.

use std::time::Duration;

use cron_manager::{
    backends::system::SystemClock,
    contracts::{BoxFuture, Clock},
};
use jiff::{SignedDuration, Timestamp};

/// This machine's clocks, the wall clock off by a constant.
pub(crate) struct SkewedClock(pub(crate) SignedDuration);

impl Clock for SkewedClock {
    fn now(&self) -> Timestamp {
        SystemClock.now() + self.0
    }

    fn elapsed(&self) -> Duration {
        SystemClock.elapsed()
    }

    fn sleep_until(&self, until: Duration) -> BoxFuture<()> {
        SystemClock.sleep_until(until)
    }
}
