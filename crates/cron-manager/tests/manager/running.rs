//! What a run leaves behind.

use std::sync::Arc;

use cron_manager::{ActiveRun, CronConfigFields, ErrorKind, RunKind, RunState, SkipReason, Stop, Window};
use serde_json::json;

use crate::service::{Service, done, held, instant, quiet, seconds};

#[tokio::test]
async fn a_tick_runs_once_and_keeps_its_events_and_its_value() {
    let service = Service::new().await;
    let handler = |run: ActiveRun| async move {
        run.event(json!({"sent": 3}));
        run.log("hello");
        Ok::<_, String>(vec!["done"])
    };
    let config = service.manager.job("a").every(seconds(10)).run(handler).await.unwrap();
    service.manager.start();
    service.pass(seconds(15)).await;
    let runs = service.runs(config.id).await;
    assert_eq!(runs.len(), 1);
    let run = &runs[0];
    assert_eq!(
        (run.state, run.kind, run.due_at),
        (RunState::Succeeded, RunKind::Tick, instant("2026-03-01T12:00:10Z"))
    );
    assert_eq!(run.result.as_deref(), Some(r#"[{"sent":3},"done"]"#));
    assert_eq!(service.manager.cron_run_log(run.id).await.unwrap(), "hello\n");
    assert_eq!(run.idempotency_key(), "1/2026-03-01T12:00:10Z");
    service.assert_balanced(config.id).await;
}

#[tokio::test]
async fn an_error_and_a_panic_end_a_run_as_failed_with_its_events_and_nothing_else() {
    let service = Service::new().await;
    let fails = |run: ActiveRun| async move {
        run.event("before");
        Err::<(), _>("no more paper")
    };
    let panics = |run: ActiveRun| async move {
        run.event("before");
        if run.run().fence.0 > 0 {
            std::panic::resume_unwind(Box::new("no more ink"));
        }
        Ok::<_, String>(())
    };
    let fails = service.manager.job("fails").every(seconds(10)).run(fails).await.unwrap();
    let panics = service.manager.job("panics").every(seconds(10)).run(panics).await.unwrap();
    service.manager.start();
    service.pass(seconds(20)).await;
    for (config, error) in [(fails, "no more paper"), (panics, "the handler panicked: no more ink")] {
        let runs = service.runs(config.id).await;
        assert_eq!(runs.len(), 2, "the next tick runs all the same");
        for run in runs {
            assert_eq!((run.state, run.error.as_deref()), (RunState::Failed, Some(error)));
            assert_eq!(run.result.as_deref(), Some(r#"["before"]"#));
        }
    }
}

#[tokio::test]
async fn a_run_over_its_timeout_is_told_to_stop_and_recorded_as_timed_out() {
    let service = Service::new().await;
    let obeys = |run: ActiveRun| async move {
        assert_eq!(run.stopped().await, Stop::TimedOut);
        Ok::<_, String>("half")
    };
    let obeys = service.manager.job("obeys").every(seconds(60)).timeout(seconds(3)).run(obeys).await.unwrap();
    let (stubborn, _gate) = held();
    let stubborn = service.manager.job("stubborn").every(seconds(60)).timeout(seconds(3)).run(stubborn).await.unwrap();
    service.manager.start();
    service.pass(seconds(60 + 4)).await;
    let run = &service.runs(obeys.id).await[0];
    assert_eq!((run.state, run.result.as_deref()), (RunState::TimedOut, Some(r#""half""#)));
    assert_eq!(service.runs(stubborn.id).await[0].state, RunState::Running, "it has some seconds to end");
    service.pass(seconds(6)).await;
    let run = &service.runs(stubborn.id).await[0];
    assert_eq!(run.state, RunState::TimedOut);
    assert!(run.error.as_ref().unwrap().contains("told to stop"));
}

#[tokio::test]
async fn a_tick_that_falls_due_while_a_run_is_live_is_skipped_as_overlap() {
    let service = Service::new().await;
    let (handler, gate) = held();
    let config = service.manager.job("slow").every(seconds(5)).run(handler).await.unwrap();
    service.manager.start();
    service.pass(seconds(22)).await;
    gate.notify_one();
    service.pass(seconds(4)).await;
    gate.notify_one();
    quiet().await;
    let runs = service.runs(config.id).await;
    let shown: Vec<_> = runs.iter().map(|run| (run.state, run.reason, run.count)).collect();
    let ran = (RunState::Succeeded, None, 1);
    assert_eq!(shown, [ran, (RunState::Skipped, Some(SkipReason::Overlap), 3), ran]);
    service.assert_balanced(config.id).await;
}

#[tokio::test]
async fn a_batch_of_100_with_one_busy_config_starts_99_and_records_1() {
    let service = Service::new().await;
    let (handler, _gate) = held();
    let busy = service.manager.job("busy").every(seconds(10)).distributed(true).run(handler).await.unwrap();
    service.manager.start();
    service.manager.trigger(busy.id).await.unwrap();
    quiet().await;
    for at in 1..100 {
        service.manager.job(format!("free-{at}")).every(seconds(10)).run(done()).await.unwrap();
    }
    service.pass(seconds(11)).await;
    let (mut started, mut recorded) = (0, 0);
    for id in 1..=100 {
        for run in service.runs(cron_manager::CronConfigId(id)).await.iter().filter(|run| run.kind == RunKind::Tick) {
            started += usize::from(run.state == RunState::Succeeded);
            recorded += usize::from(run.reason == Some(SkipReason::Overlap));
        }
    }
    assert_eq!((started, recorded), (99, 1));
}

#[tokio::test]
async fn a_tick_without_a_handler_is_recorded_when_its_start_deadline_has_passed() {
    let service = Service::new().await;
    let fields =
        CronConfigFields::named("orphan").enabled(true).cron("* * * * *", "UTC").context(json!({"distributed": true}));
    let config = service.manager.create_cron_config(&fields).await.unwrap();
    service.manager.start();
    service.pass(seconds(70)).await;
    assert_eq!(service.states(config.id).await, [(RunState::Pending, 1)]);
    service.pass(seconds(60)).await;
    assert_eq!(service.runs(config.id).await[0].reason, Some(SkipReason::NoHandler));
    service.assert_balanced(config.id).await;
}

#[tokio::test]
async fn a_handler_that_comes_in_time_gets_the_tick_that_waits() {
    let service = Service::new().await;
    let fields =
        CronConfigFields::named("late").enabled(true).cron("* * * * *", "UTC").context(json!({"distributed": true}));
    let config = service.manager.create_cron_config(&fields).await.unwrap();
    service.manager.start();
    service.pass(seconds(70)).await;
    service.manager.job("late").run(done()).await.unwrap();
    quiet().await;
    assert_eq!(service.states(config.id).await, [(RunState::Succeeded, 1)]);
}

#[tokio::test]
async fn two_triggers_in_a_second_are_two_runs_one_after_the_other() {
    // temporal#3614: two manual triggers in a second, one dropped.
    let service = Service::new().await;
    let config = service.manager.job("asked").run(done()).await.unwrap();
    service.manager.start();
    let first = service.manager.trigger(config.id).await.unwrap();
    let second = service.manager.trigger(config.id).await.unwrap();
    assert_ne!(first.id, second.id);
    service.pass(seconds(1)).await;
    assert_eq!(service.states(config.id).await, [(RunState::Succeeded, 1); 2]);
    let off = CronConfigFields::default().enabled(false);
    service.manager.update_cron_config(config.id, &off, None).await.unwrap();
    assert_eq!(service.manager.trigger(config.id).await.unwrap_err().kind(), ErrorKind::FailedPrecondition);
}

#[tokio::test]
async fn jitter_spreads_starts_and_none_comes_before_its_instant() {
    let service = Service::new().await;
    let fields = |at| CronConfigFields { jitter: Some(seconds(20)), ..CronConfigFields::named(format!("spread-{at}")) };
    for at in 0..20 {
        let fields = fields(at).enabled(true).cron("* * * * *", "UTC");
        service.manager.create_cron_config(&fields).await.unwrap();
        service.manager.job(format!("spread-{at}")).run(done()).await.unwrap();
    }
    service.manager.start();
    service.pass(seconds(90)).await;
    let mut delays = std::collections::BTreeSet::new();
    for id in 1..=20 {
        let run = service.runs(cron_manager::CronConfigId(id)).await.remove(0);
        assert!(run.started_at.unwrap() >= run.start_after && run.start_after >= run.due_at);
        assert!(run.start_after < run.due_at + seconds(20));
        delays.insert(run.start_after);
    }
    assert!(delays.len() > 10, "{delays:?}");
}

#[tokio::test]
async fn what_happens_to_runs_can_be_watched() {
    use cron_manager::scheduler::Activity;
    let service = Service::new().await;
    let mut activity = service.manager.activity();
    let config = service.manager.job("seen").every(seconds(10)).run(done()).await.unwrap();
    service.manager.start();
    service.pass(seconds(10)).await;
    assert!(matches!(activity.try_recv().unwrap(), Activity::Started(run) if run.config_id == config.id));
    let ended = activity.try_recv().unwrap();
    assert!(matches!(ended, Activity::Ended(_, outcome) if outcome.state == RunState::Succeeded));
}

#[tokio::test]
async fn a_run_sees_its_context_and_the_window_it_is_for() {
    let service = Service::new().await;
    let seen = Arc::new(parking_lot::Mutex::new(None));
    let keep = Arc::clone(&seen);
    let handler = move |run: ActiveRun| {
        *keep.lock() = Some((run.context().to_value(), run.window()));
        async { Ok::<_, String>(()) }
    };
    let job = service.manager.job("window").schedule("*/10 * * * * *").context(json!({"shop": 7}));
    job.run(handler).await.unwrap();
    service.manager.start();
    service.pass(seconds(21)).await;
    let (context, window) = seen.lock().take().unwrap();
    assert_eq!(context, json!({"shop": 7}));
    let (start, end) = (Some(instant("2026-03-01T12:00:10Z")), instant("2026-03-01T12:00:20Z"));
    assert_eq!(window, Window { start, end });
}
