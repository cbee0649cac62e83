//! Call: a foreign timer asks for a run.

mod decide;

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::{Replica, active::End, edit::edit, replica::Phase};
use decide::{Call, Decision, decide};

use crate::{
    ClaimToken, CronConfig, CronConfigFields, CronRun, Error, ErrorKind, Handler, Hold, JobName, JobType, Outcome,
    PageId, Result, RunKind, RunState, SkipReason,
    contracts::{Busy, Pages, RunQuery},
    domain::ledger::{Claimant, Page},
};

/// What became of a call for a run.
#[derive(Clone, Debug, PartialEq)]
pub enum Called {
    /// The handler was called and has ended: the run as it was claimed, and how it ended.
    Ran(Box<CronRun>, Outcome),
    /// The run is recorded as skipped; the handler was not called.
    Skipped(Box<CronRun>, SkipReason),
    /// This replica lost its hold on the run, as after a pause that was longer than the lease: its row as it stands.
    Lost(Box<CronRun>),
    /// There is no run for this call.
    Refused(Refusal),
}

/// Why there is no run for a call.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// `cron_manager` is off: nothing runs in this process.
    Off,
    /// There is no such config, or it was deleted.
    NotFound,
    /// The config is disabled; its ticks are recorded as such.
    Disabled,
    /// The config's runs are of another type than inline: they are not for handlers in code.
    OtherType,
    /// The config is paused; its ticks are recorded as such.
    Paused,
    /// Jobs are switched off for the whole service; their ticks are recorded as such.
    SwitchedOff,
    /// The call falls into a blackout of a calendar that the config names; ticks in it are recorded as such.
    Blackout,
    /// This replica starts nothing more: it shuts down, or was asked to drain.
    Stopping,
    /// The tick has its outcome, or another call has it.
    Taken {
        /// The tick.
        due_at: Timestamp,
    },
    /// No tick is near.
    NoTick {
        /// The next one.
        next: Option<Timestamp>,
    },
    /// There is no schedule, and the last start is nearer than the config's least gap.
    TooSoon {
        /// The last start.
        last: Timestamp,
    },
    /// A run of the same config is live.
    Overlap,
}

/// What a call does next.
enum Next {
    Answer(Called),
    Follow(Box<CronRun>, oneshot::Receiver<End>),
    /// Nothing before this instant, by the store's clock.
    LookAt(Timestamp),
    Again,
}

impl Replica {
    /// Runs a job because a foreign timer says so: the tick that is nearest, or without a schedule a run of its own. Returns when it has
    /// ended. The first call marks the config: from then on, a tick that nobody calls for is recorded as missed.
    ///
    /// Errors: failed precondition before the start; what the store says, after which a run that was claimed all the same goes on.
    pub async fn call(self: &Arc<Self>, name: JobName, handler: Arc<dyn Handler>) -> Result<Called> {
        let call = Arc::new(Call { name, handler, request_id: self.request_id(), row: Mutex::default() });
        let mut changes = 0;
        loop {
            match self.next(&call).await? {
                Next::Answer(called) => return Ok(called),
                Next::Follow(run, ended) => {
                    if let Some(called) = self.follow(run, ended).await? {
                        return Ok(called);
                    }
                }
                Next::LookAt(until) => self.wait_for_store(until).await,
                Next::Again if changes == 0 => changes += 1,
                // Such as a replica that the others took for dead, and that does not know it yet.
                Next::Again => self.wait_or_stop(self.jitter(self.tuning.retry_after)).await,
            }
        }
    }

    /// One try, in a task of its own: who drops the call leaves no claim behind that nobody begins.
    async fn next(self: &Arc<Self>, call: &Arc<Call>) -> Result<Next> {
        let (answer, answered) = oneshot::channel();
        let (replica, call) = (Arc::clone(self), Arc::clone(call));
        self.spawn(async move {
            let next = replica.try_call(&call).await;
            // Nobody may be waiting any more.
            let _ = answer.send(next);
        });
        answered.await.unwrap_or_else(|_| Err(Error::unavailable("the program that runs the manager is ending")))
    }

