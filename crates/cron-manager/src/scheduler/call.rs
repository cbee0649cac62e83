//! Call: a foreign timer asks for a run.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;

use super::{Replica, claim::expire, edit::edit, plan::plan, replica::Phase};
use crate::{
    ClaimToken, CronConfig, CronConfigFields, CronRun, Error, ErrorKind, Handler, JobName, Outcome, PageId, Result,
    RunKind, Schedule, SkipReason,
    contracts::{Busy, Pages},
    domain::ledger::{Claimant, Page},
};

/// How far a call may come before its tick, at the most.
const EARLY: SignedDuration = SignedDuration::from_secs(1);

/// What became of a call for a run.
#[derive(Clone, Debug, PartialEq)]
pub enum Called {
    /// The handler was called and has ended: the run as it was claimed, and how it ended.
    Ran(Box<CronRun>, Outcome),
    /// The run is recorded as skipped; the handler was not called.
    Skipped(Box<CronRun>, SkipReason),
    /// There is no run for this call.
    Refused(Refusal),
}

/// Why there is no run for a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// `cron_manager` is off: nothing runs in this process.
    Off,
    /// There is no such config, or it was deleted.
    NotFound,
    /// The config is disabled; its ticks are recorded as such.
    Disabled,
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

/// What one transaction decided about a call.
#[derive(Clone, Debug, PartialEq)]
enum Decision {
    Started,
    /// Nothing before this instant, by the store's clock.
    Wait(Timestamp),
    Refused(Refusal),
    /// The config, or this replica, is no longer as it was known here.
    Changed,
}

/// What a call does next.
enum Next {
    Answer(Called),
    /// Nothing before this instant, by the store's clock.
    LookAt(Timestamp),
    Again,
}

/// Who calls for a run of what.
struct Call {
    name: JobName,
    handler: Arc<dyn Handler>,
    /// Of its run, where there is no schedule.
    request_id: String,
}

