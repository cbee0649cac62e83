//! Ask for runs outside the schedule, and call them off.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::CronManager;
use crate::{
    Context, CronConfigId, CronRun, Error, ErrorKind, PageId, Result, RunId, RunKind,
    contracts::{Busy, Pages, RunQuery},
    domain::ledger::Page,
    scheduler,
};

/// How to trigger a run. On the wire the names are in lowerCamelCase.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct TriggerFields {
    /// What the handler is told in place of the config's context; a JSON object, or a string that holds one.
    pub context: Option<Value>,
    /// The caller's name for this request: the same one again gives the same run again.
    pub request_id: Option<String>,
}

/// The caller's name for a request, or one that nobody else has.
pub(super) struct RequestId {
    pub(super) text: String,
    is_given: bool,
}

impl CronManager {
    /// Asks for a run outside the schedule, on one replica. It starts as soon as no other run of the service's page is live, or is skipped when its start
    /// deadline passes before.
    ///
    /// Errors: not found, failed precondition (the config is disabled or paused, or jobs are switched off).
    pub async fn trigger(&self, id: CronConfigId) -> Result<CronRun> {
        self.trigger_with(id, &TriggerFields::default()).await
    }

    /// The same, with a context of the run's own, or so that it can be repeated safely.
    ///
    /// Errors: those of [`CronManager::trigger`]; invalid argument (`context`, `requestId`); already exists (the request id was used for another
    /// run).
    pub async fn trigger_with(&self, id: CronConfigId, fields: &TriggerFields) -> Result<CronRun> {
        let context = fields.context.as_ref().map(Context::new).transpose()?;
        let is_it = |run: &CronRun| run.config_id == id && run.kind == RunKind::Manual && run.context == context;
        let trigger = |pages: &mut [Page], request_id: &str| {
            pages
                .iter_mut()
                .try_for_each(|page| scheduler::trigger(page, request_id.into(), context.clone(), self.asked_in))
        };
        self.ask_once(fields.request_id.as_deref(), &[id.into()], &is_it, &trigger).await
    }

    /// Asks for a run that has ended, however it did, once more: its tick anew, as the next attempt; or, where that is no tick of the config as
    /// it is now, a run of its own. It has the context that the first one had.
    ///
    /// Errors: not found; failed precondition (it has not ended, a retry of it is live, it stands for several ticks, the config is disabled or
    /// paused, jobs are switched off); invalid argument (`requestId`); already exists (the request id was used for another run).
    pub async fn retry(&self, id: RunId, request_id: Option<&str>) -> Result<CronRun> {
        let run = self.cron_run(id).await?;
        if !run.state.is_terminal() {
            return Err(refused(format!("run {id} is {}; it can be retried when it has ended", run.state)));
        }
        if run.count > 1 {
            return Err(refused(format!("run {id} stands for {} ticks; backfill them instead", run.count)));
        }
        let attempt = self.last_attempt(&run).await? + 1;
        let is_it = |repeated: &CronRun| repeated.retry_of == Some(id);
        let retry = |pages: &mut [Page], request_id: &str| scheduler::retry(pages, &run, attempt, request_id.into());
        self.ask_once(request_id, &[run.config_id.into(), run.page_id()], &is_it, &retry).await
    }

    async fn last_attempt(&self, run: &CronRun) -> Result<u32> {
        let to = Some(run.due_at + Duration::from_secs(1));
        let query = RunQuery {
            config_id: Some(run.config_id),
            from: Some(run.due_at),
            to,
            limit: 1_000,
            ..RunQuery::default()
        };
        let runs = self.replica.store().runs(&query).await?;
        let attempts = runs.iter().filter(|other| other.kind == RunKind::Tick && other.page_id() == run.page_id());
        Ok(attempts.map(|run| run.attempt).max().unwrap_or(run.attempt))
    }

