//! Calendars: times in which no job that names them may start.
//!
//! | file | says |
//! |---|---|
//! | here | what a calendar is, and how it is changed |
//! | `blackout` | one of its times, as it is written |
//! | `blackouts` | the times of several calendars, walked through in order |

mod blackout;
mod blackouts;
#[cfg(test)]
mod tests;

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    CalendarId, JobName,
    schedule::{ScheduleError, Zone},
};
use crate::{Error, ErrorKind, Result};

pub use blackout::{Blackout, BlackoutFields};
pub use blackouts::Blackouts;

/// Times in which ticks of the configs that name it are recorded as skipped for [`Blackout`](crate::SkipReason::Blackout).
#[derive(Clone, Debug, PartialEq)]
pub struct Calendar {
    /// Given by the store; 0 before the calendar is stored.
    pub id: CalendarId,
    /// By it configs name the calendar. Unique.
    pub name: CalendarName,
    /// The zone whose local time its blackouts mean.
    pub timezone: Zone,
    /// When nothing may start.
    pub blackouts: Vec<Blackout>,
    /// Rises by one with each change: the etag.
    pub version: i64,
    /// By the store's clock.
    pub created_at: Timestamp,
    /// When it was last changed, by the store's clock.
    pub updated_at: Timestamp,
}

/// The name of a calendar, by the same rule as a job's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CalendarName(JobName);

impl CalendarName {
    /// Checks `text`; the error names the field `name`.
    pub fn new(text: &str) -> Result<Self> {
        JobName::new(text).map(Self)
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for CalendarName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Calendar {
    /// How many blackouts a calendar may have.
    pub const BLACKOUTS_MAX: usize = 500;
    /// How many of them may recur.
    pub const RECURRING_MAX: usize = 50;
    /// How many calendars a config may name.
    pub const PER_CONFIG_MAX: usize = 8;

    /// The calendar as a store kept it: `blackouts` as [`Calendar::blackouts_json`] writes them. Fails when this program or its tz database no
    /// longer understands a part of it.
    pub fn restore(id: CalendarId, name: &str, timezone: &str, blackouts: &str, version: i64) -> Result<Self> {
        let unread = |error: Box<dyn std::error::Error + Send + Sync>| {
            Error::internal(format!("the calendar {name} cannot be read by this program")).with_source(error)
        };
        let blackouts = serde_json::from_str(blackouts).map_err(|error| unread(error.into()))?;
        let fields = CalendarFields { blackouts: Some(blackouts), ..CalendarFields::named(name).timezone(timezone) };
        let calendar = fields.create(Timestamp::UNIX_EPOCH).map_err(|error| unread(error.into()))?;
        Ok(Self { id, version, ..calendar })
    }

    /// Its blackouts as JSON text.
    pub fn blackouts_json(&self) -> String {
        let fields = CalendarFields::from(self);
        serde_json::to_value(fields.blackouts).unwrap_or_default().to_string()
    }

    /// Refuses what would take the calendar's name from configs of these names, which it is in use by.
    ///
    /// Errors: failed precondition.
    pub fn check_unused(&self, by: &[JobName]) -> Result<()> {
        const SHOWN: usize = 10;
        if by.is_empty() {
            return Ok(());
        }
        let shown: Vec<_> = by.iter().take(SHOWN).map(JobName::as_str).collect();
        let more = by.len().checked_sub(SHOWN).filter(|more| *more > 0);
        let more = more.map(|more| format!(" and {more} more")).unwrap_or_default();
        let message = format!(
            "the calendar {} is in use by {}{more}; take it out of their calendars first",
            self.name,
            shown.join(", ")
        );
        Err(Error::new(ErrorKind::FailedPrecondition, message))
    }

    /// Refuses a version that is not the calendar's.
    ///
    /// Errors: conflict.
    pub fn check_version(&self, if_version: Option<i64>) -> Result<()> {
        match if_version {
            Some(version) if version != self.version => {
                let message =
                    format!("the calendar {} is at version {}, not {version}; read it again", self.name, self.version);
                Err(Error::new(ErrorKind::Conflict, message))
            }
            _ => Ok(()),
        }
    }
}

/// The fields of a calendar that a caller sets; what is `None` keeps its value, or its default in a new calendar. On the wire the names are
/// in lowerCamelCase.
///
/// ```
/// use cron_manager::{BlackoutFields, CalendarFields};
///
/// let fields = CalendarFields::named("holidays")
///     .timezone("Europe/Berlin")
///     .blackouts([BlackoutFields::once("2026-12-24T18:00", "2026-12-27")]);
/// assert_eq!(fields.timezone.as_deref(), Some("Europe/Berlin"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct CalendarFields {
    /// See [`Calendar::name`].
    pub name: Option<String>,
    /// The IANA zone; `UTC` by default. Empty: the default.
    pub timezone: Option<String>,
    /// All of its blackouts.
    pub blackouts: Option<Vec<BlackoutFields>>,
}

impl CalendarFields {
    /// The fields of a calendar called `name`.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: Some(name.into()), ..Self::default() }
    }

