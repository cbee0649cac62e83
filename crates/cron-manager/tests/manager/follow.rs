//! What a run logs and how far it has come can be followed from any replica.

use std::{pin::Pin, sync::Arc};

use cron_manager::{
    CronManager, ErrorKind, Log, Progress, Result, RunId, RunState, RunUpdate, backends::memory::MemoryStore,
    contracts::Store, scheduler::Tuning, testing::ManualClock,
};
use futures_util::{FutureExt, Stream, StreamExt};
use tokio::sync::Notify;

use crate::{
    counting::CountingStore,
    service::{START, Service, held, instant, quiet, seconds},
};

type Updates = Pin<Box<dyn Stream<Item = Result<RunUpdate>> + Send>>;

/// A handler that logs a line and says how far it is each time it is let go on, three times.
fn in_steps() -> (impl cron_manager::Handler, Arc<Notify>) {
    use cron_manager::IntoHandler;
    let gate = Arc::new(Notify::new());
    let waits = Arc::clone(&gate);
    let handler = async move |log: Log, progress: Progress| {
        for step in 1..=3 {
            log.line(format!("step {step}"));
            progress.set(f64::from(step) / 4.0, "");
            waits.notified().await;
        }
    };
    (handler.into_handler(), gate)
}

/// What is there to read without time going on, in short, and whether the stream has ended.
async fn read(updates: &mut Updates) -> (Vec<String>, bool) {
    let mut seen = Vec::new();
    loop {
        quiet().await;
        match updates.next().now_or_never() {
            None => return (seen, false),
            Some(None) => return (seen, true),
            Some(Some(update)) => seen.push(match update.unwrap() {
                RunUpdate::State(run) => run.state.to_string(),
                RunUpdate::Log(part) => format!("{}: {}", part.start, part.text.trim_end()),
                RunUpdate::Progress(report) => report.fraction.to_string(),
            }),
        }
    }
}

async fn going(service: &Service) -> (RunId, Arc<Notify>) {
    let (handler, gate) = in_steps();
    let config = service.manager.job("steps").distributed(true).run(handler).await.unwrap();
    service.manager.start();
    let run = service.manager.trigger(config.id).await.unwrap();
    (run.id, gate)
}

#[tokio::test]
async fn a_run_that_is_live_here_is_followed_without_delay() {
    let service = Service::new().await;
    let (handler, gate) = in_steps();
    let config = service.manager.job("steps").run(handler).await.unwrap();
    let run = service.manager.trigger(config.id).await.unwrap();
    let mut updates: Updates = Box::pin(service.manager.follow(run.id));
    assert_eq!(read(&mut updates).await, (vec!["pending".into()], false));
    service.manager.start();
    assert_eq!(read(&mut updates).await.0, ["running", "0: step 1", "0.25"]);
    gate.notify_one();
    assert_eq!(read(&mut updates).await.0, ["7: step 2", "0.5"]);
    gate.notify_one();
    assert_eq!(read(&mut updates).await.0, ["14: step 3", "0.75"]);
    gate.notify_one();
    assert_eq!(read(&mut updates).await, (vec!["succeeded".into()], true));
}

#[tokio::test]
async fn on_another_replica_a_run_is_followed_some_seconds_late() {
    let service = Service::new().await;
    let other = service.another().await;
    let (run, gate) = going(&service).await;
    quiet().await;
    let mut updates: Updates = Box::pin(other.manager.follow(run));
    assert_eq!(read(&mut updates).await.0, ["running"]);
    service.pass(seconds(3)).await;
    assert_eq!(read(&mut updates).await.0, ["0: step 1", "0.25"]);
    gate.notify_one();
    service.pass(seconds(3)).await;
    assert_eq!(read(&mut updates).await.0, ["7: step 2", "0.5"]);
    gate.notify_one();
    quiet().await;
    gate.notify_one();
    service.pass(seconds(2)).await;
    assert_eq!(read(&mut updates).await, (vec!["14: step 3".into(), "succeeded".into()], true), "the end has the rest");
    assert_eq!(service.manager.cron_run_log(run).await.unwrap(), "step 1\nstep 2\nstep 3\n");
}

