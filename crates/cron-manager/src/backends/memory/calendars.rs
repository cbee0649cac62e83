//! Calendars.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;

use crate::{
    Calendar, CalendarFields, CalendarId, CalendarName, CronConfig, Error, ErrorKind, JobName, Result,
    contracts::CalendarQuery, domain::check_known,
};

/// The calendars that there are.
#[derive(Default)]
pub(super) struct Calendars {
    /// As pages are given them.
    all: Arc<[Calendar]>,
    /// The newest id that was given.
    last: CalendarId,
}

impl Calendars {
    pub(super) fn all(&self) -> &Arc<[Calendar]> {
        &self.all
    }

    pub(super) fn get(&self, id: CalendarId) -> Option<&Calendar> {
        self.all.iter().find(|calendar| calendar.id == id)
    }

    pub(super) fn list(&self, query: &CalendarQuery) -> Vec<Calendar> {
        self.all.iter().filter(|calendar| query.matches(calendar)).take(query.limit).cloned().collect()
    }

    pub(super) fn create(&mut self, calendar: Calendar, now: Timestamp) -> Result<Calendar> {
        self.check_free(&calendar.name)?;
        self.last.0 += 1;
        let calendar = Calendar { id: self.last, created_at: now, updated_at: now, ..calendar };
        self.put(self.last, Some(calendar.clone()));
        Ok(calendar)
    }

    /// The calendar before and after the change.
    pub(super) fn change(
        &mut self,
        old: &Calendar,
        fields: &CalendarFields,
        if_version: Option<i64>,
        used_by: &[JobName],
        now: Timestamp,
    ) -> Result<Calendar> {
        let new = fields.change(old, if_version, now)?;
        if new.name != old.name {
            old.check_unused(used_by)?;
            self.check_free(&new.name)?;
        }
        self.put(old.id, Some(new.clone()));
        Ok(new)
    }

    pub(super) fn delete(&mut self, old: &Calendar, if_version: Option<i64>, used_by: &[JobName]) -> Result<()> {
        old.check_version(if_version)?;
        old.check_unused(used_by)?;
        self.put(old.id, None);
        Ok(())
    }

    /// Refuses a config that names calendars which are not there.
    pub(super) fn check(&self, config: &CronConfig) -> Result<()> {
        let is_known = |name: &CalendarName| self.all.iter().any(|calendar| calendar.name == *name);
        if config.deleted_at.is_some() { Ok(()) } else { check_known(&config.policy.calendars, is_known) }
    }

    fn check_free(&self, name: &CalendarName) -> Result<()> {
        if self.all.iter().any(|calendar| calendar.name == *name) {
            return Err(Error::new(ErrorKind::AlreadyExists, format!("a calendar is called {name} already")));
        }
        Ok(())
    }

    fn put(&mut self, id: CalendarId, calendar: Option<Calendar>) {
        let others = self.all.iter().filter(|other| other.id != id).cloned();
        let all: BTreeMap<_, _> = others.chain(calendar).map(|calendar| (calendar.id, calendar)).collect();
        self.all = all.into_values().collect();
    }
}
