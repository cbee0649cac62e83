//! Control: switch all jobs, or one, while the service runs.

use tokio::sync::watch;

use super::CronManager;
use crate::{
    Control, ControlFields, CronConfig, CronConfigFields, CronConfigId, PauseFields, Result,
    contracts::{Busy, ConfigQuery, Pages},
    domain::ledger::Page,
    scheduler,
};

impl CronManager {
    /// The control record of the service.
    pub async fn control(&self) -> Result<Control> {
        self.replica.store().control().await
    }

    /// Changes the control record, for all replicas. While jobs are switched off, nothing starts: each tick in that time is recorded as skipped,
    /// runs that wait go on waiting until their start deadline, and what runs goes on. With `if_version`, only if that is still the
    /// version.
    ///
    /// Errors: invalid argument (`logLevel`), conflict.
    pub async fn update_control(&self, fields: &ControlFields, if_version: Option<i64>) -> Result<Control> {
        let control = self.replica.store().update_control(fields, if_version, &self.author).await?;
        self.replica.learn_control(&control);
        self.replica.nudge();
        Ok(control)
    }

    /// The control record as this replica knows it, to be followed: a change that is made anywhere arrives with the next nudge, or some
    /// seconds later.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> cron_manager::Result<()> {
    /// use cron_manager::{ControlFields, CronManager};
    ///
    /// let manager = CronManager::builder().build().await?;
    /// let mut control = manager.watch_control();
    /// let fields = ControlFields { log_level: Some("debug".into()), ..ControlFields::default() };
    /// manager.update_control(&fields, None).await?;
    /// let changed = control.wait_for(|control| control.log_level.is_some()).await.unwrap();
    /// assert_eq!(changed.log_level.as_deref(), Some("debug"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn watch_control(&self) -> watch::Receiver<Control> {
        self.replica.control()
    }

    /// Pauses a config: from now on until the pause ends, or the config is resumed, its ticks are recorded as skipped, and so is what waits.
    /// What runs goes on. A config that is paused already gets the new end and reason.
    ///
    /// Errors: invalid argument (`until`, `reason`), not found, conflict.
    pub async fn pause(&self, id: CronConfigId, fields: &PauseFields, if_version: Option<i64>) -> Result<CronConfig> {
        let late_after = self.replica.tuning().late_after;
        let pause = |pages: &mut [Page]| scheduler::pause(pages, fields, if_version, late_after);
        Ok(self.change(id, Pages::AllOf(&[id]), &pause).await?.config().clone())
    }

    /// Ends a config's pause. Nothing changes when it has none.
    ///
    /// Errors: not found, conflict.
    pub async fn resume(&self, id: CronConfigId, if_version: Option<i64>) -> Result<CronConfig> {
        let late_after = self.replica.tuning().late_after;
        let resume = |pages: &mut [Page]| scheduler::resume(pages, if_version, late_after);
        Ok(self.change(id, Pages::AllOf(&[id]), &resume).await?.config().clone())
    }

    /// Enables a config. Nothing changes when it is.
    ///
    /// Errors: not found, conflict.
    pub async fn enable(&self, id: CronConfigId, if_version: Option<i64>) -> Result<CronConfig> {
        self.update_cron_config(id, &CronConfigFields::default().enabled(true), if_version).await
    }

    /// Disables a config: its ticks are recorded as skipped, and so is what waits. Nothing changes when it is.
    ///
    /// Errors: not found, conflict.
    pub async fn disable(&self, id: CronConfigId, if_version: Option<i64>) -> Result<CronConfig> {
        self.update_cron_config(id, &CronConfigFields::default().enabled(false), if_version).await
    }

    /// Enables all configs that are not deleted. Returns how many it changed. They are changed in batches: after an error, some may be.
    pub async fn enable_all(&self) -> Result<usize> {
        self.switch_each(true).await
    }

    /// Disables all configs that are not deleted. Returns how many it changed. They are changed in batches: after an error, some may be.
    pub async fn disable_all(&self) -> Result<usize> {
        self.switch_each(false).await
    }

    async fn switch_each(&self, enabled: bool) -> Result<usize> {
        let (mut after, mut changed) = (CronConfigId(0), 0);
        loop {
            let limit = self.replica.tuning().batch;
            let query = ConfigQuery { after, limit, enabled: Some(!enabled), ..ConfigQuery::default() };
            let ids: Vec<_> = self.replica.store().configs(&query).await?.iter().map(|config| config.id).collect();
            let Some(last) = ids.last() else { break };
            after = *last;
            changed += self.switch_batch(&ids, enabled).await?;
        }
        self.replica.nudge();
        Ok(changed)
    }

    async fn switch_batch(&self, ids: &[CronConfigId], enabled: bool) -> Result<usize> {
        let late_after = self.replica.tuning().late_after;
        let fields = CronConfigFields::default().enabled(enabled);
        let edit = |pages: &mut [Page]| {
            let of_one = |a: &Page, b: &Page| a.id().config_id == b.id().config_id;
            // One that was deleted in the meantime is left alone.
            pages.iter_mut().for_each(|page| page.sign(&self.author));
            let mut configs = pages.chunk_by_mut(of_one).filter(|pages| pages[0].config().deleted_at.is_none());
            configs.try_for_each(|pages| scheduler::edit(pages, &fields, None, late_after))
        };
        let pages = self.replica.store().transact(Pages::AllOf(ids), Busy::Wait, &edit).await?;
        self.replica.count_skips(&pages);
        Ok(pages.iter().filter(|page| page.id().lane.is_none() && page.edited().is_some()).count())
    }
}
