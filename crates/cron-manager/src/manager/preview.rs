//! Preview: what a config would mean, before it is written.

use jiff::Timestamp;

use super::CronManager;
use crate::{
    Calendar, CronConfigFields, Error, Result, Schedule,
    contracts::CalendarQuery,
    domain::{
        Blackouts, check_known,
        schedule::{ScheduleKind, Zone},
    },
};

/// How many walks through blackouts a preview takes, at the most.
const WALKS: usize = 20;

/// What a config would mean.
#[derive(Clone, Debug, PartialEq)]
pub struct Preview {
    /// Its schedule in words.
    pub description: String,
    /// When it is due next, blackouts left out.
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
    /// not checked. Instants in blackouts are left out; none are shown beyond some
    /// twenty thousand changes from blackout to none and back.
    ///
    /// Errors: those of [`CronManager::create_cron_config`] but for that; invalid argument (`count`).
    pub async fn validate(&self, fields: &CronConfigFields, count: usize) -> Result<Preview> {
        if count > Self::PREVIEW_MAX {
            return Err(Error::invalid("count", format!("a preview shows at most {} instants", Self::PREVIEW_MAX)));
        }
        self.check_new(fields)?;
        let now = self.replica.clock().now();
        let config = self.sealed(fields, None)?.create(now)?;
        let names = &config.policy.calendars;
        let calendars =
            if names.is_empty() { Vec::new() } else { self.calendars(&CalendarQuery::named(names)).await? };
        check_known(names, |name| calendars.iter().any(|calendar| calendar.name == *name))?;
        let Some(schedule) = &config.schedule else {
            let description = "No schedule: it runs when it is asked to".into();
            return Ok(Preview { description, next: Vec::new(), zone: Zone::utc(), notes: Vec::new() });
        };
        let zone = match schedule.kind() {
            ScheduleKind::Cron { zone, .. } => zone.clone(),
            ScheduleKind::Every(_) | ScheduleKind::At(_) => Zone::utc(),
        };
        let (description, notes) = (schedule.describe(), schedule.clock_notes(now));
        Ok(Preview { description, next: upcoming(schedule, &calendars, now, count), zone, notes })
    }
}

/// The next ticks that fall into no blackout.
fn upcoming(schedule: &Schedule, calendars: &[Calendar], now: Timestamp, count: usize) -> Vec<Timestamp> {
    let (mut next, mut after) = (Vec::new(), now);
    for _ in 0..WALKS {
        let blackouts = Blackouts::between(calendars.iter(), after, Timestamp::MAX);
        while next.len() < count
            && let Some(tick) = schedule.next_after(after).filter(|tick| *tick <= blackouts.through)
        {
            let end = blackouts.end(tick);
            next.extend(end.is_none().then_some(tick));
            after = end.unwrap_or(tick);
        }
        after = blackouts.through;
        if next.len() == count || after == Timestamp::MAX {
            break;
        }
    }
    next
}
