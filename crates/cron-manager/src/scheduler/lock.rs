//! Lock: keep out those who share nothing but the lock, while a claimed run is live.

use std::{fmt, sync::Arc, time::Duration};

use tracing::Instrument;

use super::{
    Replica,
    active::{End, Live},
};
use crate::{
    Error, LockHolder, LockPolicy, Outcome, PageId, Result, RunKind, SkipReason, Stop,
    contracts::{Busy, Finish, Lease, LockAnswer, LockRequest, LockTick, Locked, Pages},
    domain::ledger::Page,
};

/// How much longer than its start deadline a tick is remembered as taken, where nothing but the lock is shared.
const REMEMBER: Duration = Duration::from_secs(86_400);
/// The longest pause before a lock that could not be reached is asked for again.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The lock of a live run: a lease, or the policy's leave to go on without one.
pub(super) struct Lock {
    policy: LockPolicy,
    lease: Option<Box<dyn Lease>>,
    /// Whether it was asked for without an answer: it may be held all the same.
    unknown: bool,
    /// When it was taken, on this machine's clock.
    taken: Duration,
    /// Until here nobody else can have taken it.
    held_until: Duration,
}

/// How a run ended, in the original library's words.
#[derive(Clone, Copy)]
pub(super) enum Ended {
    /// The handler returned.
    Success,
    /// It returned an error, or was stopped.
    Failed,
}

impl Ended {
    pub(super) fn of(outcome: &Outcome) -> Self {
        if outcome.error.is_none() { Self::Success } else { Self::Failed }
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Success => "Success",
            Self::Failed => "Failed",
        })
    }
}

fn lock_answer(answer: &Result<Locked>) -> LockAnswer {
    match answer {
        Ok(Locked::Mine(_)) => LockAnswer::Acquired,
        Ok(Locked::Elsewhere) => LockAnswer::Elsewhere,
        Ok(Locked::TickTaken) => LockAnswer::TickTaken,
        Err(_) => LockAnswer::Unreachable,
    }
}

impl Replica {
    /// Takes the lock of a claimed run. `None`: the run does not begin here; what becomes of it is on its way to the store.
    pub(super) async fn lock(&self, live: &Arc<Live>) -> Option<Lock> {
        let sent = self.clock.elapsed();
        let config = live.active.config();
        let policy = if self.takes_ticks() { LockPolicy::Require } else { config.policy.lock };
        let mut lock = Lock { policy, lease: None, unknown: false, taken: sent, held_until: sent };
        // What every replica runs needs no lock, also when the config has changed since; each lane has fences of its own.
        if !config.is_distributed() || live.active.run().lane.is_some() {
            return Some(lock);
        }
        // Trust can only grow while the answer is on its way; the lease was given no more than what there was of it.
        let until = live.trust();
        let span = tracing::debug_span!("cron_lock", job = %config.name);
        let answer = match self.acquire(live, self.tuning.lock_timeout).instrument(span).await {
            Ok(Locked::Mine(_)) if self.clock.elapsed() >= until => {
                Err(Error::unavailable("the answer came when the lease had run out"))
            }
            answer => answer,
        };
        self.observer.lock_answered(lock_answer(&answer), self.clock.elapsed() - sent);
        match answer {
            Ok(Locked::Mine(lease)) => {
                live.log(format_args!("Acquired lock for job: {}; Started - Success", config.name));
                (lock.lease, lock.held_until) = (Some(lease), until);
                Some(lock)
            }
            Ok(Locked::Elsewhere) => self.skip_claimed(live, SkipReason::LockedElsewhere),
            Ok(Locked::TickTaken) => self.skip_claimed(live, SkipReason::Elsewhere),
            Err(error) if policy == LockPolicy::Prefer => {
                tracing::warn!(run_id = %live.hold.run_id, job = %config.name, %error, "the lock cannot be reached; the run goes on without");
                lock.unknown = true;
                Some(lock)
            }
            Err(error) => {
                tracing::warn!(run_id = %live.hold.run_id, job = %config.name, %error, "the lock cannot be reached; the run waits");
                self.postpone(live).await;
                None
            }
        }
    }

    /// Keeps the lease alive while the run is, and takes one that could not be had before; never ends. Under `require`, a lease that is lost
    /// stops the run.
    pub(super) async fn keep_locked(&self, live: &Arc<Live>, lock: &mut Lock) {
        let third = live.active.run().ttl / 3;
        while lock.lease.is_some() || lock.unknown {
            let now = self.clock.elapsed();
            // In time to stop the run when the lease ends.
            let next = if now < lock.held_until { lock.held_until.min(now + third) } else { now + third };
            self.clock.sleep_until(next).await;
            self.extend(live, lock).await;
        }
        std::future::pending().await
    }

    async fn extend(&self, live: &Arc<Live>, lock: &mut Lock) {
        let (until, now) = (live.trust(), self.clock.elapsed());
        let left = until.saturating_sub(now);
        if left.is_zero() {
            return;
        }
        let held_for = lock.held_until.saturating_sub(now);
        if held_for.is_zero() && lock.lease.is_some() {
            self.lost(live, lock.policy, "it could not be extended in time");
        }
        let limit = if held_for.is_zero() { self.tuning.lock_timeout } else { held_for.min(self.tuning.lock_timeout) };
        match &lock.lease {
            Some(lease) => match self.within(limit, lease.extend(left)).await {
                Ok(true) => lock.held_until = until,
                // Maybe the server forgot it. Whoever holds it now is left in peace.
                Ok(false) => self.take_again(live, lock, until, limit).await,
                // Tried again; when that is too late, it is lost.
                Err(_) => {}
            },
            None => self.take_again(live, lock, until, limit).await,
        }
    }

