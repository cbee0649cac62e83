//! The columns of a schedule, in `cron_configs` and `cron_config_versions`.

use std::time::Duration;

use jiff::Timestamp;

use super::{column::Instant, fields::Fields, session::Statement};
use crate::{
    Error, Result, Schedule,
    domain::schedule::{CronExpression, DstGap, ScheduleKind, Zone},
};

/// The columns, in the order of [`ScheduleColumns`]'s fields.
macro_rules! schedule_columns {
    () => {
        "cron_expression, timezone, dst_gap, every_seconds, at"
    };
}
pub(super) use schedule_columns;

/// The parts of a schedule; none of them when there is no schedule.
#[derive(Default)]
pub(super) struct ScheduleColumns {
    cron_expression: Option<String>,
    timezone: Option<String>,
    dst_gap: Option<String>,
    every_seconds: Option<i64>,
    at: Option<Timestamp>,
}

impl ScheduleColumns {
    pub(super) fn new(schedule: Option<&Schedule>) -> Self {
        match schedule.map(Schedule::kind) {
            None => Self::default(),
            Some(ScheduleKind::Cron { expression, zone, gap }) => Self {
                cron_expression: Some(expression.to_string()),
                timezone: Some(zone.name().into()),
                dst_gap: Some(gap.to_string()),
                ..Self::default()
            },
            Some(ScheduleKind::Every(interval)) => {
                Self { every_seconds: i64::try_from(interval.as_secs()).ok(), ..Self::default() }
            }
            Some(ScheduleKind::At(instant)) => Self { at: Some(instant), ..Self::default() },
        }
    }

    pub(super) fn read(fields: &mut Fields<'_>) -> sqlx::Result<Self> {
        Ok(Self {
            cron_expression: fields.take()?,
            timezone: fields.take()?,
            dst_gap: fields.take()?,
            every_seconds: fields.take()?,
            at: fields.instant_or_none()?,
        })
    }

    pub(super) fn bind<'q>(&self, query: Statement<'q>) -> Statement<'q> {
        query
            .bind(self.cron_expression.as_deref())
            .bind(self.timezone.as_deref())
            .bind(self.dst_gap.as_deref())
            .bind(self.every_seconds)
            .bind(self.at.map(Instant))
    }

    /// The schedule. Fails when this program or its tz database does not know what was written.
    pub(super) fn schedule(&self) -> Result<Option<Schedule>> {
        let Self { cron_expression, timezone, dst_gap, every_seconds, at } = self;
        Ok(match (cron_expression, timezone, dst_gap, every_seconds, at) {
            (Some(expression), Some(zone), Some(gap), None, None) => {
                let gap: DstGap = gap.parse()?;
                Some(Schedule::from_parts(CronExpression::parse(expression)?, Zone::parse(zone)?, gap))
            }
            (None, None, None, Some(seconds), None) => {
                Some(Schedule::every(Duration::from_secs(seconds.unsigned_abs()))?)
            }
            (None, None, None, None, Some(instant)) => Some(Schedule::at(*instant)),
            (None, None, None, None, None) => None,
            _ => return Err(Error::internal("the columns of a schedule do not fit together")),
        })
    }
}