impl Replica {
    /// Runs a job because a foreign timer says so: the tick that is nearest, or without a schedule a run of its own. Returns when it has
    /// ended. The first call marks the config: from then on, a tick that nobody calls for is recorded as missed.
    ///
    /// Errors: failed precondition before the start; what the store says, after which a run that was claimed all the same goes on.
    pub async fn call(self: &Arc<Self>, name: JobName, handler: Arc<dyn Handler>) -> Result<Called> {
        let request_id = format!("{:016x}{:016x}", self.random(), self.random());
        let call = Call { name, handler, request_id };
        let mut changes = 0;
        loop {
            if let Some(refusal) = self.refuses_calls()? {
                return Ok(self.refuse(&call, refusal));
            }
            if !self.has_joined() {
                self.join().await?;
            }
            let Some(config) = self.called_config(&call.name).await? else {
                return Ok(self.refuse(&call, Refusal::NotFound));
            };
            match self.try_call(&call, &config).await? {
                Next::Answer(called) => return Ok(called),
                Next::LookAt(until) => self.wait_for_store(until).await,
                Next::Again if changes == 0 => changes += 1,
                // Such as a replica that the others took for dead, and that does not know it yet.
                Next::Again => self.wait_or_stop(self.jitter(self.tuning.retry_after)).await,
            }
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
        let Some(mut config) = found else { return Ok(None) };
        if !config.external {
            config = self.mark_external(config).await?;
        }
        let config = Arc::new(config);
        self.called.lock().insert(name.clone(), Arc::clone(&config));
        Ok(Some(config))
    }

    async fn mark_external(&self, config: CronConfig) -> Result<CronConfig> {
        let fields = CronConfigFields { external: Some(true), ..CronConfigFields::default() };
        let mark = |pages: &mut [Page]| edit(pages, &fields, None, self.tuning.late_after);
        let pages = self.store.transact(Pages::AllOf(&[config.id]), Busy::Wait, &mark).await?;
        self.nudge();
        Ok(pages.first().map_or(config, |page| page.config().clone()))
    }

    async fn try_call(self: &Arc<Self>, call: &Call, config: &CronConfig) -> Result<Next> {
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
        pages.iter().for_each(|page| self.store_time.observe(page.now(), self.clock.elapsed()));
        Ok(match decision.into_inner() {
            Decision::Started => {
                self.follow(call, &pages, claimant.token, sent).await.map_or(Next::Again, Next::Answer)
            }
            Decision::Wait(until) => Next::LookAt(until),
            Decision::Refused(refusal) => Next::Answer(self.refuse(call, refusal)),
            Decision::Changed => {
                self.called.lock().remove(&call.name);
                Next::Again
            }
        })
    }

    /// Begins what was claimed, and waits for its end. `None`: the claim was taken back before the handler began, or lost.
    async fn follow(
        self: &Arc<Self>,
        call: &Call,
        pages: &[Page],
        token: ClaimToken,
        sent: Duration,
    ) -> Option<Called> {
        let page = pages.first()?;
        let run = page.claimed(token).next()?.clone();
        let config = Arc::new(page.config().clone());
        let ended = self.begin(Some(Arc::clone(&call.handler)), run.clone(), config, sent)?;
        let outcome = ended.await.ok()?;
        let run = Box::new(run);
        Some(match outcome.reason {
            Some(reason) => Called::Skipped(run, reason),
            None => Called::Ran(run, outcome),
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

/// Starts the run that a call is for, if there is one and it may start.
fn decide(page: &mut Page, call: &Call, claimant: Claimant, late_after: Duration) -> Decision {
    let config = page.config();
    let is_known = config.name == call.name && config.external && config.deleted_at.is_none();
    if !is_known || config.is_distributed() != page.id().lane.is_none() || !page.place().open {
        return Decision::Changed;
    }
    expire(page, SkipReason::Missed);
    plan(page, late_after);
    let config = page.config();
    match (config.enabled, config.schedule.clone()) {
        (false, _) => Decision::Refused(Refusal::Disabled),
        (true, Some(schedule)) => start_tick(page, &schedule, claimant),
        (true, None) => start_without_schedule(page, call, claimant),
    }
}

/// The tick of a call is the nearest one, when that is ahead by no more than a second and half the interval; else the latest one, if
/// nobody called for it yet.
fn start_tick(page: &mut Page, schedule: &Schedule, claimant: Claimant) -> Decision {
    let now = page.now();
    let (latest, next) = (schedule.latest(page.config().created_at, now), schedule.next_after(now));
    let since = latest.map_or(SignedDuration::MAX, |latest| now.duration_since(latest));
    let ahead = next.map_or(SignedDuration::MAX, |next| next.duration_since(now));
    let window = EARLY.min(since.saturating_add(ahead) / 2);
    if let Some(next) = next.filter(|_| ahead <= window && ahead < since) {
        return Decision::Wait(next);
    }
    let is_tick = |place: &usize| page.row(*place).kind == RunKind::Tick && Some(page.row(*place).due_at) == latest;
    match (page.pending().into_iter().find(is_tick), latest) {
        (Some(place), _) => start(page, place, claimant),
        (None, Some(due_at)) if since <= window => Decision::Refused(Refusal::Taken { due_at }),
        (None, _) => Decision::Refused(Refusal::NoTick { next }),
    }
}

fn start(page: &mut Page, place: usize, claimant: Claimant) -> Decision {
    let start_after = page.row(place).start_after;
    if start_after > page.now() {
        Decision::Wait(start_after)
    } else if page.start(place, claimant) {
        Decision::Started
    } else {
        Decision::Refused(Refusal::Overlap)
    }
}

/// A run of its own, which is recorded once it may start.
fn start_without_schedule(page: &mut Page, call: &Call, claimant: Claimant) -> Decision {
    let now = page.now();
    let is_mine = |place: &usize| page.row(*place).request_id.as_ref() == Some(&call.request_id);
    if let Some(place) = page.pending().into_iter().find(is_mine) {
        return start(page, place, claimant);
    }
    if page.is_busy() {
        return Decision::Refused(Refusal::Overlap);
    }
    let min_gap = page.config().policy.min_gap;
    if let Some(last) = page.place().started_at.filter(|last| now.duration_since(*last).unsigned_abs() < min_gap) {
        return Decision::Refused(Refusal::TooSoon { last });
    }
    let place = page.record_manual(call.request_id.clone());
    if page.start(place, claimant) { Decision::Started } else { Decision::Changed }
}
