//! The columns of a schedule, in `cron_configs` and `cron_config_versions`.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::column;
use crate::{
    Error, Result, Schedule,
    domain::schedule::{CronExpression, DstGap, ScheduleKind, Zone},
};

/// The columns, under the names of [`ScheduleColumns`]'s fields.
pub(super) const COLUMNS: [&str; 5] = ["cron_expression", "timezone", "dst_gap", "every_seconds", "at"];

/// The parts of a schedule; none of them when there is no schedule.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct ScheduleColumns {
    cron_expression: Option<String>,
    timezone: Option<String>,
    dst_gap: Option<DstGap>,
    every_seconds: Option<u64>,
    #[serde(with = "column")]
    at: Option<Timestamp>,
}

impl ScheduleColumns {
    pub(super) fn new(schedule: Option<&Schedule>) -> Self {
        match schedule.map(Schedule::kind) {
            None => Self::default(),
            Some(ScheduleKind::Cron { expression, zone, gap }) => Self {
                cron_expression: Some(expression.to_string()),
                timezone: Some(zone.name().into()),
                dst_gap: Some(gap),
                ..Self::default()
            },
            Some(ScheduleKind::Every(interval)) => Self { every_seconds: Some(interval.as_secs()), ..Self::default() },
            Some(ScheduleKind::At(instant)) => Self { at: Some(instant), ..Self::default() },
        }
    }

    /// The schedule. Fails when this program or its tz database no longer knows what was written.
    pub(super) fn schedule(&self) -> Result<Option<Schedule>> {
        Ok(match (&self.cron_expression, &self.timezone, self.dst_gap, self.every_seconds, self.at) {
            (Some(expression), Some(zone), Some(gap), None, None) => {
                Some(Schedule::from_parts(CronExpression::parse(expression)?, Zone::parse(zone)?, gap))
            }
            (None, None, None, Some(seconds), None) => Some(Schedule::every(Duration::from_secs(seconds))?),
            (None, None, None, None, Some(instant)) => Some(Schedule::at(instant)),
            (None, None, None, None, None) => None,
            _ => return Err(Error::internal("the columns of a schedule do not fit together")),
        })
    }
}
