//! The lock beside the store: it keeps outsiders out, and decides nothing else.

use std::{sync::Arc, time::Duration};

use cron_manager::{
    Cancellation, CronConfigFields, CronConfigId, CronManager, LockPolicy, RunState, SkipReason, Stop, contracts::Clock,
};
use parking_lot::Mutex;
use serde_json::json;

use crate::{
    locker::SharedLock,
    service::{Service, held, quiet, seconds},
};

/// A service whose job `x` is due every ten seconds, with the given policy, and the lock that it shares with outsiders.
async fn service(fields: CronConfigFields) -> (Service, SharedLock, CronConfigId) {
    let (service, lock) = Service::with_lock().await;
    let fields = CronConfigFields { name: Some("x".into()), enabled: Some(true), every: Some(seconds(10)), ..fields };
    let context = fields.context.clone().unwrap_or_else(|| json!({"distributed": true, "ttl": 6}));
    let fields = fields.context(context);
    let id = service.manager.create_cron_config(&fields).await.unwrap().id;
    (service, lock, id)
}

async fn runs(service: &Service, id: CronConfigId) -> Vec<(RunState, Option<SkipReason>)> {
    service.runs(id).await.iter().map(|run| (run.state, run.reason)).collect()
}

const SUCCEEDED: (RunState, Option<SkipReason>) = (RunState::Succeeded, None);

const fn skipped(reason: SkipReason) -> (RunState, Option<SkipReason>) {
    (RunState::Skipped, Some(reason))
}

async fn run_at_once(manager: &CronManager) {
    manager.job("x").run(crate::service::done()).await.unwrap();
}

#[tokio::test]
async fn while_an_outsider_holds_the_lock_no_handler_is_called_and_the_tick_after_runs() {
    let (service, lock, id) = service(CronConfigFields::default()).await;
    run_at_once(&service.manager).await;
    service.manager.start();
    let outsider = lock.outsider("x", seconds(3_600)).await.unwrap();
    service.pass(seconds(20)).await;
    assert_eq!(runs(&service, id).await, [skipped(SkipReason::LockedElsewhere); 2]);
    assert!(service.runs(id).await.iter().all(|run| run.started_at.is_none() && run.finished_at.is_none()));
    outsider.release().await.unwrap();
    service.pass(seconds(10)).await;
    assert_eq!(runs(&service, id).await[2], SUCCEEDED);
    service.assert_balanced(id).await;
}

#[tokio::test]
async fn while_a_run_is_live_an_outsider_does_not_get_the_lock() {
    let (service, lock, id) = service(CronConfigFields::default()).await;
    let (handler, gate) = held();
    service.manager.job("x").run(handler).await.unwrap();
    service.manager.start();
    // Far longer than the ttl: the lock is renewed.
    service.pass(seconds(60)).await;
    assert!(lock.outsider("x", seconds(1)).await.is_none());
    gate.notify_one();
    quiet().await;
    assert_eq!(runs(&service, id).await[0], SUCCEEDED);
    assert!(lock.outsider("x", seconds(1)).await.is_some());
}

#[tokio::test]
async fn a_shutdown_leaves_no_lock_behind() {
    let (service, lock, _) = service(CronConfigFields::default()).await;
    let (handler, _gate) = held();
    service.manager.job("x").run(handler).await.unwrap();
    service.manager.start();
    service.pass(seconds(10)).await;
    let manager = service.manager.clone();
    let shutdown = tokio::spawn(async move { manager.shutdown(seconds(0)).await });
    service.pass(seconds(10)).await;
    shutdown.await.unwrap();
    assert!(lock.outsider("x", seconds(1)).await.is_some());
}

#[tokio::test]
async fn a_lock_to_be_held_for_longer_outlasts_a_fast_run_and_keeps_no_sibling_out() {
    let at_least = CronConfigFields { lock_at_least_for: Some(seconds(60)), ..CronConfigFields::default() };
    let (service, lock, id) = service(at_least).await;
    run_at_once(&service.manager).await;
    service.manager.start();
    service.pass(seconds(30)).await;
    assert_eq!(runs(&service, id).await, [SUCCEEDED; 3]);
    let off = CronConfigFields { enabled: Some(false), ..CronConfigFields::default() };
    service.manager.update_cron_config(id, &off, None).await.unwrap();
    service.pass(seconds(58)).await;
    assert!(lock.outsider("x", seconds(1)).await.is_none());
    service.pass(seconds(2)).await;
    assert!(lock.outsider("x", seconds(1)).await.is_some());
}

#[tokio::test]
async fn a_run_goes_on_without_a_lock_that_cannot_be_reached() {
    let (service, lock, id) = service(CronConfigFields::default()).await;
    let (handler, gate) = held();
    service.manager.job("x").run(handler).await.unwrap();
    service.manager.start();
    lock.set_away(true);
    service.pass(seconds(10)).await;
    gate.notify_one();
    quiet().await;
    lock.set_away(false);
    service.pass(seconds(10)).await;
    lock.set_away(true);
    service.pass(seconds(9)).await;
    assert_eq!(runs(&service, id).await[1].0, RunState::Running);
    gate.notify_one();
    quiet().await;
    assert_eq!(runs(&service, id).await[..2], [SUCCEEDED; 2]);
}