    async fn try_call(self: &Arc<Self>, call: &Call) -> Result<Next> {
        let _claiming = self.claims.begin();
        if let Some(refusal) = self.refuses_calls()? {
            return Ok(Next::Answer(self.refuse(call, refusal)));
        }
        if !self.has_joined() {
            self.join().await?;
        }
        match self.called_config(&call.name).await? {
            Some(config) if config.job_type != JobType::Inline => {
                self.called.lock().remove(&call.name);
                Ok(Next::Answer(self.refuse(call, Refusal::OtherType)))
            }
            Some(config) => self.claim_called(call, &config).await,
            None => Ok(Next::Answer(self.refuse(call, Refusal::NotFound))),
        }
    }

    fn refuse(&self, call: &Call, refusal: Refusal) -> Called {
        let (replica_id, job) = (self.id(), &call.name);
        if matches!(refusal, Refusal::NotFound | Refusal::Disabled) {
            tracing::info!(%job, %replica_id, "Job: {job} not found or disabled");
        } else {
            tracing::debug!(%job, %replica_id, ?refusal, "a call for a run was refused");
        }
        Called::Refused(refusal)
    }

    fn refuses_calls(&self) -> Result<Option<Refusal>> {
        if !self.is_on() {
            return Ok(Some(Refusal::Off));
        }
        if !self.has_started() {
            let message = "the manager was not started; call `start` before jobs are handled";
            return Err(Error::new(ErrorKind::FailedPrecondition, message));
        }
        Ok((self.is_stopping() || self.is_draining()).then_some(Refusal::Stopping))
    }

    /// The config of a job that is called for, as this replica knows it.
    async fn called_config(&self, name: &JobName) -> Result<Option<Arc<CronConfig>>> {
        if let Some(known) = self.called.lock().get(name) {
            return Ok(Some(Arc::clone(known)));
        }
        let found = self.store.config_named(name).await?.filter(|config| config.deleted_at.is_none());
        let marked = match found {
            Some(config) if !config.external && config.job_type == JobType::Inline => {
                self.mark_external(config).await?
            }
            found => found,
        };
        let Some(config) = marked.map(Arc::new) else { return Ok(None) };
        self.observer.configured(&config);
        self.called.lock().insert(name.clone(), Arc::clone(&config));
        Ok(Some(config))
    }

