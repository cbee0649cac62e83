//! Configs: create, change, read.

use jiff::Timestamp;

use super::CronManager;
use crate::{
    Context, CronConfig, CronConfigFields, CronConfigId, Error, ErrorKind, JobName, Result,
    contracts::{Busy, ConfigQuery, Decide, Pages},
    domain::ledger::{Account, Page},
    scheduler,
};

impl CronManager {
    /// Creates a config. It is off unless the fields say otherwise. Its first tick is the first one after now.
    ///
    /// Errors: invalid argument (names the field), already exists (the name is taken, maybe by a deleted config), failed precondition (a distributed
    /// config, and replicas share nothing but the lock).
    pub async fn create_cron_config(&self, fields: &CronConfigFields) -> Result<CronConfig> {
        let context = fields.context.as_ref().map(Context::new).transpose()?.unwrap_or_default();
        if context.distributed() && self.replica.takes_ticks() {
            return Err(only_in_code());
        }
        self.create(fields).await
    }

    /// Creates a config, also one that code declares.
    pub(super) async fn create(&self, fields: &CronConfigFields) -> Result<CronConfig> {
        // The store puts its own time in the place of this one.
        let fields = self.sealed(fields, None)?;
        let config = self.replica.store().create(fields.create(Timestamp::UNIX_EPOCH)?).await?;
        self.replica.nudge();
        Ok(config)
    }

    /// Changes the fields that are given. Ticks up to now keep the outcome they have under the old version, none is
    /// replayed or lost. With `if_version`, only if that is still the version.
    ///
    /// Errors: invalid argument (names the field), not found, conflict (the version is another), already exists (the new name), failed
    /// precondition (whether it is distributed, where replicas share nothing but the lock).
    pub async fn update_cron_config(
        &self,
        id: CronConfigId,
        fields: &CronConfigFields,
        if_version: Option<i64>,
    ) -> Result<CronConfig> {
        let late_after = self.replica.tuning().late_after;
        let edit = |pages: &mut [Page]| {
            let is_distributed = |pages: &[Page]| pages.first().is_some_and(|page| page.config().is_distributed());
            let was = is_distributed(pages);
            let fields = self.sealed(fields, pages.first().map(Page::config))?;
            scheduler::edit(pages, &fields, if_version, late_after)?;
            if self.replica.takes_ticks() && is_distributed(pages) != was { Err(only_in_code()) } else { Ok(()) }
        };
        Ok(self.change(id, Pages::AllOf(&[id]), &edit).await?.config().clone())
    }

    /// Deletes a config. Its name stays taken and its runs stay in the ledger; runs that wait are skipped.
    ///
    /// Errors: not found, conflict.
    pub async fn delete_cron_config(&self, id: CronConfigId, if_version: Option<i64>) -> Result<CronConfig> {
        let late_after = self.replica.tuning().late_after;
        let delete = |pages: &mut [Page]| scheduler::delete(pages, if_version, late_after);
        Ok(self.change(id, Pages::AllOf(&[id]), &delete).await?.config().clone())
    }

    /// One config, also a deleted one.
    pub async fn cron_config(&self, id: CronConfigId) -> Result<CronConfig> {
        self.replica.store().config(id).await?.ok_or_else(|| Error::not_found(format!("config {id}")))
    }

    /// One config by its name, also a deleted one.
    pub async fn cron_config_named(&self, name: &str) -> Result<CronConfig> {
        let found = self.replica.store().config_named(&JobName::new(name)?).await?;
        found.ok_or_else(|| Error::not_found(format!("config {name}")))
    }

    /// Configs in the order of their ids.
    pub async fn cron_configs(&self, query: &ConfigQuery) -> Result<Vec<CronConfig>> {
        self.replica.store().configs(query).await
    }

    /// What the ledger says about each page of one config, the service's first.
    pub async fn accounts(&self, id: CronConfigId) -> Result<Vec<Account>> {
        let accounts = self.replica.store().accounts(id).await?;
        if accounts.is_empty() { Err(Error::not_found(format!("config {id}"))) } else { Ok(accounts) }
    }

    /// Decides on pages of one config, then tells all replicas to look. Returns the service's page.
    pub(super) async fn change(&self, id: CronConfigId, pages: Pages<'_>, decide: Decide<'_>) -> Result<Page> {
        let pages = self.replica.store().transact(pages, Busy::Wait, decide).await?;
        self.replica.nudge();
        pages.into_iter().next().ok_or_else(|| Error::not_found(format!("config {id}")))
    }
}

/// Where replicas share nothing but the lock, each has configs of its own: those of distributed jobs have to be the same in all.
fn only_in_code() -> Error {
    let message = "context.distributed: each replica has a store of its own, so a distributed job has to be declared in the code of all of them; \
                   or give them one PostgreSQL";
    Error::new(ErrorKind::FailedPrecondition, message)
}
