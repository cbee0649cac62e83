//! Preview: what a config would mean, before it is written.

use std::iter;

use jiff::Timestamp;

use super::CronManager;
use crate::{
    CronConfigFields, Error, Result,
    domain::schedule::{ScheduleKind, Zone},
};

/// What a config would mean.
#[derive(Clone, Debug, PartialEq)]
pub struct Preview {
    /// Its schedule in words.
    pub description: String,
    /// When it is due next.
    pub next: Vec<Timestamp>,
    /// The zone of its schedule, to show these instants in.
    pub zone: Zone,
    /// What changes of the zone's clock do to it within the next year.
    pub notes: Vec<String>,
}

impl CronManager {
    /// How many instants a preview shows at the most.
    pub const PREVIEW_MAX: usize = 1_000;

    /// Checks a new config without writing anything, and tells what it would mean, with the next `count` instants. Whether its name is taken is
    /// not checked.
    ///
    /// Errors: those of [`CronManager::create_cron_config`] but for that; invalid argument (`count`).
    pub fn validate(&self, fields: &CronConfigFields, count: usize) -> Result<Preview> {
        if count > Self::PREVIEW_MAX {
            return Err(Error::invalid("count", format!("a preview shows at most {} instants", Self::PREVIEW_MAX)));
        }
        self.check_new(fields)?;
        let now = self.replica.clock().now();
        let config = self.sealed(fields, None)?.create(now)?;
        let Some(schedule) = &config.schedule else {
            let description = "No schedule: it runs when it is asked to".into();
            return Ok(Preview { description, next: Vec::new(), zone: Zone::utc(), notes: Vec::new() });
        };
        let zone = match schedule.kind() {
            ScheduleKind::Cron { zone, .. } => zone.clone(),
            ScheduleKind::Every(_) | ScheduleKind::At(_) => Zone::utc(),
        };
        let next = iter::successors(schedule.next_after(now), |tick| schedule.next_after(*tick));
        let (description, notes) = (schedule.describe(), schedule.clock_notes(now));
        Ok(Preview { description, next: next.take(count).collect(), zone, notes })
    }
}