    /// Asks for one run per instant of the config's schedule, as it is now, in [from, to). They run one after another, after all that is due
    /// otherwise, and are no ticks: those have their outcomes already. The same request id again gives the same runs again.
    ///
    /// Errors: not found; invalid argument (`from`, `to`, `limit`, `requestId`), also when there are more instants than `limit`, which is at most
    /// [`CronManager::BACKFILL_MAX`]; failed precondition (the config has no schedule, is disabled or paused, or jobs are switched off);
    /// already exists (the request id was used for another run).
    pub async fn backfill(
        &self,
        id: CronConfigId,
        from: Timestamp,
        to: Timestamp,
        limit: usize,
        request_id: Option<&str>,
    ) -> Result<Vec<CronRun>> {
        let ticks = self.ticks_to_fill(id, from, to, limit).await?;
        let request = self.request(request_id)?;
        let name = |tick: Timestamp| format!("{}/{tick}", request.text);
        let names: Vec<_> = ticks.iter().map(|tick| name(*tick)).collect();
        let is_it = |run: &CronRun| run.config_id == id && run.kind == RunKind::Backfill;
        let known = self.known(&request, &names, &is_it).await?;
        if !known.is_empty() {
            return Ok(known);
        }
        let backfill =
            |pages: &mut [Page]| pages.iter_mut().try_for_each(|page| scheduler::backfill(page, &ticks, name));
        match self.change(id, Pages::Of(&[id.into()]), &backfill).await {
            Ok(page) => {
                let asked = |run: &&CronRun| run.request_id.as_ref().is_some_and(|id| names.contains(id));
                Ok(page.runs().filter(asked).cloned().collect())
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => self.known(&request, &names, &is_it).await,
            Err(error) => Err(error),
        }
    }

    /// How many runs one backfill may ask for.
    pub const BACKFILL_MAX: usize = 1_000;

    async fn ticks_to_fill(
        &self,
        id: CronConfigId,
        from: Timestamp,
        to: Timestamp,
        limit: usize,
    ) -> Result<Vec<Timestamp>> {
        if limit > Self::BACKFILL_MAX {
            return Err(Error::invalid("limit", format!("a backfill asks for at most {} runs", Self::BACKFILL_MAX)));
        }
        if to <= from {
            return Err(Error::invalid("to", "a backfill ends later than it begins"));
        }
        let config = self.cron_config(id).await?;
        let Some(schedule) = &config.schedule else {
            return Err(refused(format!("{} has no schedule; trigger it instead", config.name)));
        };
        let before = |instant: Timestamp| instant.checked_sub(Duration::from_nanos(1)).unwrap_or(instant);
        let (after, through) = (before(from), before(to));
        let count = schedule.count(after, through);
        if count > limit as u64 {
            let message = format!("{} is due {count} times from {from} to {to}; at most {limit} fit", config.name);
            return Err(Error::invalid("to", message));
        }
        Ok(schedule.ticks(after, through).collect())
    }

    /// Cancels a run: one that waits is skipped, one that runs is told to stop, on whatever replica it is, and ends as cancelled unless it has
    /// ended by then. Returns it as it now stands.
    ///
    /// Errors: not found, failed precondition (it has ended).
    pub async fn cancel(&self, id: RunId) -> Result<CronRun> {
        let page_id = self.cron_run(id).await?.page_id();
        let cancel = |pages: &mut [Page]| pages.iter_mut().try_for_each(|page| scheduler::cancel(page, id));
        let page = self.change(page_id.config_id, Pages::Of(&[page_id]), &cancel).await?;
        let cancelled = page.runs().find(|run| run.id == id).cloned();
        cancelled.ok_or_else(|| Error::internal("the store did not return the run that was cancelled"))
    }

    /// Writes what was asked for, once for each request id.
    async fn ask_once(
        &self,
        request_id: Option<&str>,
        page_ids: &[PageId],
        is_it: &(dyn Fn(&CronRun) -> bool + Sync),
        decide: &(dyn Fn(&mut [Page], &str) -> Result<()> + Send + Sync),
    ) -> Result<CronRun> {
        let request = self.request(request_id)?;
        let names = [request.text.clone()];
        if let Some(known) = self.known(&request, &names, is_it).await?.pop() {
            return Ok(known);
        }
        let write = |pages: &mut [Page]| match pages.first() {
            Some(_) => {
                pages.iter_mut().for_each(|page| page.sign(&self.author));
                decide(pages, &request.text)
            }
            None => Err(Error::not_found(format!("config {}", page_ids[0].config_id))),
        };
        match self.replica.store().transact(Pages::Of(page_ids), Busy::Wait, &write).await {
            Ok(pages) => {
                self.replica.count_skips(&pages);
                self.replica.nudge();
                let asked = |run: &&CronRun| run.request_id.as_ref() == Some(&request.text);
                let run = pages.iter().flat_map(Page::runs).find(asked).cloned();
                run.ok_or_else(|| Error::internal("the store did not return the run that was asked for"))
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                self.known(&request, &names, is_it).await?.pop().ok_or(error)
            }
            Err(error) => Err(error),
        }
    }

    /// The runs that were asked for under these names before.
    async fn known(
        &self,
        request: &RequestId,
        names: &[String],
        is_it: &(dyn Fn(&CronRun) -> bool + Sync),
    ) -> Result<Vec<CronRun>> {
        if !request.is_given {
            return Ok(Vec::new());
        }
        let runs = self.replica.store().requested(names).await?;
        match runs.iter().find(|run| !is_it(run)) {
            Some(other) => {
                let message = format!("that request id was used for another request, which is run {}", other.id);
                Err(Error::new(ErrorKind::AlreadyExists, message))
            }
            None => Ok(runs),
        }
    }

    /// Errors: invalid argument (`requestId`).
    pub(super) fn request(&self, given: Option<&str>) -> Result<RequestId> {
        const MAX: usize = 128;
        let Some(text) = given else { return Ok(RequestId { text: self.replica.request_id(), is_given: false }) };
        if text.is_empty() || text.len() > MAX || !text.chars().all(|c| c.is_ascii_graphic()) {
            let message = format!("a request id has 1 to {MAX} ASCII characters without spaces, such as a UUID");
            return Err(Error::invalid("requestId", message));
        }
        Ok(RequestId { text: text.to_owned(), is_given: true })
    }
}

fn refused(message: String) -> Error {
    Error::new(ErrorKind::FailedPrecondition, message)
}