    async fn take_again(&self, live: &Arc<Live>, lock: &mut Lock, until: Duration, limit: Duration) {
        lock.unknown = true;
        match self.acquire(live, limit).await {
            Ok(Locked::Mine(lease)) => (lock.lease, lock.unknown, lock.held_until) = (Some(lease), false, until),
            Ok(Locked::Elsewhere | Locked::TickTaken) => {
                (lock.lease, lock.unknown) = (None, false);
                self.lost(live, lock.policy, "somebody else has taken the lock");
            }
            Err(_) => {}
        }
    }

    fn lost(&self, live: &Live, policy: LockPolicy, why: &str) {
        let run = live.active.run();
        tracing::warn!(run_id = %run.id, job = %run.name, why, "the lock was lost while the run was live");
        if policy == LockPolicy::Require {
            live.active.stop(Stop::LockLost);
        }
    }

    /// Lets the lock go, or leaves it to run out when it was to be held for longer. `ended` is nothing when the handler was not called.
    pub(super) async fn unlock(&self, live: &Live, lock: Lock, ended: Option<Ended>) {
        let (run, config) = (live.active.run(), live.active.config());
        let at_least = config.policy.lock_at_least_for.filter(|_| ended.is_some()).unwrap_or_default();
        let rest = (lock.taken + at_least).saturating_sub(self.clock.elapsed());
        let limit = self.tuning.lock_timeout;
        let lease = match lock.lease {
            _ if lock.unknown => match self.acquire(live, limit).await {
                Ok(Locked::Mine(lease)) => lease,
                _ => return,
            },
            Some(lease) => lease,
            None => return,
        };
        let released = async { if rest.is_zero() { lease.release().await } else { lease.extend(rest).await } };
        match self.within(limit, released).await {
            Ok(_) => {
                let ended = ended.unwrap_or(Ended::Failed);
                live.log(format_args!("Released lock for job: {}; Ended - {ended}", run.name));
            }
            // It runs out by itself.
            Err(error) => tracing::warn!(run_id = %run.id, job = %run.name, %error, "the lock could not be released"),
        }
    }

    async fn acquire(&self, live: &Live, limit: Duration) -> Result<Locked> {
        let (run, config) = (live.active.run(), live.active.config());
        let holder = LockHolder { store_id: self.store_id(), config_id: run.config_id, fence: run.fence };
        let due_at = run.due_at;
        let until_deadline = || Duration::try_from(run.start_deadline - due_at).unwrap_or(REMEMBER);
        let tick = (self.takes_ticks() && run.kind == RunKind::Tick)
            .then(|| LockTick { due_at, remember: until_deadline() + REMEMBER });
        let ttl = live.trust().saturating_sub(self.clock.elapsed()).max(Duration::from_millis(1));
        self.within(limit, self.locker.acquire(&LockRequest { name: &config.name, holder, ttl, tick })).await
    }

    /// Whether replicas have nothing in common but the lock: then it says who takes a tick.
    pub fn takes_ticks(&self) -> bool {
        self.locker.is_shared() && !self.store.is_shared()
    }

    /// The handler is not called: the run ends as skipped.
    fn skip_claimed(&self, live: &Live, reason: SkipReason) -> Option<Lock> {
        if live.take_back() {
            // It cannot fail: the receiver lives as long as the replica's tasks do.
            let _ = self.finishes.send(Finish { hold: live.hold, outcome: Outcome::skipped(reason) });
        }
        None
    }

    /// The handler is not called yet: the run waits on. Tried again while the hold is good; after that it will be found abandoned.
    async fn postpone(&self, live: &Arc<Live>) {
        if !live.take_back() {
            return;
        }
        let run = live.active.run();
        let page_id: PageId = run.page_id();
        let least = self.tuning.lock_again_after;
        let spread = self.jitter(Duration::from_secs(1)).as_secs_f64();
        let decide = |pages: &mut [Page]| {
            for page in pages {
                // The longer it has waited, the less often it asks.
                let waited = Duration::try_from(page.now() - run.due_at).unwrap_or_default();
                let left = Duration::try_from(run.start_deadline - page.now()).unwrap_or_default();
                let again_after = (waited / 2).min(left / 2).clamp(least, least.max(LONGEST_PAUSE)).mul_f64(spread);
                page.postpone(live.hold, SkipReason::LockUnavailable, page.now() + again_after);
            }
            Ok(())
        };
        while let Err(error) = self.store.transact(Pages::Of(&[page_id]), Busy::Wait, &decide).await {
            tracing::warn!(run_id = %live.hold.run_id, %error, "a claim could not be taken back yet");
            if self.clock.elapsed() >= live.trust() {
                break;
            }
            self.clock.sleep_until(self.clock.elapsed() + self.tuning.retry_after).await;
        }
        live.tell(End::TakenBack);
        self.active.remove(live.hold);
        self.nudge();
    }

    /// Whether the locker answers.
    pub async fn ask_locker(&self) -> Result<()> {
        self.within(self.tuning.lock_timeout, self.locker.ping()).await
    }

    /// What the locker answers, or unavailable when it takes too long.
    async fn within<T>(&self, limit: Duration, answer: impl Future<Output = Result<T>>) -> Result<T> {
        tokio::select! {
            biased;
            answer = answer => answer,
            () = self.clock.sleep_until(self.clock.elapsed() + limit) => {
                Err(Error::unavailable(format!("no answer within {limit:?}")))
            }
        }
    }
}
