//! A cron expression.

use std::fmt;
use std::str::FromStr;

use super::ScheduleError;
use super::civil::DAY;
use super::describe;
use super::parse::{LONGEST, Meaning, parse};

/// A parsed cron expression: when in local time, without a zone.
///
/// Five fields (minute, hour, day of month, month, weekday), six (second first) or seven
/// (year last), or a name such as `@daily`. The rules are those of crontab(5) with the additions
/// of Quartz (`L`, `W`, `#`, `?`, `a/n`, years 1970–2099) and a leading `+` in a day field for
/// *both* day fields:
///
/// | field | values | also |
/// |---|---|---|
/// | second, minute | 0–59 | `*` `a-b` `*/n` `a-b/n` `a/n` and lists |
/// | hour | 0–23 | |
/// | day of month | 1–31 | `?` `L` `LW` `15W` `+` |
/// | month | 1–12, JAN–DEC | |
/// | weekday | 0–7, SUN–SAT (0 and 7 are Sunday) | `?` `5L` `FRI#2` `FRI#L` `+` |
/// | year | 1970–2099 | |
///
/// When both day fields are restricted a day in *either* is due, unless one has the prefix `+`.
/// A field is unrestricted when it is exactly `*` or `?`.
///
/// ```
/// use cron_manager::domain::schedule::CronExpression;
///
/// let expression: CronExpression = " 30  9 * * MON-FRI".parse()?;
/// assert_eq!(expression.to_string(), "30 9 * * MON-FRI");
/// assert_eq!(expression.describe(), "At 09:30, Monday through Friday");
/// assert!(!CronExpression::parse("0 0 30 2 *")?.can_match());
/// # Ok::<(), cron_manager::domain::schedule::ScheduleError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct CronExpression {
    text: Box<str>,
    /// `None` when it can never match.
    meaning: Option<Meaning>,
    every_day: bool,
}

impl CronExpression {
    /// Parses an expression in time and memory proportional to its length.
    ///
    /// What parses may still never match: see [`can_match`](CronExpression::can_match).
    ///
    /// # Errors
    /// When the text is no expression of the dialect, is longer than 512 bytes, or holds a line
    /// break, another control character or anything outside ASCII. The error carries the place.
    pub fn parse(text: &str) -> Result<CronExpression, ScheduleError> {
        if text.len() > LONGEST {
            let message = format!("longer than {LONGEST} bytes");
            return Err(ScheduleError::new("cronExpression", message));
        }
        let meaning = parse(text)
            .map_err(|fault| ScheduleError::at(text, fault.range, fault.message))?
            .filter(|meaning| meaning.days.any());
        let every_day = meaning.as_ref().is_some_and(|meaning| meaning.days.is_every_day());
        Ok(CronExpression { text: normalise(text), meaning, every_day })
    }

    /// Whether there is any instant at which it is due: not so for `0 0 30 2 *`, for a day that
    /// the named years lack, and for `@reboot`, which names no time.
    ///
    /// Whether years that are over remain is a question of the time: ask
    /// [`Schedule::next_after`](super::Schedule::next_after).
    pub fn can_match(&self) -> bool {
        self.meaning.is_some()
    }

    /// The expression in plain English, e.g. `At 02:30 every day`.
    pub fn describe(&self) -> String {
        self.meaning.as_ref().map_or_else(|| "Never".to_owned(), describe::expression)
    }

    /// Whether minute or hour start with `*`, so that it follows real time through a change of
    /// the clock.
    pub(super) fn follows_real_time(&self) -> bool {
        self.meaning.as_ref().is_some_and(|meaning| meaning.follows_real_time)
    }

    /// The first due local second at or after a local second.
    pub(super) fn at_or_after(&self, local: i64) -> Option<i64> {
        let Meaning { times, days, .. } = self.meaning.as_ref()?;
        let find = |day| {
            if self.every_day { Some(day) } else { days.at_or_after(day) }
        };
        let today = local.div_euclid(DAY);
        let mut day = find(today)?;
        let start = if day == today { local.rem_euclid(DAY) as u32 } else { 0 };
        let second = match times.at_or_after(start) {
            Some(second) => second,
            None => {
                day = find(day + 1)?;
                times.at_or_after(0)?
            }
        };
        Some(day * DAY + i64::from(second))
    }

    /// How many due local seconds lie in `from..end`.
    pub(super) fn count(&self, from: i64, end: i64) -> u64 {
        let Some(Meaning { times, days, .. }) = self.meaning.as_ref().filter(|_| from < end) else {
            return 0;
        };
        let before = |local: i64| {
            let day = local.div_euclid(DAY);
            let today = days.at_or_after(day) == Some(day);
            let due = if today { times.before(local.rem_euclid(DAY) as u32) } else { 0 };
            (day, due)
        };
        let ((first, early), (last, late)) = (before(from), before(end));
        days.count(first, last) * times.per_day() + late - early
    }
}

/// Single spaces between the fields, none around them.
fn normalise(text: &str) -> Box<str> {
    let mut plain = String::with_capacity(text.len());
    for field in text.split_ascii_whitespace() {
        if !plain.is_empty() {
            plain.push(' ');
        }
        plain.push_str(field);
    }
    plain.into()
}

impl FromStr for CronExpression {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<CronExpression, ScheduleError> {
        CronExpression::parse(text)
    }
}

impl fmt::Display for CronExpression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for CronExpression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CronExpression").field(&self.text).finish()
    }
}
