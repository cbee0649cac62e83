//! The store of the simulated world, under the eyes of the judge.

use cron_manager::{
    Author, Calendar, CalendarFields, CalendarId, Control, ControlFields, CronConfig, Result, RunId,
    backends::memory::MemoryStore,
    contracts::{Busy, Decide, Finish, Pages, Store, StoreLayer},
    domain::ledger::Page,
};

use crate::judge::Judge;

/// The store, with the judge looking at each row it writes.
pub(crate) struct JudgedStore {
    pub(crate) store: MemoryStore,
    pub(crate) judge: Judge,
}

impl StoreLayer for JudgedStore {
    type Inner = MemoryStore;

    fn inner(&self) -> &MemoryStore {
        &self.store
    }

    async fn create(&self, config: CronConfig, by: &Author) -> Result<CronConfig> {
        let created = self.store.create(config, by).await?;
        self.judge.seen.lock().calendars.config(&created);
        Ok(created)
    }

    async fn transact(&self, pages: Pages<'_>, busy: Busy, decide: Decide<'_>) -> Result<Vec<Page>> {
        let pages = self.store.transact(pages, busy, decide).await?;
        let mut seen = self.judge.seen.lock();
        pages.iter().for_each(|page| seen.page(page));
        Ok(pages)
    }

    async fn finish(&self, finishes: &[Finish]) -> Result<Vec<RunId>> {
        let moved = self.store.finish(finishes).await?;
        for id in &moved {
            if let Some(run) = self.store.run(*id).await? {
                self.judge.seen.lock().row(&run);
            }
        }
        Ok(moved)
    }

    async fn update_control(&self, fields: &ControlFields, if_version: Option<i64>, by: &Author) -> Result<Control> {
        let control = self.store.update_control(fields, if_version, by).await?;
        self.judge.seen.lock().switches.control(&control);
        Ok(control)
    }

    async fn create_calendar(&self, calendar: Calendar, by: &Author) -> Result<Calendar> {
        let created = self.store.create_calendar(calendar, by).await?;
        self.judge.seen.lock().calendars.changed(&created);
        Ok(created)
    }

    async fn update_calendar(
        &self,
        id: CalendarId,
        fields: &CalendarFields,
        if_version: Option<i64>,
        by: &Author,
    ) -> Result<Option<Calendar>> {
        let changed = self.store.update_calendar(id, fields, if_version, by).await?;
        changed.iter().for_each(|calendar| self.judge.seen.lock().calendars.changed(calendar));
        Ok(changed)
    }
}
