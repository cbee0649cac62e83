//! Runs: read them.

use super::CronManager;
use crate::{CronRun, Error, Result, RunId, contracts::RunQuery};

impl CronManager {
    /// One run.
    pub async fn cron_run(&self, id: RunId) -> Result<CronRun> {
        self.replica.store().run(id).await?.ok_or_else(|| Error::not_found(format!("run {id}")))
    }

    /// What a run printed; empty when it printed nothing, or has not ended.
    pub async fn cron_run_log(&self, id: RunId) -> Result<String> {
        match self.replica.store().log(id).await? {
            Some(log) => Ok(log),
            None => self.cron_run(id).await.map(|_| String::new()),
        }
    }

    /// Runs, newest first.
    pub async fn cron_runs(&self, query: &RunQuery) -> Result<Vec<CronRun>> {
        self.replica.store().runs(query).await
    }
}
