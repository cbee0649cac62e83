//! What several tests need.

use std::{sync::Arc, time::Duration};

use cron_manager::{
    CronConfigId, Fence, JobName, LockHolder, Result, StoreId,
    backends::{
        redis::{Redis, RedisLocker, RedisOptions, RedisSignal},
        system::{SystemClock, SystemRandomness, TokioSpawn},
    },
    contracts::{Lease, LockRequest, LockTick, Locked, Locker, Signal},
};
use jiff::Timestamp;

pub(crate) const TTL: Duration = Duration::from_secs(30);

pub(crate) fn open(options: impl Into<RedisOptions>) -> Redis {
    Redis::open(options, Arc::new(SystemClock)).unwrap()
}

pub(crate) fn locker(options: impl Into<RedisOptions>) -> RedisLocker {
    open(options).locker(Arc::new(SystemRandomness))
}

pub(crate) fn signal(options: impl Into<RedisOptions>) -> RedisSignal {
    open(options).signal(&TokioSpawn, &SystemRandomness)
}

/// It nudges when it has become live.
pub(crate) async fn live(signal: &RedisSignal) {
    loop {
        let nudged = signal.nudged();
        if signal.is_live() {
            return;
        }
        nudged.await;
    }
}

pub(crate) async fn down(signal: &RedisSignal) {
    while signal.is_live() {
        tokio::task::yield_now().await;
    }
}

pub(crate) fn name(text: &str) -> JobName {
    text.parse().unwrap()
}

/// Asks for the lock by a fence of config 1 of store 1.
pub(crate) async fn ask(locker: &RedisLocker, job: &str, fence: i64) -> Result<Locked> {
    ask_with_tick(locker, job, fence, None).await
}

/// As [`ask`], with the tick at that second.
pub(crate) async fn ask_with_tick(locker: &RedisLocker, job: &str, fence: i64, tick: Option<i64>) -> Result<Locked> {
    let holder = LockHolder { store_id: StoreId(1), config_id: CronConfigId(1), fence: Fence(fence) };
    let due_at = |second| Timestamp::from_second(second).unwrap();
    let tick = tick.map(|second| LockTick { due_at: due_at(second), remember: TTL });
    locker.acquire(&LockRequest { name: &name(job), holder, ttl: TTL, tick }).await
}

/// Takes the lock.
pub(crate) async fn take(locker: &RedisLocker, job: &str, fence: i64) -> Box<dyn Lease> {
    let taken = match ask(locker, job, fence).await.unwrap() {
        Locked::Mine(lease) => Some(lease),
        Locked::Elsewhere | Locked::TickTaken => None,
    };
    taken.unwrap()
}

/// Whether somebody else holds the lock.
pub(crate) async fn is_held(locker: &RedisLocker, job: &str, fence: i64) -> bool {
    matches!(ask(locker, job, fence).await.unwrap(), Locked::Elsewhere)
}
