//! A lock that others hold, too, and that can go away.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use cron_manager::{
    CronConfigId, Error, Fence, LockHolder, Result, StoreId,
    backends::memory::MemoryLocker,
    contracts::{Clock, Lease, LockRequest, Locked, Locker},
    testing::ManualClock,
};

use crate::service::name;

/// A lock that is shared with other processes. Clones are the same lock.
#[derive(Clone)]
pub(crate) struct SharedLock {
    locker: MemoryLocker,
    clock: ManualClock,
    away: Arc<AtomicBool>,
    hangs: Arc<AtomicBool>,
    late: Arc<AtomicU64>,
}

impl SharedLock {
    pub(crate) fn new(clock: ManualClock) -> Self {
        let locker = MemoryLocker::new(Arc::new(clock.clone()));
        Self { locker, clock, away: Arc::default(), hangs: Arc::default(), late: Arc::default() }
    }

    /// From now on it does not answer, or does again.
    pub(crate) fn set_away(&self, away: bool) {
        self.away.store(away, Ordering::Relaxed);
    }

    /// From now on nobody gets any answer.
    pub(crate) fn hang(&self) {
        self.hangs.store(true, Ordering::Relaxed);
    }

    /// From now on, its answer to who asks for it comes so many milliseconds after it was given.
    pub(crate) fn set_late(&self, late: u64) {
        self.late.store(late, Ordering::Relaxed);
    }

    /// Somebody else, who shares nothing but the lock, takes it; `None` when it is held.
    pub(crate) async fn outsider(&self, job: &str, ttl: Duration) -> Option<Box<dyn Lease>> {
        let holder = LockHolder { store_id: StoreId(0xf0e), config_id: CronConfigId(1), fence: Fence(1) };
        let (job, tick) = (name(job), None);
        match self.locker.acquire(&LockRequest { name: &job, holder, ttl, tick }).await.unwrap() {
            Locked::Mine(lease) => Some(lease),
            Locked::Elsewhere | Locked::TickTaken => None,
        }
    }

    async fn answer(&self) -> Result<()> {
        if self.hangs.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
        if self.away.load(Ordering::Relaxed) { Err(Error::unavailable("the lock is away")) } else { Ok(()) }
    }
}

#[async_trait]
impl Locker for SharedLock {
    async fn acquire(&self, request: &LockRequest<'_>) -> Result<Locked> {
        self.answer().await?;
        let locked = self.locker.acquire(request).await?;
        let late = Duration::from_millis(self.late.load(Ordering::Relaxed));
        self.clock.sleep_until(self.clock.elapsed() + late).await;
        Ok(match locked {
            Locked::Mine(lease) => Locked::Mine(Box::new(SharedLease { lease, lock: self.clone() })),
            other => other,
        })
    }

    async fn ping(&self) -> Result<()> {
        self.answer().await
    }

    fn is_shared(&self) -> bool {
        true
    }
}

struct SharedLease {
    lease: Box<dyn Lease>,
    lock: SharedLock,
}

#[async_trait]
impl Lease for SharedLease {
    async fn extend(&self, ttl: Duration) -> Result<bool> {
        self.lock.answer().await?;
        self.lease.extend(ttl).await
    }

    async fn release(&self) -> Result<bool> {
        self.lock.answer().await?;
        self.lease.release().await
    }
}
