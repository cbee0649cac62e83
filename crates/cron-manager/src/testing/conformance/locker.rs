//! Laws of [`Locker`] and [`Lease`].

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use futures_util::future::join_all;
use jiff::Timestamp;

use super::super::ManualClock;
use crate::{
    CronConfigId, Fence, JobName, LockHolder, StoreId,
    contracts::{Lease, LockRequest, LockTick, Locked, Locker},
};

const TTL: Duration = Duration::from_secs(60);
/// How long a tick is remembered.
const REMEMBER: Duration = Duration::from_secs(600);
/// What a law may take where time also passes by itself.
const MARGIN: Duration = Duration::from_secs(20);

/// Makes the tests; the factory returns a locker, and the time by which its leases run out.
#[macro_export]
macro_rules! locker_laws {
    ($make:path) => {
        $crate::laws!(
            locker, $make;
            it_answers,
            one_lease_per_name,
            of_many_who_ask_at_once_one_gets_it,
            names_do_not_touch_each_other,
            a_released_lease_can_be_taken,
            a_lease_runs_out_after_its_ttl,
            an_extended_lease_lasts_from_then,
            an_extension_may_shorten_a_lease,
            an_ended_lease_can_be_neither_extended_nor_released,
            a_late_release_does_not_end_the_successor,
            a_fence_that_is_no_lower_takes_over,
            a_lower_fence_does_not,
            other_stores_and_configs_do_not_whatever_their_fence,
            fences_are_whole_numbers_of_any_size,
            a_tick_is_taken_by_one_store,
            a_store_takes_its_own_tick_again,
            an_earlier_tick_is_taken_with_a_later_one,
            of_many_stores_that_ask_at_once_one_takes_a_tick,
            a_tick_is_remembered_longer_than_its_lease,
            a_tick_that_is_taken_takes_no_lock,
            a_lock_that_is_held_takes_no_tick,
        );
    };
}

/// The time by which leases run out: a clock that is turned by hand, or one that can be made to seem so.
#[async_trait]
pub trait Time: Send + Sync {
    /// Lets so much of it pass.
    async fn pass(&self, length: Duration);
}

#[async_trait]
impl Time for ManualClock {
    async fn pass(&self, length: Duration) {
        self.advance(length);
    }
}

/// A locker and its time.
pub type Timed = (Arc<dyn Locker>, Arc<dyn Time>);

fn name(text: &str) -> JobName {
    text.parse().unwrap()
}

fn holder(store: u64, fence: i64) -> LockHolder {
    LockHolder { store_id: StoreId(store), config_id: CronConfigId(1), fence: Fence(fence) }
}

async fn ask(locker: &Arc<dyn Locker>, name: &JobName, holder: LockHolder, tick: Option<i64>) -> Locked {
    let due_at = |second| Timestamp::from_second(second).unwrap();
    let tick = tick.map(|second| LockTick { due_at: due_at(second), remember: REMEMBER });
    locker.acquire(&LockRequest { name, holder, ttl: TTL, tick }).await.unwrap()
}

fn lease(answer: Locked) -> Option<Box<dyn Lease>> {
    assert!(!matches!(answer, Locked::TickTaken), "no tick was asked for");
    mine(answer)
}

fn mine(answer: Locked) -> Option<Box<dyn Lease>> {
    match answer {
        Locked::Mine(lease) => Some(lease),
        Locked::Elsewhere | Locked::TickTaken => None,
    }
}

/// Takes the lock on a name, for a store of its own each time.
async fn take(locker: &Arc<dyn Locker>, text: &str, store: u64) -> Option<Box<dyn Lease>> {
    lease(ask(locker, &name(text), holder(store, 1), None).await)
}

/// As [`take`], by a fence of store 1.
async fn take_by_fence(locker: &Arc<dyn Locker>, text: &str, fence: i64) -> Option<Box<dyn Lease>> {
    lease(ask(locker, &name(text), holder(1, fence), None).await)
}

/// Takes the tick at that second while nobody holds the lock, which is released again.
async fn take_tick(locker: &Arc<dyn Locker>, store: u64, second: i64) -> bool {
    let answer = ask(locker, &name("a"), holder(store, 1), Some(second)).await;
    assert!(!matches!(answer, Locked::Elsewhere), "nobody holds the lock");
    match mine(answer) {
        Some(lease) => lease.release().await.unwrap(),
        None => false,
    }
}

/// While nothing is wrong with it.
pub async fn it_answers((locker, _): Timed, _: ManualClock) {
    locker.ping().await.unwrap();
}

/// While it is held, nobody else gets it.
pub async fn one_lease_per_name((locker, _): Timed, _: ManualClock) {
    let held = take(&locker, "a", 1).await;
    assert!(held.is_some());
    assert!(take(&locker, "a", 2).await.is_none());
}

