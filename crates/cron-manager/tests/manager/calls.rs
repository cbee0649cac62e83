//! Foreign timers: they say when, the ledger says whether.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use cron_manager::{
    Called, Config, Context, CronConfigFields, CronConfigId, Ctx, ErrorKind, Events, LockPolicy, Refusal, RunState,
    SkipReason, Tick,
};
use jiff::Timestamp;
use serde_json::json;

use crate::service::{Service, instant, quiet, seconds};

/// A config that is due every ten seconds.
async fn every_ten_seconds(service: &Service) -> CronConfigId {
    create(service, CronConfigFields::named("x").every(seconds(10))).await
}

async fn create(service: &Service, fields: CronConfigFields) -> CronConfigId {
    let fields = CronConfigFields { context: fields.context.clone().or(Some(json!({"distributed": true}))), ..fields };
    service.manager.create_cron_config(&fields.enabled(true)).await.unwrap().id
}

async fn nothing() -> Result<(), String> {
    Ok(())
}

/// Calls in a task of its own, as a timer does.
fn call(service: &Service) -> tokio::task::JoinHandle<Called> {
    let manager = service.manager.clone();
    tokio::spawn(async move { manager.handle_job("x", nothing).await.unwrap() })
}

/// Calls, and lets time go on until there is an answer.
async fn called(service: &Service) -> Called {
    let call = call(service);
    let began = cron_manager::contracts::Clock::now(&service.clock);
    while !call.is_finished() {
        quiet().await;
        let waited = cron_manager::contracts::Clock::now(&service.clock).duration_since(began);
        assert!(waited < jiff::SignedDuration::from_hours(1), "no answer within an hour");
        if !call.is_finished() {
            service.clock.advance(Duration::from_millis(50));
        }
    }
    call.await.unwrap()
}

fn due(called: &Called) -> Option<Timestamp> {
    match called {
        Called::Ran(run, _) => Some(run.due_at),
        _ => None,
    }
}

/// Lets time go on until the clock shows `until`.
async fn pass_until(service: &Service, until: &str) {
    let left = instant(until).duration_since(cron_manager::contracts::Clock::now(&service.clock));
    service.pass(left.try_into().unwrap()).await;
}

#[tokio::test]
async fn a_call_runs_the_nearest_tick_whether_it_comes_early_or_late() {
    let service = Service::new().await;
    let id = every_ten_seconds(&service).await;
    service.manager.start();
    pass_until(&service, "2026-03-01T12:00:09.25Z").await;
    assert_eq!(due(&called(&service).await), Some(instant("2026-03-01T12:00:10Z")));
    assert!(cron_manager::contracts::Clock::now(&service.clock) >= instant("2026-03-01T12:00:10Z"));
    pass_until(&service, "2026-03-01T12:00:20.75Z").await;
    assert_eq!(due(&called(&service).await), Some(instant("2026-03-01T12:00:20Z")));
    // Nobody else called for it, so even this is not too late.
    pass_until(&service, "2026-03-01T12:00:34.5Z").await;
    assert_eq!(due(&called(&service).await), Some(instant("2026-03-01T12:00:30Z")));
    let runs = service.runs(id).await;
    assert!(runs.iter().all(|run| run.state == RunState::Succeeded && run.started_at.unwrap() >= run.due_at));
    assert_eq!(runs.len(), 3);
    service.assert_balanced(id).await;
}

#[tokio::test]
async fn a_timer_a_few_milliseconds_early_does_not_take_the_previous_tick() {
    let service = Service::new().await;
    let id = create(&service, CronConfigFields::named("x").every(seconds(1))).await;
    service.manager.start();
    for second in 1..=20 {
        pass_until(&service, &format!("2026-03-01T12:00:{second:02}.5Z")).await;
        service.clock.advance(Duration::from_millis(496));
        let expected = instant("2026-03-01T12:00:00Z") + seconds(second + 1);
        assert_eq!(due(&called(&service).await), Some(expected));
    }
    service.assert_balanced(id).await;
}

#[tokio::test]
async fn a_tick_is_run_for_one_of_many_calls() {
    let first = Service::new().await;
    let second = first.another().await;
    let id = every_ten_seconds(&first).await;
    first.manager.start();
    second.manager.start();
    quiet().await;
    pass_until(&first, "2026-03-01T12:00:09.75Z").await;
    let calls = [&first, &second, &first, &second].map(call);
    first.pass(seconds(1)).await;
    let late = called(&second).await;
    let mut answers = vec![late];
    for call in calls {
        answers.push(call.await.unwrap());
    }
    let taken = Called::Refused(Refusal::Taken { due_at: instant("2026-03-01T12:00:10Z") });
    assert_eq!(answers.iter().filter(|answer| due(answer).is_some()).count(), 1, "{answers:?}");
    assert_eq!(answers.iter().filter(|answer| **answer == taken).count(), 4, "{answers:?}");
    assert_eq!(first.states(id).await, [(RunState::Succeeded, 1)]);
}