#[tokio::test]
async fn a_run_that_has_ended_gives_its_log_and_its_row() {
    let service = Service::new().await;
    let (run, gate) = going(&service).await;
    for _ in 0..3 {
        quiet().await;
        gate.notify_one();
    }
    quiet().await;
    let mut updates: Updates = Box::pin(service.manager.follow(run));
    let expected = vec!["0: step 1\nstep 2\nstep 3".into(), "succeeded".into()];
    assert_eq!(read(&mut updates).await, (expected, true));
}

#[tokio::test]
async fn following_what_is_not_there_fails_and_ends() {
    let service = Service::new().await;
    let mut updates: Updates = Box::pin(service.manager.follow(RunId(7)));
    let first = updates.next().await.unwrap();
    assert_eq!(first.unwrap_err().kind(), ErrorKind::NotFound);
    assert!(updates.next().await.is_none());
}

#[tokio::test]
async fn what_a_replica_s_death_interrupts_keeps_its_log() {
    let service = Service::new().await;
    let (run, _gate) = going(&service).await;
    service.pass(seconds(3)).await;
    let row = service.manager.cron_run(run).await.unwrap();
    assert_eq!(row.state, RunState::Running);
    assert_eq!(service.store.log(run).await.unwrap().as_deref(), Some("step 1\n"));
    for manager in [&service.manager, &service.another().await.manager] {
        let output = manager.cron_run_output(run, 5).await.unwrap();
        assert_eq!((output.log.start, &*output.log.text, output.progress.unwrap().fraction), (5, "1\n", 0.25));
    }
    let unknown = service.manager.cron_run_output(RunId(9), 0).await;
    assert_eq!(unknown.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn a_run_costs_a_call_of_the_store_for_each_second_in_which_it_says_something() {
    let clock = ManualClock::new(instant(START));
    let store = Arc::new(CountingStore::new(MemoryStore::shared(Arc::new(clock.clone()))));
    let rare = seconds(3_600);
    let tuning = Tuning { poll_every: rare, poll_alone_every: rare, rescue_every: rare, ..Tuning::default() };
    let builder = CronManager::builder().store(Arc::clone(&store) as Arc<dyn Store>).clock(Arc::new(clock.clone()));
    let manager = builder.tuning(tuning).build().await.unwrap();
    let (handler, gate) = in_steps();
    let config = manager.job("steps").ttl(seconds(36_000)).run(handler).await.unwrap();
    let pass = async |millis: u64| {
        for _ in 0..millis / 250 {
            clock.advance(std::time::Duration::from_millis(250));
            quiet().await;
        }
        store.calls()
    };
    manager.start();
    pass(1_000).await;
    manager.trigger(config.id).await.unwrap();
    let begun = pass(750).await;
    let told = pass(2_000).await;
    assert_eq!(told - begun, 1, "what it said first");
    assert_eq!(pass(60_000).await, told, "it is silent");
    gate.notify_one();
    quiet().await;
    gate.notify_one();
    assert_eq!(pass(10_000).await, told + 1, "two lines in a second");
    gate.notify_one();
    assert_eq!(pass(10_000).await, told + 2, "its end");
    // Others, which are over before a second has gone by, while a silent one is live, whenever the replica looks.
    let (silent, _gate) = held();
    let silent = manager.job("silent").ttl(seconds(36_000)).run(silent).await.unwrap();
    manager.trigger(silent.id).await.unwrap();
    for _ in 0..4 {
        pass(1_500).await;
        let run = manager.trigger(config.id).await.unwrap();
        let begun = pass(250).await;
        assert_eq!(pass(500).await, begun, "it said something");
        for _ in 0..3 {
            gate.notify_one();
            quiet().await;
        }
        assert_eq!(pass(2_000).await, begun + 1, "its end, and nothing before");
        assert_eq!(store.run(run.id).await.unwrap().unwrap().state, RunState::Succeeded);
    }
}