    /// In this zone.
    #[must_use]
    pub fn timezone(self, zone: impl Into<String>) -> Self {
        Self { timezone: Some(zone.into()), ..self }
    }

    /// With these blackouts, and no others.
    #[must_use]
    pub fn blackouts(self, blackouts: impl IntoIterator<Item = BlackoutFields>) -> Self {
        Self { blackouts: Some(blackouts.into_iter().collect()), ..self }
    }

    /// The new calendar that these fields make at `now`.
    ///
    /// Errors: invalid argument, which names the field.
    pub fn create(&self, now: Timestamp) -> Result<Calendar> {
        let name = self.name.as_deref().ok_or_else(|| Error::invalid("name", "a calendar needs a name"))?;
        self.apply(Calendar {
            id: CalendarId(0),
            name: CalendarName::new(name)?,
            timezone: Zone::utc(),
            blackouts: Vec::new(),
            version: 1,
            created_at: now,
            updated_at: now,
        })
    }

    /// `calendar` as it is after the change at `now`: the next version, or the same when nothing changes. With `if_version`, only if that
    /// is still the version.
    ///
    /// Errors: invalid argument, which names the field; conflict.
    pub fn change(&self, calendar: &Calendar, if_version: Option<i64>, now: Timestamp) -> Result<Calendar> {
        calendar.check_version(if_version)?;
        let changed = self.apply(calendar.clone())?;
        let is_same = changed == *calendar;
        let next = Calendar { version: calendar.version + 1, updated_at: now, ..changed };
        Ok(if is_same { calendar.clone() } else { next })
    }

    fn apply(&self, calendar: Calendar) -> Result<Calendar> {
        let timezone = match self.timezone.as_deref() {
            None => calendar.timezone,
            Some("") => Zone::utc(),
            Some(zone) => Zone::parse(zone)?,
        };
        let blackouts = match &self.blackouts {
            None => calendar.blackouts,
            Some(given) => parse_all(given)?,
        };
        for (at, blackout) in blackouts.iter().enumerate() {
            blackout.check(at, &timezone)?;
        }
        let name = self.name.as_deref().map_or(Ok(calendar.name), CalendarName::new)?;
        Ok(Calendar { name, timezone, blackouts, ..calendar })
    }
}

/// The fields that make such a calendar.
impl From<&Calendar> for CalendarFields {
    fn from(calendar: &Calendar) -> Self {
        Self::named(calendar.name.as_str())
            .timezone(calendar.timezone.name())
            .blackouts(calendar.blackouts.iter().map(BlackoutFields::from))
    }
}

fn parse_all(given: &[BlackoutFields]) -> Result<Vec<Blackout>> {
    let too_many = |what: &str, most: usize, has: usize| {
        Err(Error::invalid(
            "blackouts",
            format!("a calendar has at most {most} {what}, this has {has}; use several calendars"),
        ))
    };
    if given.len() > Calendar::BLACKOUTS_MAX {
        return too_many("blackouts", Calendar::BLACKOUTS_MAX, given.len());
    }
    let blackouts: Vec<_> =
        given.iter().enumerate().map(|(at, given)| Blackout::parse(at, given)).collect::<Result<_>>()?;
    let recurring = blackouts.iter().filter(|blackout| matches!(blackout, Blackout::Recurring { .. })).count();
    match recurring {
        0..=Calendar::RECURRING_MAX => Ok(blackouts),
        more => too_many("blackouts that recur", Calendar::RECURRING_MAX, more),
    }
}

/// The names of calendars as a config lists them.
///
/// Errors: invalid argument (`calendars`, `calendars[1]`).
pub(super) fn parse_names(given: &[String]) -> Result<Vec<CalendarName>> {
    if given.len() > Calendar::PER_CONFIG_MAX {
        let message =
            format!("a config names at most {} calendars, this names {}", Calendar::PER_CONFIG_MAX, given.len());
        return Err(Error::invalid("calendars", message));
    }
    let mut names: Vec<CalendarName> = Vec::with_capacity(given.len());
    for (at, name) in given.iter().enumerate() {
        let wrong = |message: &str| Error::invalid(format!("calendars[{at}]"), message);
        let name = CalendarName::new(name).map_err(|error| wrong(error.message()))?;
        if names.contains(&name) {
            return Err(wrong(&format!("{name} is named twice; once is enough")));
        }
        names.push(name);
    }
    Ok(names)
}

/// Refuses names of calendars that are not there.
///
/// Errors: invalid argument (`calendars[0]`).
pub fn check_known(names: &[CalendarName], is_known: impl Fn(&CalendarName) -> bool) -> Result<()> {
    match names.iter().position(|name| !is_known(name)) {
        None => Ok(()),
        Some(at) => {
            let message = format!("there is no calendar {}; create it first", names[at]);
            Err(Error::invalid(format!("calendars[{at}]"), message))
        }
    }
}

/// What a schedule's rules say of the blackout at that place.
fn wrong(at: usize, error: ScheduleError) -> Error {
    let field = format!("blackouts[{at}].{}", error.field());
    Error::from(error).on_field(field)
}