#[tokio::test]
async fn a_tick_that_nobody_called_for_is_missed_and_the_loop_runs_none() {
    let service = Service::new().await;
    let id = create(&service, CronConfigFields::named("x").cron("* * * * *", "UTC")).await;
    service.manager.start();
    pass_until(&service, "2026-03-01T12:01:00.25Z").await;
    assert!(due(&called(&service).await).is_some());
    service.pass(seconds(180)).await;
    let runs = service.runs(id).await;
    assert_eq!(runs[0].state, RunState::Succeeded);
    let skipped: Vec<_> = runs[1..].iter().filter(|run| run.state == RunState::Skipped).collect();
    assert!(!skipped.is_empty() && skipped.iter().all(|run| run.reason == Some(SkipReason::Missed)), "{runs:?}");
    service.assert_balanced(id).await;
    assert!(service.manager.cron_config(id).await.unwrap().external);
}

#[tokio::test]
async fn of_a_job_that_every_replica_runs_each_replica_handles_its_own_ticks() {
    let first = Service::new().await;
    let second = first.another().await;
    // Known beforehand; else the first call would mark it, and a tick before that would have no handler.
    let fields = CronConfigFields { external: Some(true), ..CronConfigFields::named("x").every(seconds(10)) };
    let id = create(&first, fields.context(json!({}))).await;
    for service in [&first, &second] {
        service.manager.start();
        quiet().await;
    }
    let mut answers = Vec::new();
    for tick in 1..=3 {
        pass_until(&first, &format!("2026-03-01T12:00:{tick}0.25Z")).await;
        for service in [&first, &second] {
            answers.push(called(service).await);
        }
    }
    assert_eq!(answers.iter().filter_map(due).count(), 6, "{answers:?}");
    assert_eq!(first.states(id).await, [(RunState::Succeeded, 1); 6]);
    first.assert_balanced(id).await;
}

#[tokio::test]
async fn without_a_schedule_each_call_is_a_run_unless_the_last_began_too_near() {
    let service = Service::new().await;
    let id = create(&service, CronConfigFields::named("x")).await;
    service.manager.start();
    quiet().await;
    let last = cron_manager::contracts::Clock::now(&service.clock);
    assert!(due(&called(&service).await).is_some());
    service.clock.advance(Duration::from_millis(800));
    assert_eq!(called(&service).await, Called::Refused(Refusal::TooSoon { last }));
    assert_eq!(service.runs(id).await.len(), 1);
    service.clock.advance(Duration::from_millis(100));
    assert!(due(&called(&service).await).is_some());
    let none = CronConfigFields { min_gap: Some(Duration::ZERO), ..CronConfigFields::default() };
    service.manager.update_cron_config(id, &none, None).await.unwrap();
    for _ in 0..5 {
        assert!(due(&called(&service).await).is_some());
    }
    assert_eq!(service.states(id).await, [(RunState::Succeeded, 1); 7]);
}

#[tokio::test]
async fn a_call_for_which_there_is_nothing_to_run_is_a_value_and_no_row() {
    let service = Service::new().await;
    let not_yet = service.manager.handle_job("x", nothing).await.unwrap_err();
    assert_eq!(not_yet.kind(), ErrorKind::FailedPrecondition);
    service.manager.start();
    assert_eq!(called(&service).await, Called::Refused(Refusal::NotFound));
    let id = every_ten_seconds(&service).await;
    pass_until(&service, "2026-03-01T12:00:05Z").await;
    let next = Some(instant("2026-03-01T12:00:10Z"));
    assert_eq!(called(&service).await, Called::Refused(Refusal::NoTick { next }));
    let off = CronConfigFields { enabled: Some(false), ..CronConfigFields::default() };
    service.manager.update_cron_config(id, &off, None).await.unwrap();
    assert_eq!(called(&service).await, Called::Refused(Refusal::Disabled));
    service.manager.delete_cron_config(id, None).await.unwrap();
    assert_eq!(called(&service).await, Called::Refused(Refusal::NotFound));
    assert!(service.runs(id).await.is_empty());
    service.manager.shutdown(seconds(0)).await;
    assert_eq!(called(&service).await, Called::Refused(Refusal::Stopping));
}