/// ShedLock's fuzz law: however many ask, one holds.
pub async fn of_many_who_ask_at_once_one_gets_it((locker, _): Timed, _: ManualClock) {
    for _ in 0..20 {
        let answers = join_all((0..16).map(|store| take(&locker, "contended", store))).await;
        let held: Vec<_> = answers.into_iter().flatten().collect();
        assert_eq!(held.len(), 1);
        assert!(held[0].release().await.unwrap());
    }
}

/// A lease, or a tick, of one name says nothing about another.
pub async fn names_do_not_touch_each_other((locker, _): Timed, _: ManualClock) {
    let a = ask(&locker, &name("a"), holder(1, 1), Some(60)).await;
    assert!(matches!(a, Locked::Mine(_)));
    for other in ["b", "aa", "a:tick", "A"] {
        let taken = ask(&locker, &name(other), holder(2, 1), Some(60)).await;
        assert!(matches!(taken, Locked::Mine(_)), "{other}");
    }
}

/// Released is free.
pub async fn a_released_lease_can_be_taken((locker, _): Timed, _: ManualClock) {
    let lease = take(&locker, "a", 1).await.unwrap();
    assert!(lease.release().await.unwrap());
    assert!(take(&locker, "a", 2).await.is_some());
}

/// Nobody has to release it.
pub async fn a_lease_runs_out_after_its_ttl((locker, time): Timed, _: ManualClock) {
    let _lease = take(&locker, "a", 1).await.unwrap();
    time.pass(TTL - MARGIN).await;
    assert!(take(&locker, "a", 2).await.is_none());
    time.pass(MARGIN).await;
    assert!(take(&locker, "a", 2).await.is_some());
}

/// An extension counts from when it was made.
pub async fn an_extended_lease_lasts_from_then((locker, time): Timed, _: ManualClock) {
    let lease = take(&locker, "a", 1).await.unwrap();
    time.pass(TTL - MARGIN).await;
    assert!(lease.extend(TTL).await.unwrap());
    time.pass(TTL - MARGIN).await;
    assert!(take(&locker, "a", 2).await.is_none());
    time.pass(MARGIN).await;
    assert!(take(&locker, "a", 2).await.is_some());
}

/// It lasts as long as was said last.
pub async fn an_extension_may_shorten_a_lease((locker, time): Timed, _: ManualClock) {
    let lease = take(&locker, "a", 1).await.unwrap();
    assert!(lease.extend(MARGIN).await.unwrap());
    time.pass(MARGIN).await;
    assert!(!lease.release().await.unwrap());
    assert!(take(&locker, "a", 2).await.is_some());
}

/// What has ended cannot be revived.
pub async fn an_ended_lease_can_be_neither_extended_nor_released((locker, time): Timed, _: ManualClock) {
    let lease = take(&locker, "a", 1).await.unwrap();
    time.pass(TTL).await;
    assert!(!lease.extend(TTL).await.unwrap());
    assert!(!lease.release().await.unwrap());
    let lease = take(&locker, "a", 1).await.unwrap();
    assert!(lease.release().await.unwrap());
    assert!(!lease.release().await.unwrap());
    assert!(!lease.extend(TTL).await.unwrap());
}

/// Whoever comes late with a release does not free what somebody else holds by then, be it the same holder.
pub async fn a_late_release_does_not_end_the_successor((locker, time): Timed, _: ManualClock) {
    for successor in [1, 2] {
        let first = take(&locker, "a", 1).await.unwrap();
        time.pass(TTL).await;
        let second = take(&locker, "a", successor).await.unwrap();
        assert!(!first.release().await.unwrap());
        assert!(!first.extend(TTL).await.unwrap());
        assert!(take(&locker, "a", 3).await.is_none());
        assert!(second.release().await.unwrap());
    }
}

/// The next run of a config need not wait for the end of its last one's lease, which has then ended.
pub async fn a_fence_that_is_no_lower_takes_over((locker, time): Timed, _: ManualClock) {
    let lower = take_by_fence(&locker, "a", 4).await.unwrap();
    time.pass(TTL - MARGIN).await;
    let lost = take_by_fence(&locker, "a", 5).await.unwrap();
    assert!(!lower.extend(TTL).await.unwrap());
    assert!(!lower.release().await.unwrap());
    // As one that lost the answer does.
    let higher = take_by_fence(&locker, "a", 5).await.unwrap();
    assert!(!lost.release().await.unwrap());
    time.pass(TTL - MARGIN).await;
    assert!(take(&locker, "a", 2).await.is_none());
    assert!(higher.extend(TTL).await.unwrap());
    assert!(higher.release().await.unwrap());
    assert!(take(&locker, "a", 2).await.is_some());
}

/// A claimer that was overtaken stays out.
pub async fn a_lower_fence_does_not((locker, _): Timed, _: ManualClock) {
    let held = take_by_fence(&locker, "a", 5).await.unwrap();
    for fence in [4, 1, 0, -5, -6] {
        assert!(take_by_fence(&locker, "a", fence).await.is_none(), "{fence}");
    }
    assert!(held.release().await.unwrap());
}

