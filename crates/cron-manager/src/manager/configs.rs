//! Configs: create, change, read.

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::CronManager;
use crate::{
    Context, CronConfig, CronConfigFields, CronConfigId, Error, ErrorKind, JobName, JobType, Result, Role,
    contracts::{Busy, ConfigQuery, CreateRequest, Decide, Pages, VersionQuery},
    domain::ledger::{Account, ConfigVersion, Page},
    scheduler,
};

impl CronManager {
    /// Creates a config. It is off unless the fields say otherwise. Its first tick is the first one after now.
    ///
    /// Errors: invalid argument (names the field), already exists (the name is taken, maybe by a deleted config), failed precondition (a distributed
    /// config, and replicas share nothing but the lock), permission denied (a job of another type than inline, by who is no admin).
    pub async fn create_cron_config(&self, fields: &CronConfigFields) -> Result<CronConfig> {
        self.check_new(fields)?;
        self.create(fields).await
    }

    /// Creates a config, so that it can be repeated safely: the same fields under the same request id again give the config that was created
    /// the first time, as it now stands. With secrets among the fields it is the key that tells whether they are the same; after another one was put first, they are not.
    ///
    /// Errors: those of [`CronManager::create_cron_config`]; invalid argument (`requestId`); already exists (the request id was used with
    /// other fields).
    pub async fn create_cron_config_once(&self, fields: &CronConfigFields, request_id: &str) -> Result<CronConfig> {
        self.check_new(fields)?;
        let id = self.request(Some(request_id))?.text;
        let config = self.new_config(fields)?;
        let body = self.mark(fields)?;
        let config = self.replica.store().create_once(config, &CreateRequest { id, body }, &self.author).await?;
        self.replica.nudge();
        Ok(config)
    }

    /// What is wrong with a new config that no code declares, beside its fields.
    pub(super) fn check_new(&self, fields: &CronConfigFields) -> Result<()> {
        let context = fields.context.as_ref().map(Context::new).transpose()?.unwrap_or_default();
        if context.distributed() && self.replica.takes_ticks() { Err(only_in_code()) } else { Ok(()) }
    }

    /// Creates a config, also one that code declares.
    pub(super) async fn create(&self, fields: &CronConfigFields) -> Result<CronConfig> {
        let config = self.replica.store().create(self.new_config(fields)?, &self.author).await?;
        self.replica.nudge();
        Ok(config)
    }

    /// The config that the fields make, for the store to put its own time and id into.
    pub(super) fn new_config(&self, fields: &CronConfigFields) -> Result<CronConfig> {
        let config = self.sealed(fields, None)?.create(Timestamp::UNIX_EPOCH)?;
        self.check_job(&JobType::Inline, &config.job_type)?;
        Ok(config)
    }

    /// By which the fields are known again. Who guesses at a secret could tell by a plain digest whether it is the one.
    fn mark(&self, fields: &CronConfigFields) -> Result<String> {
        let json = serde_json::to_string(fields)
            .map_err(|error| Error::internal("fields that JSON cannot show").with_source(error))?;
        match fields.has_secrets() {
            true => self.some_sealer()?.mark(&json),
            false => Ok(Sha256::digest(json).iter().map(|byte| format!("{byte:02x}")).collect()),
        }
    }

    /// What a job does that is not the service's own code is for admins to say: it runs something on behalf of whoever wrote it.
    fn check_job(&self, old: &JobType, new: &JobType) -> Result<()> {
        if old == new { Ok(()) } else { self.author.allows(Role::Admin) }
    }

