//! Preview: what a config would mean, before it is written.

use jiff::Timestamp;
use parking_lot::Mutex;

use super::CronManager;
use crate::{
    Calendar, CronConfig, CronConfigFields, CronConfigId, Error, Result, Schedule,
    contracts::{Busy, CalendarQuery, Decide, Pages},
    domain::{
        Blackouts, check_known,
        ledger::Page,
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
        let calendars = self.calendars_of(&config).await?;
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

    /// What [`CronManager::create_cron_config`] would create, with the same checks; nothing is written. Its id and its times, which the store
    /// gives, are 0. Of a request id it is checked whether it is one, not whether it was used before.
    ///
    /// Errors: those of [`CronManager::create_cron_config_once`].
    pub async fn would_create_cron_config(
        &self,
        fields: &CronConfigFields,
        request_id: Option<&str>,
    ) -> Result<CronConfig> {
        self.check_new(fields)?;
        self.request(request_id)?;
        let config = self.new_config(fields)?;
        self.check_name(&config).await?;
        self.calendars_of(&config).await?;
        Ok(config)
    }

    /// What [`CronManager::update_cron_config`] would make of a config, with the same checks; nothing is written.
    ///
    /// Errors: those of [`CronManager::update_cron_config`].
    pub async fn would_update_cron_config(
        &self,
        id: CronConfigId,
        fields: &CronConfigFields,
        if_version: Option<i64>,
    ) -> Result<CronConfig> {
        let config = self.rehearse(id, &self.edit(fields, if_version)).await?;
        self.check_name(&config).await?;
        self.calendars_of(&config).await?;
        Ok(config)
    }

    /// What [`CronManager::delete_cron_config`] would make of a config, with the same checks; nothing is written.
    ///
    /// Errors: those of [`CronManager::delete_cron_config`].
    pub async fn would_delete_cron_config(&self, id: CronConfigId, if_version: Option<i64>) -> Result<CronConfig> {
        self.rehearse(id, &self.deletion(if_version)).await
    }

    /// Decides on the pages of a config as they are locked, and has all of it taken back: what the config would be.
    async fn rehearse(&self, id: CronConfigId, decide: Decide<'_>) -> Result<CronConfig> {
        let decided = Mutex::new(None);
        let rehearsed = |pages: &mut [Page]| {
            decided.lock().take();
            decide(pages)?;
            *decided.lock() = pages.first().map(|page| page.config().clone());
            Err(not_found(id))
        };
        let ended = self.replica.store().transact(Pages::AllOf(&[id]), Busy::Wait, &rehearsed).await;
        decided.into_inner().ok_or_else(|| ended.err().unwrap_or_else(|| not_found(id)))
    }

    /// The calendars that a config names.
    async fn calendars_of(&self, config: &CronConfig) -> Result<Vec<Calendar>> {
        let names = &config.policy.calendars;
        let calendars =
            if names.is_empty() { Vec::new() } else { self.calendars(&CalendarQuery::named(names)).await? };
        check_known(names, |name| calendars.iter().any(|calendar| calendar.name == *name))?;
        Ok(calendars)
    }

    /// Whether the name is free, or the config's own, as far as this can be said without taking it.
    async fn check_name(&self, config: &CronConfig) -> Result<()> {
        match self.replica.store().config_named(&config.name).await? {
            Some(owner) if owner.id != config.id => {
                Err(Error::name_taken(owner.name.as_str(), owner.deleted_at.is_some()))
            }
            _ => Ok(()),
        }
    }
}

fn not_found(id: CronConfigId) -> Error {
    Error::not_found(format!("config {id}"))
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
