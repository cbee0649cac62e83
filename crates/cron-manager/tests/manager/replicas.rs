//! Several replicas of one service.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use cron_manager::{
    CronConfigFields, CronConfigId, CronManager, CronRun, ErrorKind, ReplicaId, RunState, SkipReason, scheduler::Tuning,
};
use serde_json::json;

use crate::service::{Service, done, held, quiet, seconds};

/// Some replicas of one service; each has a handler for the job `shared`, due each second.
async fn replicas(count: usize) -> (Vec<Service>, CronConfigId) {
    let mut services = vec![Service::new().await];
    for _ in 1..count {
        let another = services[0].another().await;
        services.push(another);
    }
    let mut id = CronConfigId(0);
    for service in &services {
        id = service.manager.job("shared").every(seconds(1)).distributed(true).run(done()).await.unwrap().id;
        service.manager.start();
        quiet().await;
    }
    (services, id)
}

/// How many runs each replica had.
fn shares(runs: &[CronRun]) -> BTreeMap<ReplicaId, usize> {
    let mut shares = BTreeMap::new();
    for run in runs.iter().filter(|run| run.state == RunState::Succeeded) {
        *shares.entry(run.replica_id.unwrap()).or_default() += 1;
    }
    shares
}

#[tokio::test]
async fn a_tick_of_a_distributed_job_runs_once_and_each_replica_has_its_share() {
    let (services, id) = replicas(3).await;
    // All have to see each other first.
    services[0].pass(seconds(15)).await;
    let before = services[0].runs(id).await.len();
    services[0].pass(seconds(300)).await;
    let runs = services[0].runs(id).await;
    assert_eq!(runs.len() - before, 300);
    assert!(runs.iter().all(|run| run.state == RunState::Succeeded));
    let shares = shares(&runs[before..]);
    assert_eq!(shares.len(), 3);
    assert!(shares.values().all(|share| (50..=150).contains(share)), "{shares:?}");
    services[0].assert_balanced(id).await;
}

