//! One of a calendar's times, as it is written.

use std::time::Duration;

use jiff::{Timestamp, civil::DateTime};
use serde::{Deserialize, Serialize};

use super::wrong;
use crate::{
    Error, Result,
    domain::{
        cron_config::duration,
        schedule::{CronExpression, DstGap, Schedule, Zone},
    },
};

/// A time in which nothing may start.
#[derive(Clone, Debug, PartialEq)]
pub enum Blackout {
    /// Once: from a local time to before another one. Of a time that the zone's clock shows twice, it begins at the first instant and ends at
    /// the second; one that the clock skips is the instant of the jump.
    Once {
        /// The first second of it.
        from: DateTime,
        /// The first second after it.
        to: DateTime,
    },
    /// Each match of an expression begins one, which then lasts for so much real time. Of times that the zone's clock skips or shows twice
    /// goes what is true of a schedule.
    Recurring {
        /// When it begins.
        expression: CronExpression,
        /// For how long it lasts.
        duration: Duration,
    },
}

/// What a caller says of a blackout: `from` and `to`, or `cronExpression` and `duration`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct BlackoutFields {
    /// Its beginning, in local time: `2026-12-24`, or `2026-12-24T18:00`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The first instant after it, in local time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// When it begins, over and over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cron_expression: Option<String>,
    /// For how long it lasts each time: whole seconds, from 1 minute to 31 days.
    #[serde(with = "duration", skip_serializing_if = "Option::is_none")]
    pub duration: Option<Duration>,
}

impl BlackoutFields {
    /// From a local time to before another one.
    pub fn once(from: impl Into<String>, to: impl Into<String>) -> Self {
        Self { from: Some(from.into()), to: Some(to.into()), ..Self::default() }
    }

    /// Each match of the expression begins one of that length.
    pub fn recurring(expression: impl Into<String>, duration: Duration) -> Self {
        Self { cron_expression: Some(expression.into()), duration: Some(duration), ..Self::default() }
    }
}

impl From<&Blackout> for BlackoutFields {
    fn from(blackout: &Blackout) -> Self {
        match blackout {
            Blackout::Once { from, to } => Self::once(from.to_string(), to.to_string()),
            Blackout::Recurring { expression, duration } => Self::recurring(expression.to_string(), *duration),
        }
    }
}

const SHORTEST: Duration = Duration::from_secs(60);
const LONGEST: Duration = Duration::from_secs(31 * 86_400);

impl Blackout {
    /// The blackout at that place in a list, by what is said of it.
    ///
    /// Errors: invalid argument (`blackouts[3].to`).
    pub(super) fn parse(at: usize, given: &BlackoutFields) -> Result<Self> {
        let missing = |field: &str, mend: &str| Error::invalid(format!("blackouts[{at}].{field}"), mend.to_owned());
        match (&given.from, &given.to, &given.cron_expression, given.duration) {
            (Some(from), Some(to), None, None) => {
                Ok(Self::Once { from: local(at, "from", from)?, to: local(at, "to", to)? })
            }
            (None, None, Some(expression), Some(duration)) => {
                let expression = CronExpression::parse(expression).map_err(|error| wrong(at, error))?;
                Ok(Self::Recurring { expression, duration })
            }
            (Some(_), None, None, None) => Err(missing("to", "is missing; say before which local time it ends")),
            (None, Some(_), None, None) => Err(missing("from", "is missing; say at which local time it begins")),
            (None, None, Some(_), None) => {
                Err(missing("duration", "is missing; say for how long it lasts each time, such as \"86400s\""))
            }
            (None, None, None, Some(_)) => {
                Err(missing("cronExpression", "is missing; say when it begins, such as \"0 0 * * SAT\""))
            }
            _ => {
                let message = "give either from and to, or cronExpression and duration";
                Err(Error::invalid(format!("blackouts[{at}]"), message))
            }
        }
    }

    /// What is wrong with the blackout at that place in a zone.
    ///
    /// Errors: invalid argument (`blackouts[3].to`).
    pub(super) fn check(&self, at: usize, zone: &Zone) -> Result<()> {
        let refused =
            |field: &str, message: &str| Err(Error::invalid(format!("blackouts[{at}].{field}"), message.to_owned()));
        match self {
            Self::Once { from, to } => match (zone.instants(*from), zone.instants(*to)) {
                (None, _) => refused("from", "lies outside of the years 1 to 9999"),
                (_, None) => refused("to", "lies outside of the years 1 to 9999"),
                (Some((from, _)), Some((_, to))) if to <= from => refused("to", "must be later than from"),
                _ => Ok(()),
            },
            Self::Recurring { duration, .. } if duration.subsec_nanos() > 0 => refused("duration", "has whole seconds"),
            Self::Recurring { duration, .. } if !(SHORTEST..=LONGEST).contains(duration) => {
                refused("duration", "is from 1 minute to 31 days")
            }
            Self::Recurring { expression, .. } => {
                let schedule = Schedule::cron(&expression.to_string(), zone.name(), DstGap::RunAfter);
                schedule.map(drop).map_err(|error| wrong(at, error))
            }
        }
    }

    /// The first instant of one that is not recurring, and the first after it.
    pub(super) fn once(&self, zone: &Zone) -> Option<(Timestamp, Timestamp)> {
        match self {
            Self::Once { from, to } => Some((zone.instants(*from)?.0, zone.instants(*to)?.1)),
            Self::Recurring { .. } => None,
        }
    }
}

/// A local time as text: a date, or a date and a time of day in whole seconds.
fn local(at: usize, field: &str, text: &str) -> Result<DateTime> {
    let is_plain = text.chars().all(|c| c.is_ascii_digit() || matches!(c, '-' | ':' | 'T'));
    let parsed = text.parse().ok().filter(|_| is_plain);
    parsed.ok_or_else(|| {
        let message =
            format!("{text:?} is no local time; write one such as 2026-12-24 or 2026-12-24T18:00, without a zone");
        Error::invalid(format!("blackouts[{at}].{field}"), message)
    })
}
