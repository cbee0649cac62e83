//! Runs: read them.

use super::CronManager;
use crate::{CronRun, Error, Result, RunId, RunOutput, contracts::RunQuery};

impl CronManager {
    /// One run.
    pub async fn cron_run(&self, id: RunId) -> Result<CronRun> {
        self.replica.store().run(id).await?.ok_or_else(|| Error::not_found(format!("run {id}")))
    }

    /// What a run has logged: its newest [`Log::LIMIT`](crate::Log::LIMIT) characters, of a run that is live on another replica up to about a second ago.
    pub async fn cron_run_log(&self, id: RunId) -> Result<String> {
        if let Some(live) = self.replica.active_run(id) {
            return Ok(live.log_text().0);
        }
        match self.replica.store().log(id).await? {
            Some(log) => Ok(log),
            None => self.cron_run(id).await.map(|_| String::new()),
        }
    }

    /// What is seen of a run: its log after the first `from` characters, as far as it is kept, and how far it last said it had come. As fresh as
    /// [`Self::cron_run_log`].
    ///
    /// Errors: not found.
    pub async fn cron_run_output(&self, id: RunId, from: u64) -> Result<RunOutput> {
        if let Some(live) = self.replica.active_run(id) {
            return Ok(live.output(from));
        }
        self.cron_run(id).await?;
        self.replica.store().output(id, from).await
    }

    /// Runs, newest first.
    pub async fn cron_runs(&self, query: &RunQuery) -> Result<Vec<CronRun>> {
        self.replica.store().runs(query).await
    }
}
