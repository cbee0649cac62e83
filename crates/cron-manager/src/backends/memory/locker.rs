//! A locker within one process.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use jiff::Timestamp;
use parking_lot::Mutex;

use crate::{
    JobName, LockHolder, Result, StoreId,
    contracts::{Clock, Lease, LockRequest, Locked, Locker},
};

/// Gives leases to those who hold the same value (clones are the same).
#[derive(Clone)]
pub struct MemoryLocker {
    clock: Arc<dyn Clock>,
    jobs: Arc<Mutex<HashMap<JobName, Job>>>,
    next: Arc<AtomicU64>,
}

#[derive(Default)]
struct Job {
    held: Option<Held>,
    tick: Option<Tick>,
}

#[derive(Clone, Copy)]
struct Held {
    lease: u64,
    holder: LockHolder,
    until: Duration,
}

#[derive(Clone, Copy)]
struct Tick {
    due_at: Timestamp,
    store_id: StoreId,
    until: Duration,
}

struct MemoryLease {
    locker: MemoryLocker,
    name: JobName,
    lease: u64,
}

impl MemoryLocker {
    /// A locker whose leases run out by `clock`.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, jobs: Arc::default(), next: Arc::default() }
    }
}

#[async_trait]
impl Locker for MemoryLocker {
    async fn acquire(&self, request: &LockRequest<'_>) -> Result<Locked> {
        let (now, holder) = (self.clock.elapsed(), request.holder);
        let mut jobs = self.jobs.lock();
        let job = jobs.entry(request.name.clone()).or_default();
        job.forget(now);
        if let (Some(wanted), Some(taken)) = (request.tick, job.tick)
            && (wanted.due_at, holder.store_id) != (taken.due_at, taken.store_id)
            && wanted.due_at <= taken.due_at
        {
            return Ok(Locked::TickTaken);
        }
        if job.held.is_some_and(|held| !held.yields_to(&holder)) {
            return Ok(Locked::Elsewhere);
        }
        let lease = self.next.fetch_add(1, Ordering::Relaxed);
        job.held = Some(Held { lease, holder, until: now + request.ttl });
        if let Some(tick) = request.tick {
            job.tick = Some(Tick { due_at: tick.due_at, store_id: holder.store_id, until: now + tick.remember });
        }
        Ok(Locked::Mine(Box::new(MemoryLease { locker: self.clone(), name: request.name.clone(), lease })))
    }

    async fn ping(&self) -> Result<()> {
        Ok(())
    }

    fn is_shared(&self) -> bool {
        false
    }
}

impl Job {
    /// Drops what has run out.
    fn forget(&mut self, now: Duration) {
        self.held = self.held.filter(|held| held.until > now);
        self.tick = self.tick.filter(|tick| tick.until > now);
    }
}

impl Held {
    /// Whether the lease of an earlier run, or of the same claim, is left to `other`.
    fn yields_to(&self, other: &LockHolder) -> bool {
        *other == LockHolder { fence: other.fence, ..self.holder } && other.fence >= self.holder.fence
    }
}

impl MemoryLease {
    /// Applies `change` to the job if this lease is still its live one.
    fn if_live(&self, change: impl FnOnce(&mut Option<Held>, Duration)) -> bool {
        let now = self.locker.clock.elapsed();
        let mut jobs = self.locker.jobs.lock();
        let Some(job) = jobs.get_mut(&self.name) else { return false };
        job.forget(now);
        let live = job.held.is_some_and(|held| held.lease == self.lease);
        if live {
            change(&mut job.held, now);
        }
        live
    }
}

#[async_trait]
impl Lease for MemoryLease {
    async fn extend(&self, ttl: Duration) -> Result<bool> {
        Ok(self.if_live(|held, now| *held = held.map(|held| Held { until: now + ttl, ..held })))
    }

    async fn release(&self) -> Result<bool> {
        Ok(self.if_live(|held, _| *held = None))
    }
}
