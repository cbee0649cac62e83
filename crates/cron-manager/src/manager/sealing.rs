//! Secrets of jobs, which the store must not see: they are sealed before a change is decided on, so that a page's decision stays pure.

use std::borrow::Cow;

use super::CronManager;
use crate::{
    CronConfig, CronConfigFields, CronConfigId, Error, ErrorKind, JobType, Result, Role, Secret,
    contracts::{ConfigQuery, Pages, Sealer},
    domain::{UnsealedText, ledger::Page},
    scheduler,
};

impl CronManager {
    /// The statement of a job that runs one, in plain text. It is for those alone who may write it.
    ///
    /// Errors: permission denied (only an admin may); not found; failed precondition: the job is of another type, or its key is not here.
    pub async fn query_text(&self, id: CronConfigId) -> Result<String> {
        self.author.allows(Role::Admin)?;
        let config = self.cron_config(id).await?;
        match (&config.job_type, &*config.job_type.secrets(&config.name)) {
            (JobType::Query(_), [statement]) => self.some_sealer()?.open(&statement.sealed, &statement.place),
            (other, _) => {
                let message = format!("{} is a job of the type {}, which has no statement", config.name, other.kind());
                Err(Error::new(ErrorKind::FailedPrecondition, message))
            }
        }
    }

    /// Encrypts all that is kept encrypted with the first of the keys, where that was done with another: afterwards the others can be taken
    /// away. Returns how many configs it changed, deleted ones too. Each is an edit of its own, in the author's name: one that is made in the
    /// meantime is not lost, and after an error this can be asked for again.
    ///
    /// Errors: permission denied (only an admin may); failed precondition: there is no key, or something could not be read; all else was
    /// changed.
    pub async fn reencrypt(&self) -> Result<usize> {
        self.author.allows(Role::Admin)?;
        let sealer = self.some_sealer()?;
        let (mut after, mut changed, mut unread) = (CronConfigId(0), 0, Vec::new());
        loop {
            let limit = self.replica.tuning().batch;
            let query = ConfigQuery { after, limit, show_deleted: true, ..ConfigQuery::default() };
            let configs = self.replica.store().configs(&query).await?;
            let Some(last) = configs.last() else { break };
            after = last.id;
            for config in configs.iter().filter(|config| is_of_another_key(config, sealer)) {
                match self.reencrypt_one(config.id, sealer).await {
                    Ok(edited) => changed += usize::from(edited),
                    Err(error) if error.kind() == ErrorKind::FailedPrecondition => {
                        unread.push(format!("{}: {error}", config.name));
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        if unread.is_empty() {
            return Ok(changed);
        }
        let message = format!("{changed} were changed, and {} could not be read: {}", unread.len(), unread.join("; "));
        Err(Error::new(ErrorKind::FailedPrecondition, message))
    }

    async fn reencrypt_one(&self, id: CronConfigId, sealer: &dyn Sealer) -> Result<bool> {
        let late_after = self.replica.tuning().late_after;
        let edit = |pages: &mut [Page]| {
            let Some(config) = pages.first().map(Page::config) else { return Ok(()) };
            let secrets = config.job_type.secrets(&config.name);
            let stale = secrets.into_iter().filter(|secret| !sealer.is_current(&secret.sealed));
            let reseal = |secret: Secret| {
                let text = sealer.open(&secret.sealed, &secret.place)?;
                let sealed = sealer.seal(&text, &secret.place)?;
                Ok((secret.place, sealed))
            };
            let seals = stale.map(reseal).collect::<Result<_>>()?;
            scheduler::reseal(pages, seals, late_after)
        };
        Ok(self.change(id, Pages::AllOf(&[id]), &edit).await?.edited().is_some())
    }

    /// The fields with their secrets sealed for their places, also those that are kept and whose places change. Without a key they are left as
    /// they are, and refused later on if they must not be.
    pub(super) fn sealed<'a>(
        &self,
        fields: &'a CronConfigFields,
        old: Option<&CronConfig>,
    ) -> Result<Cow<'a, CronConfigFields>> {
        let Some(sealer) = self.replica.sealer() else { return Ok(Cow::Borrowed(fields)) };
        fields.sealed(old, &mut |secret| match &secret.text {
            UnsealedText::Given(text) => sealer.seal(text, &secret.place),
            UnsealedText::Kept(kept) => sealer.seal(&sealer.open(&kept.sealed, &kept.place)?, &secret.place),
        })
    }

    pub(super) fn some_sealer(&self) -> Result<&dyn Sealer> {
        self.replica.sealer().ok_or_else(|| {
            let message = "this program has no key; set encryption_keys (CRON_MANAGER_ENCRYPTION_KEYS)";
            Error::new(ErrorKind::FailedPrecondition, message)
        })
    }
}

fn is_of_another_key(config: &CronConfig, sealer: &dyn Sealer) -> bool {
    config.job_type.secrets(&config.name).iter().any(|secret| !sealer.is_current(&secret.sealed))
}
