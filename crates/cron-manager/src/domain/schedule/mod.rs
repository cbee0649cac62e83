//! When a job is due.
//!
//! A [`Schedule`] is one of three: a [cron expression](CronExpression) in a [`Zone`], an interval,
//! or one instant. It is a pure function of time: it holds no state, reads no clock, and gives
//! whole seconds. "Next" is always *strictly after*.
//!
//! # Changes of the clock
//! As in Vixie cron, an expression whose minute or hour starts with `*` follows real time: it runs
//! in both passes of a repeated hour and makes up for nothing. All others have *fixed times*: one
//! that the clock skips runs right after the jump (see [`DstGap`]), and one that the clock shows
//! twice runs the first time only.

mod changes;
mod civil;
mod cron;
mod days;
mod describe;
mod error;
mod every;
mod field;
mod gap;
pub mod named;
mod next;
mod parse;
mod time;
mod zone;

use std::time::Duration;

use jiff::Timestamp;

use every::Every;
use next::Cron;

pub use cron::CronExpression;
pub use error::ScheduleError;
pub use gap::DstGap;
pub use zone::{Zone, tz_database_version};

/// When a job is due, ready to be asked.
///
/// ```
/// use cron_manager::domain::schedule::{DstGap, Schedule};
///
/// let schedule = Schedule::cron("30 2 * * *", "America/New_York", DstGap::RunAfter)?;
/// // On 9 March 2025 the clock jumps from 02:00 to 03:00.
/// let next = schedule.next_after("2025-03-09T00:00:00-05:00".parse()?).unwrap();
/// assert_eq!(next, "2025-03-09T03:00:00-04:00".parse()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule(Compiled);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Compiled {
    Cron(Cron),
    Every(Every),
    /// A whole second.
    At(Timestamp),
}

/// The parts of a [`Schedule`], to be shown or stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScheduleKind<'a> {
    /// A cron expression in a zone.
    Cron {
        /// The expression.
        expression: &'a CronExpression,
        /// The zone whose local time it means.
        zone: &'a Zone,
        /// What becomes of fixed times that the clock skips.
        gap: DstGap,
    },
    /// An interval in whole seconds, with ticks at its multiples since the Unix epoch.
    Every(Duration),
    /// One instant, a whole second.
    At(Timestamp),
}

impl Schedule {
    /// A schedule from what a user wrote. Strict: it must be able to run.
    ///
    /// # Errors
    /// When the expression does not parse, can never match or is `@reboot`
    /// (`cronExpression`), or when there is no such zone (`timezone`).
    pub fn cron(expression: &str, timezone: &str, gap: DstGap) -> Result<Schedule, ScheduleError> {
        let parsed = CronExpression::parse(expression)?;
        if !parsed.can_match() {
            let message = if parsed.to_string().starts_with('@') {
                "@reboot names no time; a schedule needs one"
            } else {
                "no date ever matches this expression"
            };
            return Err(ScheduleError::at(expression, 0..expression.len(), message.to_owned()));
        }
        Ok(Schedule::from_parts(parsed, Zone::parse(timezone)?, gap))
    }

    /// A schedule from parts that were parsed before; one that cannot match has no ticks.
    pub fn from_parts(expression: CronExpression, zone: Zone, gap: DstGap) -> Schedule {
        Schedule(Compiled::Cron(Cron { expression, zone, gap }))
    }

    /// Ticks at the multiples of an interval since the Unix epoch, in UTC.
    ///
    /// # Errors
    /// When the interval is not a whole number of seconds from 1 second to 366 days (`every`).
    pub fn every(interval: Duration) -> Result<Schedule, ScheduleError> {
        Every::new(interval).map(|every| Schedule(Compiled::Every(every)))
    }

    /// One tick, at an instant truncated to its whole second.
    pub fn at(instant: Timestamp) -> Schedule {
        Schedule(Compiled::At(self::instant(whole_second(instant)).unwrap_or(instant)))
    }

    /// The first tick strictly after an instant; `None` when there are no more.
    pub fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        instant(self.next_second(whole_second(after))?)
    }

    /// The ticks in `(after, through]`, in order.
    pub fn ticks(&self, after: Timestamp, through: Timestamp) -> impl Iterator<Item = Timestamp> {
        let through = whole_second(through);
        let within = move |after: i64| self.next_second(after).filter(|tick| *tick <= through);
        std::iter::successors(within(whole_second(after)), move |tick| within(*tick)).filter_map(instant)
    }

    /// How many ticks lie in `(after, through]`, without visiting them.
    pub fn count(&self, after: Timestamp, through: Timestamp) -> u64 {
        let (after, through) = (whole_second(after), whole_second(through));
        match &self.0 {
            _ if through <= after => 0,
            Compiled::Cron(cron) => cron.count(after, through),
            Compiled::Every(every) => every.count(after, through),
            Compiled::At(at) => u64::from((after + 1..=through).contains(&at.as_second())),
        }
    }

    /// The last tick in `(after, through]`, found by bisection.
    pub fn latest(&self, after: Timestamp, through: Timestamp) -> Option<Timestamp> {
        let mut through = whole_second(through);
        let within = |after: i64, through| self.next_second(after).filter(|tick| *tick <= through);
        let mut latest = within(whole_second(after), through)?;
        while latest < through {
            let middle = latest + (through - latest) / 2;
            match within(middle, through) {
                Some(tick) => latest = tick,
                None => through = middle,
            }
        }
        instant(latest)
    }

    /// The schedule in plain English.
    ///
    /// ```
    /// use cron_manager::domain::schedule::{DstGap, Schedule};
    ///
    /// let schedule = Schedule::cron("30 2 * * *", "America/New_York", DstGap::Skip)?;
    /// assert_eq!(schedule.describe(), "At 02:30 every day, New York time (America/New_York)");
    /// # Ok::<(), cron_manager::domain::schedule::ScheduleError>(())
    /// ```
    pub fn describe(&self) -> String {
        describe::schedule(self.kind())
    }

    /// What changes of its zone's clock do to it within a bit more than a year after `now`, a sentence each.
    pub fn clock_notes(&self, now: Timestamp) -> Vec<String> {
        changes::notes(self.kind(), now)
    }

    /// The parts of the schedule.
    pub fn kind(&self) -> ScheduleKind<'_> {
        match &self.0 {
            Compiled::Cron(Cron { expression, zone, gap }) => ScheduleKind::Cron { expression, zone, gap: *gap },
            Compiled::Every(every) => ScheduleKind::Every(every.interval()),
            Compiled::At(at) => ScheduleKind::At(*at),
        }
    }

    fn next_second(&self, after: i64) -> Option<i64> {
        match &self.0 {
            Compiled::Cron(cron) => cron.next_after(after),
            Compiled::Every(every) => Some(every.next_after(after)),
            Compiled::At(at) => Some(at.as_second()).filter(|at| *at > after),
        }
    }
}

/// The whole second at or before an instant.
fn whole_second(instant: Timestamp) -> i64 {
    // Before 1970 jiff truncates toward the epoch, with a negative fraction.
    instant.as_second() - i64::from(instant.subsec_nanosecond() < 0)
}

fn instant(second: i64) -> Option<Timestamp> {
    Timestamp::from_second(second).ok()
}
