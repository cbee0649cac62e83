//! A replica's way to the lock, with faults, and outsiders who share nothing but the lock.

use std::{collections::HashMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use cron_manager::{
    CronConfigId, Error, Fence, JobName, LockHolder, Result, StoreId,
    backends::memory::MemoryLocker,
    contracts::{Clock, Lease, LockRequest, Locked, Locker},
};
use futures_util::FutureExt;
use parking_lot::Mutex;

use crate::{executor::SimClock, random::Random};

/// The lock that all share. Clones are the same.
#[derive(Clone)]
pub(crate) struct SharedLock {
    locker: MemoryLocker,
    clock: SimClock,
    away_until: Arc<Mutex<Duration>>,
    outsiders: Arc<Mutex<Outsiders>>,
}

/// The leases of outsiders, and until when these last.
type Outsiders = HashMap<JobName, (Box<dyn Lease>, Duration)>;

impl SharedLock {
    pub(crate) fn new(clock: SimClock) -> Self {
        let locker = MemoryLocker::new(Arc::new(clock.clone()));
        Self { locker, clock, away_until: Arc::default(), outsiders: Arc::default() }
    }

    /// Nobody gets an answer until then.
    pub(crate) fn go_away(&self, until: Duration) {
        *self.away_until.lock() = until;
    }

    /// An outsider takes the lock on a job for a while, if nobody has it; or lets it go.
    pub(crate) fn outsider(&self, name: &str, ttl: Duration) {
        let name: JobName = name.parse().unwrap();
        if let Some((lease, _)) = self.outsiders.lock().remove(&name) {
            lease.release().now_or_never().unwrap().unwrap();
            return;
        }
        let holder = LockHolder { store_id: StoreId(0xf0e), config_id: CronConfigId(1), fence: Fence(1) };
        let request = LockRequest { name: &name, holder, ttl, tick: None };
        if let Locked::Mine(lease) = self.locker.acquire(&request).now_or_never().unwrap().unwrap() {
            self.outsiders.lock().insert(name, (lease, self.clock.elapsed() + ttl));
        }
    }

    /// Whether an outsider has the lock on a job now.
    pub(crate) fn is_with_outsider(&self, name: &JobName) -> bool {
        self.outsiders.lock().get(name).is_some_and(|(_, until)| self.clock.elapsed() < *until)
    }

    fn is_away(&self) -> bool {
        self.clock.elapsed() < *self.away_until.lock()
    }
}

/// The lock as one replica reaches it.
#[derive(Clone)]
pub(crate) struct FaultyLocker {
    pub(crate) lock: SharedLock,
    pub(crate) clock: SimClock,
    pub(crate) random: Random,
}

impl FaultyLocker {
    async fn call<T>(&self, call: impl Future<Output = Result<T>> + Send) -> Result<T> {
        self.clock.sleep_until(self.clock.elapsed() + self.random.millis(0..5)).await;
        if self.lock.is_away() || self.random.chance(0.01) {
            return Err(Error::unavailable("simulated: the lock is away"));
        }
        let answer = call.await;
        self.clock.sleep_until(self.clock.elapsed() + self.random.millis(0..5)).await;
        if self.random.chance(0.01) {
            return Err(Error::unavailable("simulated: done, and the answer was lost"));
        }
        answer
    }
}

#[async_trait]
impl Locker for FaultyLocker {
    async fn acquire(&self, request: &LockRequest<'_>) -> Result<Locked> {
        Ok(match self.call(self.lock.locker.acquire(request)).await? {
            Locked::Mine(lease) => Locked::Mine(Box::new(FaultyLease { lease, locker: self.clone() })),
            other => other,
        })
    }

    async fn ping(&self) -> Result<()> {
        self.call(async { Ok(()) }).await
    }

    fn is_shared(&self) -> bool {
        true
    }
}

struct FaultyLease {
    lease: Box<dyn Lease>,
    locker: FaultyLocker,
}

#[async_trait]
impl Lease for FaultyLease {
    async fn extend(&self, ttl: Duration) -> Result<bool> {
        self.locker.call(self.lease.extend(ttl)).await
    }

    async fn release(&self) -> Result<bool> {
        self.locker.call(self.lease.release()).await
    }
}