#[tokio::test]
async fn a_job_that_is_not_distributed_runs_on_every_live_replica() {
    let first = Service::new().await;
    let second = first.another().await;
    let id = first.manager.job("everywhere").every(seconds(10)).run(done()).await.unwrap().id;
    second.manager.job("everywhere").run(done()).await.unwrap();
    first.manager.start();
    first.pass(seconds(20)).await;
    second.manager.start();
    first.pass(seconds(30)).await;
    second.manager.shutdown(seconds(0)).await;
    first.pass(seconds(20)).await;
    let shares = shares(&first.runs(id).await);
    assert_eq!((shares[&first.manager.replica_id()], shares[&second.manager.replica_id()]), (7, 3));
    assert_eq!(first.runs(id).await.len(), 10);
    first.assert_balanced(id).await;
    assert_eq!(first.manager.replicas().await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_edit_of_a_job_that_every_replica_runs_neither_replays_nor_loses_a_tick() {
    let first = Service::new().await;
    let second = first.another().await;
    let id = first.manager.job("everywhere").every(seconds(1)).run(done()).await.unwrap().id;
    second.manager.job("everywhere").run(done()).await.unwrap();
    first.manager.start();
    second.manager.start();
    first.pass(seconds(5)).await;
    let every = |length| CronConfigFields::default().every(seconds(length));
    for (fields, length) in [
        (every(2), 10),
        (CronConfigFields::default().context(json!({"distributed": true})), 6),
        (CronConfigFields::default().context(json!({})), 6),
        (CronConfigFields::default().enabled(false), 10),
        (CronConfigFields::default().enabled(true), 4),
    ] {
        first.manager.update_cron_config(id, &fields, None).await.unwrap();
        first.pass(seconds(length)).await;
    }
    first.assert_balanced(id).await;
    let runs = first.runs(id).await;
    let ran = runs.iter().filter(|run| run.state == RunState::Succeeded).count();
    assert_eq!(ran, 2 * 5 + 2 * 5 + 3 + 2 * 3 + 2 * 2);
    assert!(
        runs.iter().filter(|run| run.state == RunState::Skipped).all(|run| run.reason == Some(SkipReason::Disabled))
    );
}

#[tokio::test]
async fn a_manual_trigger_of_a_job_that_every_replica_runs_is_one_run() {
    let first = Service::new().await;
    let second = first.another().await;
    let config = first.manager.job("everywhere").run(done()).await.unwrap();
    second.manager.job("everywhere").run(done()).await.unwrap();
    first.manager.start();
    second.manager.start();
    quiet().await;
    first.manager.trigger(config.id).await.unwrap();
    first.pass(seconds(3)).await;
    assert_eq!(first.states(config.id).await, [(RunState::Succeeded, 1)]);
}

/// quartz#638, river#658: in a rolling deploy a replica without the handler breaks or loses the job.
#[tokio::test]
async fn a_replica_without_the_handler_leaves_ticks_to_the_others() {
    let with = Service::new().await;
    let without = with.another().await;
    without.manager.start();
    quiet().await;
    let id = with.manager.job("new").every(seconds(10)).distributed(true).run(done()).await.unwrap().id;
    with.manager.start();
    with.pass(seconds(100)).await;
    assert_eq!(shares(&with.runs(id).await), BTreeMap::from([(with.manager.replica_id(), 10)]));
    with.manager.shutdown(seconds(0)).await;
    without.pass(seconds(200)).await;
    let runs = without.runs(id).await;
    assert!(runs[10..].iter().all(|run| run.state != RunState::Succeeded));
    assert!(runs.iter().any(|run| run.reason == Some(SkipReason::NoHandler) || run.state == RunState::Pending));
    without.assert_balanced(id).await;
}

#[tokio::test]
async fn a_replica_without_room_leaves_ticks_to_the_others() {
    let full = Service::new().await.another_with(Tuning { concurrency: 1, ..Tuning::default() }).await;
    let free = full.another().await;
    let (handler, _gate) = held();
    let slow = full.manager.job("slow").distributed(true).run(handler).await.unwrap();
    full.manager.start();
    quiet().await;
    full.manager.trigger(slow.id).await.unwrap();
    full.pass(seconds(1)).await;
    let id = full.manager.job("quick").every(seconds(2)).distributed(true).run(done()).await.unwrap().id;
    free.manager.job("quick").run(done()).await.unwrap();
    free.manager.start();
    full.pass(seconds(41)).await;
    let shares = shares(&full.runs(id).await);
    assert_eq!(shares.keys().copied().collect::<Vec<_>>(), [free.manager.replica_id()]);
    assert!(shares[&free.manager.replica_id()] >= 19, "{shares:?}");
    full.assert_balanced(id).await;
}

#[tokio::test]
async fn a_draining_replica_starts_nothing_until_it_is_told_to_go_on() {
    let (services, id) = replicas(2).await;
    let [one, two] = &services[..] else { unreachable!() };
    let drained = two.manager.replica_id();
    one.manager.drain_replica(drained, true).await.unwrap();
    one.pass(seconds(1)).await;
    let before = one.runs(id).await.len();
    one.pass(seconds(30)).await;
    let runs = one.runs(id).await;
    assert_eq!(shares(&runs[before..]), BTreeMap::from([(one.manager.replica_id(), 30)]));
    assert!(one.manager.replicas().await.unwrap().iter().any(|replica| replica.draining));
    one.manager.drain_replica(drained, false).await.unwrap();
    one.pass(seconds(60)).await;
    assert!(shares(&one.runs(id).await[runs.len()..]).contains_key(&drained));
    one.assert_balanced(id).await;
    let nobody = one.manager.drain_replica(ReplicaId(7), true).await.unwrap_err();
    assert_eq!(nobody.kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn a_replica_that_was_taken_for_dead_goes_on_under_a_new_id() {
    let service = Service::new().await;
    let id = service.manager.job("everywhere").every(seconds(1)).run(done()).await.unwrap().id;
    service.manager.start();
    service.pass(seconds(5)).await;
    let old = service.manager.replica_id();
    let heartbeat = service.store.replicas().await.unwrap()[0].heartbeat;
    assert!(service.store.end_replica(old, heartbeat).await.unwrap());
    service.pass(seconds(30)).await;
    let new = service.manager.replica_id();
    assert_ne!(new, old);
    let shares = shares(&service.runs(id).await);
    assert_eq!(shares[&old], 5);
    assert!(shares[&new] >= 10, "{shares:?}");
    service.assert_balanced(id).await;
}

#[tokio::test]
async fn without_signals_an_edit_is_acted_on_within_three_seconds() {
    let edits = Service::new().await;
    let builder = CronManager::builder().store(Arc::clone(&edits.store)).clock(Arc::new(edits.clock.clone()));
    // Told of no signal, it knows of none that would come from the other one.
    let acts = builder.build().await.unwrap();
    let id = acts.job("edited").distributed(true).run(done()).await.unwrap().id;
    acts.start();
    edits.pass(seconds(30)).await;
    for _ in 0..10 {
        let before = edits.runs(id).await.len();
        edits.manager.trigger(id).await.unwrap();
        edits.pass(seconds(3)).await;
        assert_eq!(edits.runs(id).await[before].state, RunState::Succeeded);
    }
    acts.shutdown(seconds(0)).await;
}

#[tokio::test]
async fn what_a_replica_tells_of_itself_is_shown() {
    let (services, _) = replicas(2).await;
    let shown = services[0].manager.replicas().await.unwrap();
    assert_eq!(shown.len(), 2);
    for (replica, service) in shown.iter().zip(&services) {
        assert_eq!(replica.status.id, service.manager.replica_id());
        assert_eq!(replica.status.handlers, ["shared".parse().unwrap()]);
        assert_eq!(Duration::try_from(replica.status.clock_skew).unwrap(), Duration::ZERO);
        assert!(!replica.status.host.is_empty());
    }
}