    /// Changes the fields that are given. Ticks up to now keep the outcome they have under the old version, none is
    /// replayed or lost. With `if_version`, only if that is still the version.
    ///
    /// Errors: invalid argument (names the field), not found, conflict (the version is another), already exists (the new name), failed
    /// precondition (whether it is distributed, where replicas share nothing but the lock), permission denied (what a job of another type than
    /// inline does, by who is no admin).
    pub async fn update_cron_config(
        &self,
        id: CronConfigId,
        fields: &CronConfigFields,
        if_version: Option<i64>,
    ) -> Result<CronConfig> {
        let edit = self.edit(fields, if_version);
        Ok(self.change(id, Pages::AllOf(&[id]), &edit).await?.config().clone())
    }

    /// Puts the fields in force on the pages of a config, if the author may do that.
    pub(super) fn edit(
        &self,
        fields: &CronConfigFields,
        if_version: Option<i64>,
    ) -> impl Fn(&mut [Page]) -> Result<()> + Send + Sync {
        let late_after = self.replica.tuning().late_after;
        move |pages: &mut [Page]| {
            let is_distributed = |pages: &[Page]| pages.first().is_some_and(|page| page.config().is_distributed());
            let was = is_distributed(pages);
            let old = pages.first().map(|page| page.config().clone());
            let fields = self.sealed(fields, old.as_ref())?;
            scheduler::edit(pages, &fields, if_version, late_after)?;
            if let Some((old, page)) = old.zip(pages.first()) {
                self.check_job(&old.job_type, &page.config().job_type)?;
            }
            if self.replica.takes_ticks() && is_distributed(pages) != was { Err(only_in_code()) } else { Ok(()) }
        }
    }

    /// Deletes a config. Its name stays taken and its runs stay in the ledger; runs that wait are skipped.
    ///
    /// Errors: not found, conflict.
    pub async fn delete_cron_config(&self, id: CronConfigId, if_version: Option<i64>) -> Result<CronConfig> {
        let delete = self.deletion(if_version);
        Ok(self.change(id, Pages::AllOf(&[id]), &delete).await?.config().clone())
    }

    /// Deletes the config that these are the pages of.
    pub(super) fn deletion(&self, if_version: Option<i64>) -> impl Fn(&mut [Page]) -> Result<()> + Send + Sync + use<> {
        let late_after = self.replica.tuning().late_after;
        move |pages: &mut [Page]| scheduler::delete(pages, if_version, late_after)
    }

    /// Brings a deleted config back as it was. Ticks that were due while it was deleted are not made up for.
    ///
    /// Errors: not found, conflict, already exists (it is not deleted).
    pub async fn undelete_cron_config(&self, id: CronConfigId, if_version: Option<i64>) -> Result<CronConfig> {
        let late_after = self.replica.tuning().late_after;
        let undelete = |pages: &mut [Page]| scheduler::undelete(pages, if_version, late_after);
        Ok(self.change(id, Pages::AllOf(&[id]), &undelete).await?.config().clone())
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

    /// The kept versions of a config's schedule, newest first.
    ///
    /// Errors: not found.
    pub async fn versions(&self, id: CronConfigId, query: &VersionQuery) -> Result<Vec<ConfigVersion>> {
        let versions = self.replica.store().versions(id, query).await?;
        if versions.is_empty() { self.cron_config(id).await.map(|_| versions) } else { Ok(versions) }
    }

    /// What the ledger says about each page of one config, the service's first.
    pub async fn accounts(&self, id: CronConfigId) -> Result<Vec<Account>> {
        let accounts = self.replica.store().accounts(id).await?;
        if accounts.is_empty() { Err(Error::not_found(format!("config {id}"))) } else { Ok(accounts) }
    }

    /// Decides on pages of one config in the author's name, then tells all replicas to look. Returns the service's page.
    pub(super) async fn change(&self, id: CronConfigId, pages: Pages<'_>, decide: Decide<'_>) -> Result<Page> {
        let signed = |pages: &mut [Page]| {
            pages.iter_mut().for_each(|page| page.sign(&self.author));
            decide(pages)
        };
        let pages = self.replica.store().transact(pages, Busy::Wait, &signed).await?;
        self.replica.count_skips(&pages);
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
