//! Runs: ask for one, read them.

use super::CronManager;
use crate::{
    CronConfigId, CronRun, Error, Result, RunId, RunKind, RunOutput, TraceParent,
    contracts::{Pages, RunQuery},
    domain::ledger::Page,
    scheduler,
};

impl CronManager {
    /// Asks for a run outside the schedule, on one replica. It starts as soon as no other run of the service's page is live, or is skipped when its start
    /// deadline passes before.
    ///
    /// Errors: not found, failed precondition (the config is disabled).
    pub async fn trigger(&self, id: CronConfigId) -> Result<CronRun> {
        self.trigger_traced(id, None).await
    }

    /// The same for a caller that is traced: the run remembers the trace, and its span is linked to it.
    ///
    /// Errors: as [`Self::trigger`].
    pub async fn trigger_traced(&self, id: CronConfigId, asked_in: Option<TraceParent>) -> Result<CronRun> {
        let request_id = self.replica.request_id();
        let trigger = |pages: &mut [Page]| {
            pages.iter_mut().try_for_each(|page| scheduler::trigger(page, request_id.clone(), asked_in))
        };
        let page = self.change(id, Pages::Of(&[id.into()]), &trigger).await?;
        let asked = page.runs().find(|run| run.kind == RunKind::Manual && run.request_id.as_ref() == Some(&request_id));
        asked.cloned().ok_or_else(|| Error::internal("the store did not return the run that was asked for"))
    }

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