fn require() -> CronConfigFields {
    CronConfigFields {
        lock: Some(LockPolicy::Require),
        start_deadline: Some(seconds(5)),
        ..CronConfigFields::default()
    }
}

#[tokio::test]
async fn a_run_that_requires_the_lock_waits_for_it_until_its_deadline() {
    let (service, lock, id) = service(require()).await;
    run_at_once(&service.manager).await;
    service.manager.start();
    lock.set_away(true);
    service.pass(seconds(12)).await;
    let waits = &service.runs(id).await[0];
    assert_eq!((waits.state, waits.reason), (RunState::Pending, Some(SkipReason::LockUnavailable)));
    lock.set_away(false);
    service.pass(seconds(2)).await;
    assert_eq!(runs(&service, id).await, [SUCCEEDED]);
    lock.set_away(true);
    service.pass(seconds(14)).await;
    assert_eq!(runs(&service, id).await, [SUCCEEDED, skipped(SkipReason::LockUnavailable)]);
    service.assert_balanced(id).await;
}

#[tokio::test]
async fn a_run_that_requires_the_lock_is_cancelled_when_it_is_lost() {
    let (service, lock, id) = service(require()).await;
    let (handler, _gate) = held();
    service.manager.job("x").run(handler).await.unwrap();
    service.manager.start();
    service.pass(seconds(10)).await;
    assert_eq!(runs(&service, id).await[0].0, RunState::Running);
    lock.set_away(true);
    // The lease, and what the handler has to end by itself.
    service.pass(seconds(6 + 2 + 6)).await;
    assert_eq!(runs(&service, id).await[0].0, RunState::Cancelled);
}

#[tokio::test]
async fn a_run_that_requires_the_lock_is_told_to_stop_by_the_end_of_its_lease_also_when_nothing_answers() {
    let (service, lock, id) = service(require()).await;
    let stopped = Arc::new(Mutex::new(None));
    let (clock, noted) = (service.clock.clone(), Arc::clone(&stopped));
    let handler = async move |cancellation: Cancellation| {
        let why = cancellation.cancelled().await;
        *noted.lock() = Some((why, clock.now()));
    };
    service.manager.job("x").run(handler).await.unwrap();
    service.manager.start();
    service.pass(seconds(10)).await;
    let claimed = service.runs(id).await[0].started_at.unwrap();
    lock.hang();
    service.pass(seconds(8)).await;
    let (why, at) = stopped.lock().unwrap();
    assert_eq!(why, Stop::LockLost);
    assert!(at <= claimed + seconds(6) + Duration::from_millis(250), "{claimed} {at}");
}

#[tokio::test]
async fn a_lock_that_ran_out_before_its_answer_came_begins_no_run() {
    let (service, lock, id) = service(require().context(json!({"distributed": true, "ttl": 1}))).await;
    run_at_once(&service.manager).await;
    service.manager.start();
    service.pass(seconds(8)).await;
    // Longer than the lease, which heartbeats go on to extend, and not too long to wait for.
    lock.set_late(1_750);
    service.pass(Duration::from_millis(2_750)).await;
    let outsider = lock.outsider("x", seconds(3_600)).await.unwrap();
    lock.set_late(0);
    service.pass(Duration::from_millis(750)).await;
    let waits = &service.runs(id).await[0];
    assert_eq!((waits.state, waits.reason), (RunState::Pending, Some(SkipReason::LockUnavailable)));
    outsider.release().await.unwrap();
    service.pass(seconds(2)).await;
    assert_eq!(runs(&service, id).await, [SUCCEEDED]);
}

#[tokio::test]
async fn replicas_that_share_nothing_but_the_lock_take_a_tick_once() {
    let (first, lock) = Service::alone(None).await;
    let (second, _) = Service::alone(Some((first.clock.clone(), lock.clone()))).await;
    let mut ids = Vec::new();
    for service in [&first, &second] {
        let job = service.manager.job("x").every(seconds(1)).distributed(true);
        ids.push(job.run(crate::service::done()).await.unwrap().id);
        service.manager.start();
    }
    first.pass(seconds(100)).await;
    let (ours, theirs) = (runs(&first, ids[0]).await, runs(&second, ids[1]).await);
    assert_eq!((ours.len(), theirs.len()), (100, 100));
    for pair in ours.iter().zip(&theirs) {
        let elsewhere = [SkipReason::Elsewhere, SkipReason::LockedElsewhere].map(skipped);
        let once = |one, other| one == &SUCCEEDED && elsewhere.contains(other);
        assert!(once(pair.0, pair.1) || once(pair.1, pair.0), "{pair:?}");
    }
}

#[tokio::test]
async fn replicas_that_share_nothing_but_the_lock_run_no_distributed_config_of_an_api() {
    let (service, _) = Service::alone(None).await;
    let fields = CronConfigFields::named("x").context(json!({"distributed": true}));
    let error = service.manager.create_cron_config(&fields).await.unwrap_err();
    assert_eq!(error.kind(), cron_manager::ErrorKind::FailedPrecondition);
    assert!(service.manager.create_cron_config(&CronConfigFields::named("x")).await.is_ok());
}
