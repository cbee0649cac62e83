//! What happens in the whole service can be watched on any replica.

use std::pin::Pin;

use cron_manager::{
    RunState, WatchEvent,
    contracts::{Busy, Pages},
    domain::ledger::Page,
};
use futures_util::{FutureExt, Stream, StreamExt};

use crate::service::{Service, done, held, quiet, seconds};

type Events = Pin<Box<dyn Stream<Item = WatchEvent> + Send>>;

/// What happened while time goes on.
async fn during(service: &Service, events: &mut Events, length: u64) -> Vec<String> {
    let mut seen = Vec::new();
    for _ in 0..length * 4 {
        service.pass(seconds(1) / 4).await;
        loop {
            quiet().await;
            let Some(event) = events.next().now_or_never() else { break };
            seen.push(match event.unwrap() {
                WatchEvent::Started(run) => format!("{} started", run.name),
                WatchEvent::Ended(run) => format!("{} {}", run.name, run.state),
                WatchEvent::Skipped(run) => format!("{} {} {}", run.name, run.reason.unwrap(), run.count),
                WatchEvent::Lagged => "lagged".into(),
            });
        }
    }
    seen
}

#[tokio::test]
async fn what_happens_on_any_replica_is_seen_on_each() {
    let service = Service::new().await;
    let other = service.another().await;
    let (handler, gate) = held();
    service.manager.job("slow").every(seconds(10)).distributed(true).run(handler).await.unwrap();
    let quick = service.manager.job("quick").distributed(true).run(done()).await.unwrap();
    service.manager.start();
    quiet().await;
    let mut here: Events = Box::pin(service.manager.watch());
    let mut there: Events = Box::pin(other.manager.watch());
    for events in [&mut here, &mut there] {
        assert_eq!(during(&service, events, 1).await, Vec::<String>::new());
    }
    service.manager.trigger(quick.id).await.unwrap();
    for events in [&mut here, &mut there] {
        assert_eq!(during(&service, events, 2).await, ["quick succeeded"]);
    }
    assert_eq!(during(&service, &mut there, 7).await, ["slow started"]);
    assert_eq!(during(&service, &mut there, 20).await, ["slow overlap 1", "slow overlap 2"], "a row that grows");
    gate.notify_one();
    assert_eq!(during(&service, &mut there, 2).await, ["slow succeeded"]);
    let seen = during(&service, &mut here, 2).await;
    assert_eq!(seen, ["slow succeeded", "slow overlap 2"], "who was away sees how it stands, row by row");
}

#[tokio::test]
async fn what_was_live_before_the_watch_is_told_of_when_it_ends() {
    let service = Service::new().await;
    let (handler, gate) = held();
    let config = service.manager.job("slow").run(handler).await.unwrap();
    service.manager.start();
    service.manager.trigger(config.id).await.unwrap();
    quiet().await;
    assert_eq!(service.states(config.id).await, [(RunState::Running, 1)]);
    let mut events: Events = Box::pin(service.manager.watch());
    assert_eq!(during(&service, &mut events, 2).await, Vec::<String>::new());
    gate.notify_one();
    assert_eq!(during(&service, &mut events, 1).await, ["slow succeeded"]);
}

#[tokio::test]
async fn a_watcher_that_is_far_behind_is_told_so_and_goes_on() {
    let service = Service::new().await;
    let config = service.manager.job("many").run(done()).await.unwrap();
    let mut events: Events = Box::pin(service.manager.watch());
    assert_eq!(during(&service, &mut events, 1).await, Vec::<String>::new());
    let many = |pages: &mut [Page]| {
        for at in 0..10_002 {
            pages[0].record_manual(at.to_string());
        }
        Ok(())
    };
    service.store.transact(Pages::Of(&[config.id.into()]), Busy::Wait, &many).await.unwrap();
    assert_eq!(during(&service, &mut events, 1).await, ["lagged"]);
}
