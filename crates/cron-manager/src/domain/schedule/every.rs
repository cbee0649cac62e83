//! A fixed interval.

use std::time::Duration;

use super::ScheduleError;

/// The longest interval: 366 days.
const LONGEST: u64 = 366 * 86_400;

/// An interval in seconds; its ticks are its multiples since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Every(i64);

impl Every {
    pub(super) fn new(interval: Duration) -> Result<Every, ScheduleError> {
        let error = |message: &str| Err(ScheduleError::new("every", message));
        match (interval.as_secs(), interval.subsec_nanos()) {
            (_, 1..) => error("an interval has whole seconds"),
            (seconds @ 1..=LONGEST, _) => Ok(Every(seconds as i64)),
            _ => error("an interval is from 1 second to 366 days"),
        }
    }

    pub(super) fn interval(self) -> Duration {
        Duration::from_secs(self.0.unsigned_abs())
    }

    pub(super) fn next_after(self, after: i64) -> i64 {
        (after.div_euclid(self.0) + 1) * self.0
    }

    pub(super) fn count(self, after: i64, through: i64) -> u64 {
        (through.div_euclid(self.0) - after.div_euclid(self.0)).unsigned_abs()
    }
}
