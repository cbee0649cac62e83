//! Laws of [`Locker`] and [`Lease`](crate::contracts::Lease).

use std::{sync::Arc, time::Duration};

use super::super::ManualClock;
use crate::{
    CronConfigId, Fence, JobName, LockHolder, StoreId,
    contracts::{Lease, LockRequest, Locked, Locker},
};

const TTL: Duration = Duration::from_secs(10);

/// Makes the tests; the factory returns a locker whose leases run out by the clock it is given.
#[macro_export]
macro_rules! locker_laws {
    ($make:path) => {
        $crate::laws!(locker, $make; one_lease_per_name, of_many_who_ask_at_once_one_gets_it, names_do_not_touch_each_other, a_released_lease_can_be_taken, a_lease_runs_out_after_its_ttl, an_extended_lease_lasts_from_then, an_ended_lease_can_be_neither_extended_nor_released, a_late_release_does_not_end_the_successor);
    };
}

/// What a stranger gets who asks for the lock on `name`.
async fn acquire(locker: &dyn Locker, name: &str) -> Option<Box<dyn Lease>> {
    static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
    let store_id = StoreId(NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
    let holder = LockHolder { store_id, config_id: CronConfigId(1), fence: Fence(1) };
    let name: JobName = name.parse().unwrap();
    match locker.acquire(&LockRequest { name: &name, holder, ttl: TTL, tick: None }).await.unwrap() {
        Locked::Mine(lease) => Some(lease),
        Locked::Elsewhere | Locked::TickTaken => None,
    }
}

/// While it is held, nobody else gets it.
pub async fn one_lease_per_name(locker: Arc<dyn Locker>, _: ManualClock) {
    let held = acquire(&*locker, "a").await;
    assert!(held.is_some());
    assert!(acquire(&*locker, "a").await.is_none());
}

/// ShedLock's fuzz law: however many ask, one holds.
pub async fn of_many_who_ask_at_once_one_gets_it(locker: Arc<dyn Locker>, _: ManualClock) {
    for _ in 0..20 {
        let asks = (0..16).map(|_| acquire(&*locker, "contended"));
        let answers = futures_util::future::join_all(asks).await;
        let held: Vec<_> = answers.into_iter().flatten().collect();
        assert_eq!(held.len(), 1);
        assert!(held[0].release().await.unwrap());
    }
}

/// A lease on one name says nothing about another.
pub async fn names_do_not_touch_each_other(locker: Arc<dyn Locker>, _: ManualClock) {
    let _a = acquire(&*locker, "a").await.unwrap();
    assert!(acquire(&*locker, "b").await.is_some());
}

/// Released is free.
pub async fn a_released_lease_can_be_taken(locker: Arc<dyn Locker>, _: ManualClock) {
    let lease = acquire(&*locker, "a").await.unwrap();
    assert!(lease.release().await.unwrap());
    assert!(acquire(&*locker, "a").await.is_some());
}

/// Nobody has to release it.
pub async fn a_lease_runs_out_after_its_ttl(locker: Arc<dyn Locker>, clock: ManualClock) {
    let _lease = acquire(&*locker, "a").await.unwrap();
    clock.advance(TTL - Duration::from_millis(1));
    assert!(acquire(&*locker, "a").await.is_none());
    clock.advance(Duration::from_millis(1));
    assert!(acquire(&*locker, "a").await.is_some());
}

/// An extension counts from when it was made.
pub async fn an_extended_lease_lasts_from_then(locker: Arc<dyn Locker>, clock: ManualClock) {
    let lease = acquire(&*locker, "a").await.unwrap();
    clock.advance(TTL / 2);
    assert!(lease.extend(TTL).await.unwrap());
    clock.advance(TTL / 2 + TTL / 4);
    assert!(acquire(&*locker, "a").await.is_none());
    clock.advance(TTL / 4);
    assert!(acquire(&*locker, "a").await.is_some());
}

/// What has ended cannot be revived.
pub async fn an_ended_lease_can_be_neither_extended_nor_released(locker: Arc<dyn Locker>, clock: ManualClock) {
    let lease = acquire(&*locker, "a").await.unwrap();
    clock.advance(TTL);
    assert!(!lease.extend(TTL).await.unwrap());
    assert!(!lease.release().await.unwrap());
    let lease = acquire(&*locker, "a").await.unwrap();
    assert!(lease.release().await.unwrap());
    assert!(!lease.release().await.unwrap());
    assert!(!lease.extend(TTL).await.unwrap());
}

/// Whoever comes late with a release does not free what somebody else holds by then.
pub async fn a_late_release_does_not_end_the_successor(locker: Arc<dyn Locker>, clock: ManualClock) {
    let first = acquire(&*locker, "a").await.unwrap();
    clock.advance(TTL);
    let second = acquire(&*locker, "a").await.unwrap();
    assert!(!first.release().await.unwrap());
    assert!(!first.extend(TTL).await.unwrap());
    assert!(acquire(&*locker, "a").await.is_none());
    assert!(second.release().await.unwrap());
}
