//! Whole services on a real Redis, in real time.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use cron_manager::{
    CronConfigId, CronManager, CronRun, RunState, SkipReason, Tick,
    backends::{memory::MemoryStore, system::SystemClock},
    contracts::{Clock, RunQuery},
};
use jiff::Timestamp;
use parking_lot::Mutex;

use crate::server::{Outsider, unique, url};

/// A manager whose locks lie on the Redis of these tests. Its store stands for one that others share, or is its own.
async fn manager(shared: bool) -> CronManager {
    let clock = Arc::new(SystemClock);
    let store = if shared { MemoryStore::shared(clock) } else { MemoryStore::new(clock) };
    CronManager::builder().store(Arc::new(store)).redis_url(url()).build().await.unwrap()
}

async fn runs(manager: &CronManager, config_id: CronConfigId) -> Vec<CronRun> {
    let query = RunQuery { config_id: Some(config_id), limit: 1_000, ..RunQuery::default() };
    manager.cron_runs(&query).await.unwrap()
}

/// Waits until the newest run that has an outcome is as wished.
async fn until(manager: &CronManager, config_id: CronConfigId, wished: impl Fn(&CronRun) -> bool) -> CronRun {
    loop {
        let ended = runs(manager, config_id).await.into_iter().find(|run| run.state.is_terminal());
        if let Some(run) = ended.filter(&wished) {
            return run;
        }
        SystemClock.sleep_until(SystemClock.elapsed() + Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_an_outsider_holds_the_key_no_handler_is_called_and_the_tick_after_its_release_runs() {
    let (manager, outsider, job) = (manager(true).await, Outsider::at(&url()).await, unique("x"));
    let key = format!("cron-lock-{job}");
    let taken: String = outsider.ask(&["SET", &key, "somebody", "NX", "PX", "60000"]).await;
    assert_eq!(taken, "OK");
    let calls = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&calls);
    let handler = async move || {
        counted.fetch_add(1, Ordering::Relaxed);
    };
    let id = manager.job(&job).schedule("* * * * * *").distributed(true).run(handler).await.unwrap().id;
    manager.start();
    for _ in 0..2 {
        let last = runs(&manager, id).await.first().map(|run| run.id);
        let skipped = until(&manager, id, |run| Some(run.id) > last).await;
        assert_eq!((skipped.state, skipped.reason), (RunState::Skipped, Some(SkipReason::LockedElsewhere)));
        assert_eq!(calls.load(Ordering::Relaxed), 0);
    }
    let held: String = outsider.ask(&["GET", &key]).await;
    assert_eq!(held, "somebody");
    let _: i64 = outsider.ask(&["DEL", &key]).await;
    let ran = until(&manager, id, |run| run.state == RunState::Succeeded).await;
    let skipped = runs(&manager, id).await.into_iter().filter(|run| run.due_at < ran.due_at);
    assert!(skipped.into_iter().all(|run| run.reason == Some(SkipReason::LockedElsewhere)));
    manager.shutdown(Duration::from_secs(5)).await;
    let left: i64 = outsider.ask(&["EXISTS", &key]).await;
    assert_eq!(left, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_that_share_nothing_but_a_redis_start_each_tick_once() {
    let (job, started) = (unique("alone"), Arc::new(Mutex::new(BTreeMap::<Timestamp, u32>::new())));
    let mut managers = Vec::new();
    for _ in 0..3 {
        let (manager, started) = (manager(false).await, Arc::clone(&started));
        let handler = async move |Tick(tick): Tick| *started.lock().entry(tick).or_default() += 1;
        let id = manager.job(&job).schedule("* * * * * *").distributed(true).run(handler).await.unwrap().id;
        manager.start();
        managers.push((manager, id));
    }
    while started.lock().len() < 5 {
        SystemClock.sleep_until(SystemClock.elapsed() + Duration::from_millis(20)).await;
    }
    for (manager, _) in &managers {
        manager.shutdown(Duration::from_secs(5)).await;
    }
    assert!(started.lock().values().all(|times| *times == 1), "{started:?}");
    let (mut ran, mut elsewhere) = (0, 0);
    for (manager, id) in &managers {
        for run in runs(manager, *id).await {
            match (run.state, run.reason) {
                (RunState::Succeeded, _) => ran += 1,
                (RunState::Skipped, Some(SkipReason::Elsewhere | SkipReason::LockedElsewhere)) => elsewhere += 1,
                // At the shutdown.
                (RunState::Pending, _) => {}
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(ran, started.lock().len());
    assert!(elsewhere >= ran, "{ran} ran, {elsewhere} elsewhere");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_starts_while_its_redis_is_away_and_runs_without() {
    let clock = Arc::new(SystemClock);
    let store = Arc::new(MemoryStore::shared(clock));
    // Nobody listens there.
    let builder = CronManager::builder().store(store).redis_url("redis://127.0.0.1:1");
    let manager = builder.build().await.unwrap();
    let id = manager.job("x").schedule("* * * * * *").distributed(true).run(async || ()).await.unwrap().id;
    manager.start();
    until(&manager, id, |run| run.state == RunState::Succeeded).await;
    let readiness = manager.readiness().await;
    let away: Vec<_> = readiness.parts.iter().filter(|part| part.error.is_some()).map(|part| part.name).collect();
    assert!(readiness.is_ready() && away.contains(&"locker"), "{readiness:?}");
    manager.shutdown(Duration::from_secs(5)).await;
}
