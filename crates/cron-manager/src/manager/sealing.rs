//! Statements, which the store must not see.

use std::borrow::Cow;

use super::CronManager;
use crate::{
    CronConfig, CronConfigFields, CronConfigId, Error, ErrorKind, JobType, QueryFields, QueryJob, Result, Role,
};

impl CronManager {
    /// The statement of a job that runs one, in plain text. It is for those alone who may write it.
    ///
    /// Errors: permission denied (only an admin may); not found; failed precondition: the job is of another type, or its key is not here.
    pub async fn query_text(&self, id: CronConfigId) -> Result<String> {
        self.author.allows(Role::Admin)?;
        let config = self.cron_config(id).await?;
        let JobType::Query(job) = &config.job_type else {
            let message =
                format!("{} is a job of the type {}, which has no statement", config.name, config.job_type.kind());
            return Err(Error::new(ErrorKind::FailedPrecondition, message));
        };
        self.open(&config, job)
    }

    /// The fields with their statement sealed for its place, also one that is kept and whose place changes. Without a key they are left as they
    /// are, and refused later on if they must not be.
    pub(super) fn sealed<'a>(
        &self,
        fields: &'a CronConfigFields,
        old: Option<&CronConfig>,
    ) -> Result<Cow<'a, CronConfigFields>> {
        let Some(sealer) = self.replica.sealer() else { return Ok(Cow::Borrowed(fields)) };
        let old_job = old.and_then(|config| match &config.job_type {
            JobType::Query(job) => Some((config, job)),
            _ => None,
        });
        let given = fields.query.clone().unwrap_or_default();
        let name = fields.name.as_deref().or(old.map(|config| config.name.as_str()));
        let connection = given.connection.as_deref().or(old_job.map(|(_, job)| &*job.connection));
        let (Some(name), Some(connection)) = (name, connection) else { return Ok(Cow::Borrowed(fields)) };
        let moves =
            |(config, job): &(&CronConfig, &QueryJob)| config.name.as_str() != name || job.connection != connection;
        let is_query = fields.query.is_some()
            || (fields.job_type, fields.http.as_ref(), fields.command.as_ref()) == (None, None, None);
        let text = match (&given.sql, old_job.filter(|_| is_query).filter(moves)) {
            (Some(sql), _) => sql.clone(),
            (None, Some((config, job))) => self.open(config, job)?,
            (None, None) => return Ok(Cow::Borrowed(fields)),
        };
        let sealed = sealer.seal(&text, &QueryJob::place(name, connection))?;
        let query = QueryFields { sealed: Some(sealed), ..given };
        Ok(Cow::Owned(CronConfigFields { query: Some(query), ..fields.clone() }))
    }

    fn open(&self, config: &CronConfig, job: &QueryJob) -> Result<String> {
        let no_key = || {
            Error::new(
                ErrorKind::FailedPrecondition,
                "this program has no key; set encryption_keys (CRON_MANAGER_ENCRYPTION_KEYS)",
            )
        };
        let sealer = self.replica.sealer().ok_or_else(no_key)?;
        sealer.open(&job.sql, &QueryJob::place(config.name.as_str(), &job.connection))
    }
}