#[tokio::test]
async fn a_call_whose_run_waited_for_the_lock_in_vain_is_told_so() {
    let require = CronConfigFields { lock: Some(LockPolicy::Require), ..CronConfigFields::named("x") };
    for fields in [require.clone(), require.every(seconds(120))] {
        let (service, lock) = Service::with_lock().await;
        let id = create(&service, fields).await;
        service.manager.start();
        pass_until(&service, "2026-03-01T12:02:00.25Z").await;
        lock.set_away(true);
        let answer = called(&service).await;
        assert!(matches!(answer, Called::Skipped(_, SkipReason::LockUnavailable)), "{answer:?}");
        // It did not go on to the next tick.
        assert_eq!(service.states(id).await[0], (RunState::Skipped, 1));
    }
}

#[tokio::test]
async fn a_call_without_a_schedule_has_its_whole_start_deadline() {
    let service = Service::new().await;
    let short = Some(Duration::from_millis(200));
    let id = create(&service, CronConfigFields { start_deadline: short, ..CronConfigFields::named("x") }).await;
    service.manager.start();
    // Half a second after the whole one that the run is dated by.
    quiet().await;
    assert!(due(&called(&service).await).is_some());
    assert_eq!(service.states(id).await, [(RunState::Succeeded, 1)]);
}

#[tokio::test]
async fn who_drops_a_call_leaves_its_run_alone() {
    let service = Service::new().await;
    let id = create(&service, CronConfigFields::named("x")).await;
    service.manager.start();
    quiet().await;
    // Dropped at every step that it can be dropped at, until it is too far on.
    for polls in 0..40 {
        let none = CronConfigFields { min_gap: Some(Duration::ZERO), ..CronConfigFields::default() };
        service.manager.update_cron_config(id, &none, None).await.unwrap();
        {
            use futures_util::FutureExt;
            let mut call = Box::pin(service.manager.handle_job("x", nothing));
            for _ in 0..polls {
                if (&mut call).now_or_never().is_some() {
                    break;
                }
                tokio::task::yield_now().await;
            }
        }
        quiet().await;
        service.clock.advance(seconds(1));
    }
    let runs = service.runs(id).await;
    assert!(runs.len() > 20 && runs.iter().all(|run| run.state == RunState::Succeeded), "{runs:?}");
}

#[tokio::test]
async fn a_call_that_waits_ends_when_its_replica_stops() {
    let service = Service::new().await;
    let fields =
        CronConfigFields { jitter: Some(seconds(3_600)), ..CronConfigFields::named("x").every(seconds(7_200)) };
    let id = create(&service, fields).await;
    service.manager.start();
    pass_until(&service, "2026-03-01T14:00:01Z").await;
    let call = call(&service);
    service.pass(seconds(5)).await;
    assert!(!call.is_finished(), "{:?}", service.runs(id).await);
    service.manager.shutdown(seconds(0)).await;
    assert_eq!(call.await.unwrap(), Called::Refused(Refusal::Stopping));
    assert_eq!(service.states(id).await, [(RunState::Pending, 1)]);
}

#[tokio::test]
async fn a_call_of_a_replica_that_was_taken_for_dead_asks_now_and_then_and_goes_on_under_a_new_id() {
    let service = Service::new().await;
    let fields = CronConfigFields { external: Some(true), ..CronConfigFields::named("x").every(seconds(10)) };
    let id = create(&service, fields.context(json!({}))).await;
    service.manager.start();
    pass_until(&service, "2026-03-01T12:00:10.25Z").await;
    assert!(due(&called(&service).await).is_some());
    let me = &service.manager.replicas().await.unwrap()[0];
    assert!(service.store.end_replica(me.status.id, me.heartbeat).await.unwrap());
    pass_until(&service, "2026-03-01T12:00:20.25Z").await;
    let call = call(&service);
    // It learns of it at the next watch.
    service.pass(seconds(15)).await;
    assert!(call.await.unwrap() != Called::Refused(Refusal::Stopping));
    assert_ne!(service.manager.replica_id(), me.status.id);
    pass_until(&service, "2026-03-01T12:00:50.25Z").await;
    assert!(due(&called(&service).await).is_some());
    service.assert_balanced(id).await;
}

#[tokio::test]
async fn a_call_while_the_lock_is_held_elsewhere_is_a_skipped_run() {
    let (service, lock) = Service::with_lock().await;
    let id = every_ten_seconds(&service).await;
    service.manager.start();
    let outsider = lock.outsider("x", seconds(60)).await.unwrap();
    pass_until(&service, "2026-03-01T12:00:10.25Z").await;
    let answer = called(&service).await;
    assert!(matches!(answer, Called::Skipped(_, SkipReason::LockedElsewhere)), "{answer:?}");
    outsider.release().await.unwrap();
    pass_until(&service, "2026-03-01T12:00:20.25Z").await;
    assert!(due(&called(&service).await).is_some());
    assert_eq!(service.states(id).await, [(RunState::Skipped, 1), (RunState::Succeeded, 1)]);
}

