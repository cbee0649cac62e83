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
    contracts::{Clock, Lease, LockRequest, LockTick, Locked, Locker},
};

/// Gives leases to those who hold the same value (clones are the same).
#[derive(Clone)]
pub struct MemoryLocker {
    clock: Arc<dyn Clock>,
    held: Arc<Mutex<HashMap<JobName, Held>>>,
    /// The newest tick of each name, and who took it.
    taken: Arc<Mutex<HashMap<JobName, (Timestamp, StoreId)>>>,
    next: Arc<AtomicU64>,
}

#[derive(Clone, Copy)]
struct Held {
    lease: u64,
    holder: LockHolder,
    until: Duration,
}

impl Held {
    /// Whether `holder` comes after this one's.
    fn gives_way_to(&self, holder: LockHolder) -> bool {
        let same = (self.holder.store_id, self.holder.config_id) == (holder.store_id, holder.config_id);
        same && self.holder.fence < holder.fence
    }
}

struct MemoryLease {
    locker: MemoryLocker,
    name: JobName,
    lease: u64,
}

impl MemoryLocker {
    /// A locker whose leases run out by `clock`.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, held: Arc::default(), taken: Arc::default(), next: Arc::default() }
    }
}

#[async_trait]
impl Locker for MemoryLocker {
    async fn acquire(&self, request: &LockRequest<'_>) -> Result<Locked> {
        let LockRequest { name, holder, ttl, tick } = *request;
        let now = self.clock.elapsed();
        let mut held = self.held.lock();
        if held.get(name).is_some_and(|held| held.until > now && !held.gives_way_to(holder)) {
            return Ok(Locked::Elsewhere);
        }
        if let Some(LockTick { due_at, .. }) = tick {
            let mut taken = self.taken.lock();
            let by_other = |&(at, by): &(Timestamp, StoreId)| at > due_at || (at == due_at && by != holder.store_id);
            if taken.get(name).is_some_and(by_other) {
                return Ok(Locked::TickTaken);
            }
            taken.insert(name.clone(), (due_at, holder.store_id));
        }
        let lease = self.next.fetch_add(1, Ordering::Relaxed);
        held.insert(name.clone(), Held { lease, holder, until: now + ttl });
        Ok(Locked::Mine(Box::new(MemoryLease { locker: self.clone(), name: name.clone(), lease })))
    }

    async fn ping(&self) -> Result<()> {
        Ok(())
    }

    fn is_shared(&self) -> bool {
        false
    }
}

impl MemoryLease {
    /// Applies `change` to the entry if this lease is still the live one.
    fn if_live(&self, change: impl FnOnce(&mut HashMap<JobName, Held>, Duration)) -> bool {
        let now = self.locker.clock.elapsed();
        let mut held = self.locker.held.lock();
        let live = held.get(&self.name).is_some_and(|held| held.lease == self.lease && held.until > now);
        if live {
            change(&mut held, now);
        }
        live
    }
}

#[async_trait]
impl Lease for MemoryLease {
    async fn extend(&self, ttl: Duration) -> Result<bool> {
        let name = self.name.clone();
        Ok(self.if_live(|held, now| {
            held.entry(name).and_modify(|held| held.until = now + ttl);
        }))
    }

    async fn release(&self) -> Result<bool> {
        Ok(self.if_live(|held, _| {
            held.remove(&self.name);
        }))
    }
}
