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
use parking_lot::Mutex;

use crate::{
    JobName, Result,
    contracts::{Clock, Lease, Locker},
};

/// Gives leases to those who hold the same value (clones are the same).
#[derive(Clone)]
pub struct MemoryLocker {
    clock: Arc<dyn Clock>,
    held: Arc<Mutex<HashMap<JobName, Held>>>,
    next: Arc<AtomicU64>,
}

#[derive(Clone, Copy)]
struct Held {
    lease: u64,
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
        Self { clock, held: Arc::default(), next: Arc::default() }
    }
}

#[async_trait]
impl Locker for MemoryLocker {
    async fn acquire(&self, name: &JobName, ttl: Duration) -> Result<Option<Box<dyn Lease>>> {
        let now = self.clock.elapsed();
        let mut held = self.held.lock();
        if held.get(name).is_some_and(|held| held.until > now) {
            return Ok(None);
        }
        let lease = self.next.fetch_add(1, Ordering::Relaxed);
        held.insert(name.clone(), Held { lease, until: now + ttl });
        Ok(Some(Box::new(MemoryLease { locker: self.clone(), name: name.clone(), lease })))
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
        let (name, lease) = (self.name.clone(), self.lease);
        Ok(self.if_live(|held, now| {
            held.insert(name, Held { lease, until: now + ttl });
        }))
    }

    async fn release(&self) -> Result<bool> {
        Ok(self.if_live(|held, _| {
            held.remove(&self.name);
        }))
    }
}