/// Fences of different stores and configs say nothing about each other.
pub async fn other_stores_and_configs_do_not_whatever_their_fence((locker, _): Timed, _: ManualClock) {
    let held = take_by_fence(&locker, "a", 5).await.unwrap();
    for store in [2, 0x10, 0x11, u64::MAX] {
        assert!(lease(ask(&locker, &name("a"), holder(store, 6), None).await).is_none(), "{store}");
    }
    for config in [2, 10, 11, -1] {
        let other = LockHolder { config_id: CronConfigId(config), ..holder(1, 6) };
        assert!(lease(ask(&locker, &name("a"), other, None).await).is_none(), "{config}");
    }
    assert!(held.release().await.unwrap());
}

/// Neither as texts nor as floating-point numbers.
pub async fn fences_are_whole_numbers_of_any_size((locker, _): Timed, _: ManualClock) {
    const EXACT: i64 = 1 << 53;
    let rising = [i64::MIN, i64::MIN + 1, -EXACT - 1, -EXACT, -10, -9, -1, 0, 1, 9, 10, 99, 100, EXACT, EXACT + 1];
    let rising = rising.into_iter().chain([i64::MAX - 1, i64::MAX]);
    let mut before: Option<i64> = None;
    for fence in rising {
        let lease = take_by_fence(&locker, "a", fence).await;
        assert!(lease.is_some(), "{fence} after {before:?}");
        if let Some(before) = before {
            assert!(take_by_fence(&locker, "a", before).await.is_none(), "{before} after {fence}");
        }
        before = Some(fence);
    }
}

/// Once among all stores, also when the lock is free again.
pub async fn a_tick_is_taken_by_one_store((locker, _): Timed, _: ManualClock) {
    assert!(take_tick(&locker, 1, 60).await);
    assert!(!take_tick(&locker, 2, 60).await);
    assert!(take_tick(&locker, 2, 61).await);
    assert!(!take_tick(&locker, 1, 61).await);
}

/// A replica that started anew, or that lost the answer, is not kept from what is its own.
pub async fn a_store_takes_its_own_tick_again((locker, _): Timed, _: ManualClock) {
    assert!(take_tick(&locker, 1, 60).await);
    assert!(take_tick(&locker, 1, 60).await);
    assert!(!take_tick(&locker, 2, 60).await);
}

/// Whoever took the later one: who took the earlier one is not remembered, and it may have been another store.
pub async fn an_earlier_tick_is_taken_with_a_later_one((locker, _): Timed, _: ManualClock) {
    assert!(take_tick(&locker, 2, 99).await);
    assert!(take_tick(&locker, 1, 100).await);
    for store in [1, 2, 3] {
        assert!(!take_tick(&locker, store, 99).await, "{store}");
        assert!(!take_tick(&locker, store, -100).await, "{store}");
    }
    assert!(take_tick(&locker, 1, 100).await);
}

/// However many stores ask, one runs the tick.
pub async fn of_many_stores_that_ask_at_once_one_takes_a_tick((locker, _): Timed, _: ManualClock) {
    for second in 0..20 {
        let a = name("a");
        let asks = (0..16).map(|store| ask(&locker, &a, holder(store, 1), Some(second)));
        let answers = join_all(asks).await;
        let taken: Vec<_> = answers.into_iter().filter_map(mine).collect();
        assert_eq!(taken.len(), 1);
        assert!(taken[0].release().await.unwrap());
    }
}

/// As long as was asked for, from when it was taken.
pub async fn a_tick_is_remembered_longer_than_its_lease((locker, time): Timed, _: ManualClock) {
    let _held = ask(&locker, &name("a"), holder(1, 1), Some(60)).await;
    time.pass(REMEMBER - MARGIN).await;
    assert!(!take_tick(&locker, 2, 60).await);
    time.pass(MARGIN).await;
    assert!(take_tick(&locker, 2, 60).await);
}

/// Together or not at all: here the lock.
pub async fn a_tick_that_is_taken_takes_no_lock((locker, _): Timed, _: ManualClock) {
    assert!(take_tick(&locker, 1, 60).await);
    assert!(!take_tick(&locker, 2, 60).await);
    assert!(take(&locker, "a", 3).await.is_some());
}

/// Together or not at all: here the tick.
pub async fn a_lock_that_is_held_takes_no_tick((locker, _): Timed, _: ManualClock) {
    let held = take(&locker, "a", 1).await.unwrap();
    let answer = ask(&locker, &name("a"), holder(2, 1), Some(60)).await;
    assert!(matches!(answer, Locked::Elsewhere));
    assert!(held.extend(TTL).await.unwrap());
    assert!(held.release().await.unwrap());
    assert!(take_tick(&locker, 3, 60).await);
}
