//! Lock: keep out those who share nothing but the lock, while a claimed run is live.

use std::{sync::Arc, time::Duration};

use super::{Replica, active::Live};
use crate::{
    Error, LockHolder, LockPolicy, Outcome, PageId, Result, RunKind, SkipReason, Stop,
    contracts::{Busy, Finish, Lease, LockRequest, LockTick, Locked, Pages},
    domain::ledger::Page,
};

/// How much longer than its start deadline a tick is remembered as taken, where nothing but the lock is shared.
const REMEMBER: Duration = Duration::from_secs(86_400);

/// The lock of a live run: a lease, or the policy's leave to go on without one.
pub(super) struct Lock {
    policy: LockPolicy,
    lease: Option<Box<dyn Lease>>,
    /// When it was taken, on this machine's clock.
    taken: Duration,
    /// Until here nobody else can have taken it.
    held_until: Duration,
}

impl Replica {
    /// Takes the lock of a claimed run. `None`: the run does not begin here; what becomes of it is on its way to the store.
    pub(super) async fn lock(&self, live: &Arc<Live>) -> Option<Lock> {
        let sent = self.clock.elapsed();
        let config = live.active.config();
        let policy = if self.takes_ticks() { LockPolicy::Require } else { config.policy.lock };
        let mut lock = Lock { policy, lease: None, taken: sent, held_until: sent };
        // What every replica runs needs no lock, also when the config has changed since; each lane has fences of its own.
        if !config.is_distributed() || live.active.run().lane.is_some() {
            return Some(lock);
        }
        let until = live.trust();
        let answer = match self.acquire(live).await {
            Ok(Locked::Mine(_)) if self.clock.elapsed() >= until => {
                Err(Error::unavailable("the answer came when the lease had run out"))
            }
            answer => answer,
        };
        match answer {
            Ok(Locked::Mine(lease)) => {
                let run = live.active.run();
                tracing::info!(run_id = %run.id, job = %run.name, due_at = %run.due_at, replica_id = %live.hold.replica_id, fence = %run.fence, "Acquired lock for job: {}; Started - Success", run.name);
                (lock.lease, lock.held_until) = (Some(lease), until);
                Some(lock)
            }
            Ok(Locked::Elsewhere) => self.skip_claimed(live, SkipReason::LockedElsewhere),
            Ok(Locked::TickTaken) => self.skip_claimed(live, SkipReason::Elsewhere),
            Err(error) if policy == LockPolicy::Prefer => {
                tracing::warn!(run_id = %live.hold.run_id, job = %config.name, %error, "the lock cannot be reached; the run goes on without");
                Some(lock)
            }
            Err(error) => {
                tracing::warn!(run_id = %live.hold.run_id, job = %config.name, %error, "the lock cannot be reached; the run waits");
                self.postpone(live).await;
                None
            }
        }
    }

    /// Keeps the lease alive while the run is; never ends. Under `require`, a lease that is lost stops the run.
    pub(super) async fn keep_locked(&self, live: &Arc<Live>, lock: &mut Lock) {
        let third = live.active.run().ttl / 3;
        while lock.lease.is_some() {
            self.clock.sleep_until(self.clock.elapsed() + third).await;
            self.extend(live, lock).await;
        }
        std::future::pending().await
    }

    async fn extend(&self, live: &Arc<Live>, lock: &mut Lock) {
        let Some(lease) = &lock.lease else { return };
        let until = live.trust();
        let left = until.saturating_sub(self.clock.elapsed());
        if left.is_zero() {
            return;
        }
        let extended = match self.in_time(lease.extend(left)).await {
            // Maybe the server forgot it. Whoever holds it now is left in peace.
            Ok(false) => self.acquire(live).await.map(|locked| match locked {
                Locked::Mine(lease) => Some(lease),
                Locked::Elsewhere | Locked::TickTaken => None,
            }),
            Ok(true) => lock.lease.take().map(Ok).transpose(),
            Err(error) => Err(error),
        };
        match extended {
            Ok(Some(lease)) => (lock.lease, lock.held_until) = (Some(lease), until),
            Ok(None) => {
                lock.lease = None;
                self.lost(live, lock.policy, "somebody else has taken the lock");
            }
            Err(_) if self.clock.elapsed() < lock.held_until => {}
            Err(error) => self.lost(live, lock.policy, &error.to_string()),
        }
    }

    fn lost(&self, live: &Live, policy: LockPolicy, why: &str) {
        let run = live.active.run();
        tracing::warn!(run_id = %run.id, job = %run.name, why, "the lock was lost while the run was live");
        if policy == LockPolicy::Require {
            live.active.stop(Stop::LockLost);
        }
    }

    /// Lets the lock go, or leaves it to run out when it was to be held for longer.
    pub(super) async fn unlock(&self, live: &Live, lock: Lock) {
        let Some(lease) = lock.lease else { return };
        let (run, config) = (live.active.run(), live.active.config());
        let at_least = config.policy.lock_at_least_for.unwrap_or_default();
        let rest = (lock.taken + at_least).saturating_sub(self.clock.elapsed());
        let released = async { if rest.is_zero() { lease.release().await } else { lease.extend(rest).await } };
        match self.in_time(released).await {
            Ok(_) => {
                tracing::info!(run_id = %run.id, job = %run.name, due_at = %run.due_at, replica_id = %live.hold.replica_id, fence = %run.fence, "Released lock for job: {}; Ended", run.name);
            }
            // It runs out by itself.
            Err(error) => tracing::warn!(run_id = %run.id, job = %run.name, %error, "the lock could not be released"),
        }
    }

    async fn acquire(&self, live: &Live) -> Result<Locked> {
        let (run, config) = (live.active.run(), live.active.config());
        let holder = LockHolder { store_id: self.store_id(), config_id: run.config_id, fence: run.fence };
        let due_at = run.due_at;
        let until_deadline = || Duration::try_from(run.start_deadline - due_at).unwrap_or(REMEMBER);
        let tick = (self.takes_ticks() && run.kind == RunKind::Tick)
            .then(|| LockTick { due_at, remember: until_deadline() + REMEMBER });
        let ttl = live.trust().saturating_sub(self.clock.elapsed());
        self.in_time(self.locker.acquire(&LockRequest { name: &config.name, holder, ttl, tick })).await
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
        let page_id: PageId = live.active.run().page_id();
        let again_after = self.jitter(self.tuning.lock_again_after);
        let decide = |pages: &mut [Page]| {
            for page in pages {
                let start_after = page.now() + again_after;
                page.postpone(live.hold, SkipReason::LockUnavailable, start_after);
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
        self.active.remove(live.hold.run_id);
        self.nudge();
    }

    /// Whether the locker answers.
    pub async fn ask_locker(&self) -> Result<()> {
        self.in_time(self.locker.ping()).await
    }

    /// What the locker answers, or unavailable when it takes too long.
    async fn in_time<T>(&self, answer: impl Future<Output = Result<T>>) -> Result<T> {
        tokio::select! {
            biased;
            answer = answer => answer,
            () = self.clock.sleep_until(self.clock.elapsed() + self.tuning.lock_timeout) => {
                Err(Error::unavailable(format!("no answer within {:?}", self.tuning.lock_timeout)))
            }
        }
    }
}