#[tokio::test]
async fn a_call_that_requires_the_lock_waits_for_it() {
    let (service, lock) = Service::with_lock().await;
    let scheduled = CronConfigFields::named("x").every(seconds(10));
    let id = create(&service, CronConfigFields { lock: Some(LockPolicy::Require), ..scheduled }).await;
    service.manager.start();
    lock.set_away(true);
    pass_until(&service, "2026-03-01T12:00:10.25Z").await;
    let call = call(&service);
    service.pass(seconds(3)).await;
    assert!(!call.is_finished());
    lock.set_away(false);
    service.pass(seconds(2)).await;
    assert_eq!(due(&call.await.unwrap()), Some(instant("2026-03-01T12:00:10Z")));
    assert_eq!(service.states(id).await, [(RunState::Succeeded, 1)]);
}

#[tokio::test]
async fn events_errors_and_values_of_a_call_are_kept() {
    #[derive(serde::Deserialize)]
    struct Shop {
        shop: u32,
    }

    let service = Service::new().await;
    let fields = CronConfigFields::named("x").context(json!({"distributed": true, "shop": 7}));
    let id = create(&service, CronConfigFields { min_gap: Some(Duration::ZERO), ..fields }).await;
    service.manager.start();
    let typed = async |Ctx(shop): Ctx<Shop>, events: Events| {
        events.push(json!({"title": "shop", "shop": shop.shop}));
        Ok::<_, String>(["returned"])
    };
    service.manager.handle_job("x", typed).await.unwrap();
    let thrown = async |context: Context| Err::<(), _>(format!(r#"[{}]"#, context.as_str()));
    let called = service.manager.handle_job("x", thrown).await.unwrap();
    assert!(matches!(called, Called::Ran(_, outcome) if outcome.state == RunState::Failed));
    let runs = service.runs(id).await;
    assert_eq!(runs[0].result.as_deref(), Some(r#"[{"title":"shop","shop":7},"returned"]"#));
    assert_eq!(runs[1].result.as_deref(), Some(r#"[{"distributed":true,"shop":7}]"#));
    assert!(runs[1].error.is_some());
    let error = service.manager.handle_job("x", async |_: Config<Shop>| ()).await.unwrap_err();
    assert!(error.kind() == ErrorKind::FailedPrecondition && error.message().contains("Shop"), "{error}");
}

/// The old defect: a fast job releases the lock before a slower replica's timer fires. Here the ledger decides.
#[tokio::test]
async fn ten_thousand_ticks_of_a_fast_job_run_once_under_three_skewed_timers() {
    let (first, lock) = Service::with_lock().await;
    let services = [first.another_locked(&lock).await, first.another_locked(&lock).await, first];
    let id = create(&services[0], CronConfigFields::named("x").every(seconds(1))).await;
    let (ran, ticks) =
        (Arc::new(AtomicU64::new(0)), Arc::new(parking_lot::Mutex::new(std::collections::BTreeSet::new())));
    for service in &services {
        service.manager.start();
        quiet().await;
    }
    let mut random: u64 = 0x5eed;
    let mut next = move |below: u64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % below
    };
    for _ in 0..10_000 {
        // The tick comes in the middle of a second, and the job takes ten milliseconds of it; each timer fires somewhere.
        let timers = services.iter().map(|service| (next(1_000), Some(service)));
        let mut instants: Vec<_> = timers.chain([(500, None), (510, None), (1_000, None)]).collect();
        instants.sort_by_key(|(at, _)| *at);
        let mut passed = 0;
        for (at, timer) in instants {
            services[0].clock.advance(Duration::from_millis(at - passed));
            passed = at;
            if let Some(service) = timer {
                let (manager, clock) = (service.manager.clone(), service.clock.clone());
                let (ran, ticks) = (Arc::clone(&ran), Arc::clone(&ticks));
                let job = async move |Tick(tick): Tick| {
                    use cron_manager::contracts::Clock;
                    assert!(ticks.lock().insert(tick), "{tick} ran twice");
                    ran.fetch_add(1, Ordering::Relaxed);
                    clock.sleep_until(clock.elapsed() + Duration::from_millis(10)).await;
                };
                tokio::spawn(async move { manager.handle_job("x", job).await });
            }
            quiet().await;
        }
    }
    let runs = services[0].runs(id).await;
    let succeeded = runs.iter().filter(|run| run.state == RunState::Succeeded).count();
    assert_eq!((ran.load(Ordering::Relaxed), succeeded), (10_000, 10_000));
    services[0].assert_balanced(id).await;
}