    async fn mark_external(&self, config: CronConfig) -> Result<Option<CronConfig>> {
        let fields = CronConfigFields { external: Some(true), ..CronConfigFields::default() };
        let mark = |pages: &mut [Page]| edit(pages, &fields, None, self.tuning.late_after);
        match self.store.transact(Pages::AllOf(&[config.id]), Busy::Wait, &mark).await {
            Ok(pages) => {
                self.count_skips(&pages);
                self.nudge();
                Ok(pages.first().map(|page| page.config().clone()))
            }
            // Deleted in the meantime.
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn claim_called(self: &Arc<Self>, call: &Call, config: &CronConfig) -> Result<Next> {
        let lane = (!config.is_distributed()).then(|| self.id());
        let page_id = PageId { config_id: config.id, lane };
        let claimant = Claimant { replica_id: self.id(), token: ClaimToken(self.random() as i64) };
        let decision = Mutex::new(Decision::Changed);
        let decide = |pages: &mut [Page]| {
            if let Some(page) = pages.first_mut() {
                *decision.lock() = decide(page, call, claimant, self.tuning.late_after);
            }
            Ok(())
        };
        let sent = self.clock.elapsed();
        let pages = self.store.transact(Pages::Of(&[page_id]), Busy::Wait, &decide).await.inspect_err(|error| {
            if error.kind() == ErrorKind::Unavailable {
                let handler = Arc::clone(&call.handler);
                self.spawn(Arc::clone(self).recover(claimant.token, sent, Some(handler)));
            }
        })?;
        for page in &pages {
            self.store_time.observe(page.now(), self.clock.elapsed());
        }
        self.count_skips(&pages);
        match decision.into_inner() {
            Decision::Started => Ok(self.begin_called(call, &pages, claimant.token, sent).await.unwrap_or(Next::Again)),
            Decision::Wait { until, row } => {
                *call.row.lock() = row;
                Ok(Next::LookAt(until))
            }
            Decision::Over(due_at) => Ok(Next::Answer(self.fate(call, page_id, due_at).await?)),
            Decision::Refused(refusal) => Ok(Next::Answer(self.refuse(call, refusal))),
            Decision::Changed => {
                self.called.lock().remove(&call.name);
                Ok(Next::Again)
            }
        }
    }

    async fn begin_called(
        self: &Arc<Self>,
        call: &Call,
        pages: &[Page],
        token: ClaimToken,
        sent: Duration,
    ) -> Option<Next> {
        let page = pages.first()?;
        let run = page.claimed(token).next()?.clone();
        *call.row.lock() = Some(run.due_at);
        if self.is_stopping() {
            self.give_back(page.id(), run.hold()?).await;
            return None;
        }
        let config = Arc::new(page.config().clone());
        let ended = self.begin(Some(Arc::clone(&call.handler)), run.clone(), config, sent)?;
        Some(Next::Follow(Box::new(run), ended))
    }

    /// Takes back a claim that came too late to begin; if that fails, it will be found abandoned.
    async fn give_back(&self, page_id: PageId, hold: Hold) {
        let decide = |pages: &mut [Page]| {
            for page in pages {
                page.hand_back(hold);
            }
            Ok(())
        };
        if let Err(error) = self.store.transact(Pages::Of(&[page_id]), Busy::Wait, &decide).await {
            tracing::warn!(run_id = %hold.run_id, %error, "a claim could not be handed back; it will be found abandoned");
        }
    }

    /// Waits for the end of a run that was begun. `None`: the claim was taken back before the handler was called.
    async fn follow(&self, run: Box<CronRun>, ended: oneshot::Receiver<End>) -> Result<Option<Called>> {
        let end = tokio::select! {
            biased;
            end = ended => end.ok(),
            () = self.reached(Phase::Ended) => None,
        };
        match end {
            Some(End::TakenBack) => Ok(None),
            Some(End::Recorded(outcome)) => Ok(Some(match outcome.reason {
                Some(reason) => Called::Skipped(run, reason),
                None => Called::Ran(run, outcome),
            })),
            // Lost, or the reply to its finish was: the row tells.
            None => Ok(Some(told(&run, self.store.run(run.id).await?.unwrap_or_else(|| (*run).clone())))),
        }
    }

    /// What became of the row that a call waited for.
    async fn fate(&self, call: &Call, page_id: PageId, due_at: Timestamp) -> Result<Called> {
        let to = Some(due_at + Duration::from_secs(1));
        let query =
            RunQuery { config_id: Some(page_id.config_id), from: Some(due_at), to, limit: 100, ..RunQuery::default() };
        let is_it = |run: &CronRun| {
            run.page_id() == page_id && (run.kind == RunKind::Tick || run.request_id.as_ref() == Some(&call.request_id))
        };
        let row = self.store.runs(&query).await?.into_iter().find(is_it);
        let skipped = row.and_then(|run| Some((run.reason.filter(|_| run.state == RunState::Skipped)?, run)));
        Ok(match skipped {
            Some((reason, run)) => Called::Skipped(Box::new(run), reason),
            None => self.refuse(call, Refusal::Taken { due_at }),
        })
    }

    /// Ends when the store's clock shows `until`, as far as this replica can tell, or when it stops.
    async fn wait_for_store(&self, until: Timestamp) {
        let left = until.duration_since(self.store_time.at(self.clock.elapsed()));
        self.wait_or_stop(Duration::try_from(left).unwrap_or_default().max(Duration::from_millis(1))).await;
    }

    async fn wait_or_stop(&self, length: Duration) {
        tokio::select! {
            biased;
            () = self.reached(Phase::Stopping) => {}
            () = self.clock.sleep_until(self.clock.elapsed() + length) => {}
        }
    }
}

/// What the row says of a run that was begun here under the fence of `claimed`.
fn told(claimed: &CronRun, row: CronRun) -> Called {
    let CronRun { state, reason, result, error, truncated, .. } = row.clone();
    let outcome = Outcome { state, reason, result, error, log: None, log_start: 0, truncated };
    match (state, reason) {
        _ if row.fence != claimed.fence => Called::Lost(Box::new(row)),
        (RunState::Succeeded | RunState::Failed | RunState::TimedOut | RunState::Cancelled, _) => {
            Called::Ran(Box::new(claimed.clone()), outcome)
        }
        (RunState::Skipped, Some(reason)) => Called::Skipped(Box::new(row), reason),
        _ => Called::Lost(Box::new(row)),
    }
}
