//! Asking for runs and configs, safely repeated: triggers, retries, backfills, creations.

use std::sync::Arc;

use cron_manager::{
    Context, ControlFields, CronConfigFields, CronConfigId, CronRun, ErrorKind, PauseFields, RunKind, RunState,
    SkipReason, Tick, TriggerFields, manager::VersionQuery,
};
use jiff::Timestamp;
use parking_lot::Mutex;
use serde_json::json;

use crate::service::{Service, done, held, instant, quiet, seconds};

fn asked(request_id: &str, context: Option<serde_json::Value>) -> TriggerFields {
    TriggerFields { context, request_id: Some(request_id.into()) }
}

#[tokio::test]
async fn a_triggered_run_may_have_a_context_of_its_own() {
    let service = Service::new().await;
    let told = Arc::new(Mutex::new(Vec::new()));
    let tells = Arc::clone(&told);
    let handler = async move |context: Context| tells.lock().push(context.as_str().to_owned());
    let job = service.manager.job("told").context(json!({"distributed": true, "shop": 1}));
    let config = job.run(handler).await.unwrap();
    service.manager.start();
    let own = TriggerFields { context: Some(json!({"shop": 2, "ttl": 5})), request_id: None };
    let run = service.manager.trigger_with(config.id, &own).await.unwrap();
    service.pass(seconds(1)).await;
    service.manager.trigger(config.id).await.unwrap();
    service.pass(seconds(1)).await;
    assert_eq!(*told.lock(), [r#"{"shop":2,"ttl":5}"#, r#"{"distributed":true,"shop":1}"#]);
    let run = service.manager.cron_run(run.id).await.unwrap();
    assert_eq!((run.ttl, run.context.unwrap().as_str()), (seconds(5), r#"{"shop":2,"ttl":5}"#));
    let wrong = TriggerFields { context: Some(json!([1])), request_id: None };
    let error = service.manager.trigger_with(config.id, &wrong).await.unwrap_err();
    assert_eq!((error.kind(), error.field()), (ErrorKind::InvalidArgument, Some("context")));
}

#[tokio::test]
async fn the_same_request_id_gives_the_same_run_again() {
    let service = Service::new().await;
    let config = service.manager.job("asked").distributed(true).run(done()).await.unwrap();
    let other = service.manager.job("other").distributed(true).run(done()).await.unwrap();
    let fields = asked("r-1", Some(json!({"x": 1})));
    let first = service.manager.trigger_with(config.id, &fields).await.unwrap();
    assert_eq!(service.manager.trigger_with(config.id, &fields).await.unwrap(), first);
    service.manager.start();
    service.pass(seconds(1)).await;
    service.manager.disable(config.id, None).await.unwrap();
    let again = service.manager.trigger_with(config.id, &fields).await.unwrap();
    assert_eq!((again.id, again.state), (first.id, RunState::Succeeded), "also when it has ended");
    assert_eq!(service.runs(config.id).await.len(), 1);
    for (id, fields) in [(other.id, fields.clone()), (config.id, asked("r-1", None))] {
        let error = service.manager.trigger_with(id, &fields).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AlreadyExists, "{error}");
    }
    for wrong in ["", "two words", &"x".repeat(129)] {
        let error = service.manager.trigger_with(other.id, &asked(wrong, None)).await.unwrap_err();
        assert_eq!((error.kind(), error.field()), (ErrorKind::InvalidArgument, Some("requestId")));
    }
}

#[tokio::test]
async fn a_config_is_created_once_however_often_it_is_asked_for() {
    let service = Service::new().await;
    let fields = CronConfigFields::named("once").cron("0 4 * * *", "UTC");
    let first = service.manager.create_cron_config_once(&fields, "c-1").await.unwrap();
    assert_eq!(service.manager.create_cron_config_once(&fields, "c-1").await.unwrap(), first);
    let other = service.manager.create_cron_config_once(&fields.clone().enabled(true), "c-1").await.unwrap_err();
    assert_eq!(other.kind(), ErrorKind::AlreadyExists);
    let taken = service.manager.create_cron_config_once(&fields, "c-2").await.unwrap_err();
    assert_eq!(taken.kind(), ErrorKind::AlreadyExists);
    let wrong = service.manager.create_cron_config_once(&fields, " ").await.unwrap_err();
    assert_eq!(wrong.field(), Some("requestId"));
}

async fn run(service: &Service, id: cron_manager::RunId) -> CronRun {
    service.manager.cron_run(id).await.unwrap()
}

#[tokio::test]
async fn a_tick_is_retried_as_its_next_attempt_and_counts_once() {
    let service = Service::new().await;
    let fails = async || Err::<(), _>("broken");
    let config = service.manager.job("fails").every(seconds(60)).distributed(true).run(fails).await.unwrap();
    service.manager.start();
    service.pass(seconds(60)).await;
    let failed = service.runs(config.id).await.remove(0);
    assert_eq!(failed.state, RunState::Failed);
    for attempt in 2..=3 {
        let retry = service.manager.retry(failed.id, None).await.unwrap();
        assert_eq!((retry.kind, retry.due_at, retry.attempt), (RunKind::Tick, failed.due_at, attempt));
        assert_eq!((retry.retry_of, retry.idempotency_key()), (Some(failed.id), failed.idempotency_key()));
        let early = service.manager.retry(failed.id, None).await.unwrap_err();
        assert_eq!(early.kind(), ErrorKind::FailedPrecondition, "a retry is live");
        service.pass(seconds(1)).await;
        assert_eq!(run(&service, retry.id).await.state, RunState::Failed);
    }
    let named = service.manager.retry(failed.id, Some("again")).await.unwrap();
    service.pass(seconds(1)).await;
    assert_eq!(service.manager.retry(failed.id, Some("again")).await.unwrap().id, named.id);
    service.assert_balanced(config.id).await;
}

#[tokio::test]
async fn what_is_no_tick_of_the_config_any_more_is_retried_as_a_run_of_its_own() {
    let service = Service::new().await;
    let config = service.manager.job("asked").distributed(true).run(done()).await.unwrap();
    service.manager.start();
    let first = service.manager.trigger_with(config.id, &asked("r", Some(json!({"x": 1})))).await.unwrap();
    let live = service.manager.retry(first.id, None).await.unwrap_err();
    assert_eq!(live.kind(), ErrorKind::FailedPrecondition, "it has not ended");
    service.pass(seconds(1)).await;
    let retry = service.manager.retry(first.id, None).await.unwrap();
    assert_eq!((retry.kind, retry.attempt, &retry.context), (RunKind::Manual, 1, &first.context));
    let lanes = service.manager.job("lanes").every(seconds(1)).run(done()).await.unwrap();
    service.pass(seconds(1)).await;
    let tick = service.runs(lanes.id).await.remove(0);
    let same = service.manager.retry(tick.id, None).await.unwrap();
    assert_eq!((same.kind, same.lane, same.attempt), (RunKind::Tick, tick.lane, 2));
    service.pass(seconds(1)).await;
    service.manager.shutdown(seconds(1)).await;
    let again = service.another().await.manager.retry(tick.id, None).await.unwrap();
    assert_eq!((again.kind, again.lane), (RunKind::Manual, None), "its replica has ended");
}

#[tokio::test]
async fn a_backfill_runs_one_after_another_and_is_no_tick() {
    let service = Service::new().await;
    let (running, most) = (Arc::new(Mutex::new(0)), Arc::new(Mutex::new((0, Vec::new()))));
    let (runs, seen) = (Arc::clone(&running), Arc::clone(&most));
    let handler = async move |Tick(due): Tick| {
        *runs.lock() += 1;
        tokio::task::yield_now().await;
        let mut seen = seen.lock();
        (seen.0, seen.1) = (seen.0.max(*runs.lock()), [seen.1.clone(), vec![due]].concat());
        *runs.lock() -= 1;
    };
    let config = service.manager.job("daily").schedule("0 4 * * *").distributed(true).run(handler).await.unwrap();
    let (from, to) = (instant("2026-02-01T04:00:00Z"), instant("2026-02-11T04:00:00Z"));
    let filled = service.manager.backfill(config.id, from, to, 10, Some("fill")).await.unwrap();
    assert_eq!(filled.len(), 10);
    assert_eq!(service.manager.backfill(config.id, from, to, 10, Some("fill")).await.unwrap(), filled);
    service.manager.start();
    service.pass(seconds(5)).await;
    let expected: Vec<Timestamp> = (0..10).map(|day| from + seconds(86_400 * day)).collect();
    assert_eq!(*most.lock(), (1, expected));
    let runs = service.runs(config.id).await;
    assert_eq!(runs.len(), 10);
    assert!(runs.iter().all(|run| run.kind == RunKind::Backfill && run.state == RunState::Succeeded));
    service.assert_balanced(config.id).await;
}

#[tokio::test]
async fn a_backfill_that_cannot_be_is_refused_with_its_reason() {
    let service = Service::new().await;
    let manager = &service.manager;
    let config = manager.job("hourly").schedule("0 * * * *").distributed(true).run(done()).await.unwrap();
    let bare = manager.job("bare").run(done()).await.unwrap();
    let refused = async |id: CronConfigId, from: &str, to: &str, limit| {
        let error = manager.backfill(id, instant(from), instant(to), limit, None).await.unwrap_err();
        (error.kind(), error.field().unwrap_or_default().to_owned(), error.message().to_owned())
    };
    let (day, next) = ("2026-02-01T00:00:00Z", "2026-02-02T00:00:00Z");
    let (kind, field, message) = refused(config.id, day, next, 23).await;
    assert_eq!((kind, field.as_str()), (ErrorKind::InvalidArgument, "to"));
    assert!(message.contains("24 times") && message.contains("23 fit"), "{message}");
    assert_eq!(refused(config.id, day, next, 1_001).await.1, "limit");
    assert_eq!(refused(config.id, next, day, 10).await.1, "to");
    assert_eq!(refused(config.id, "2026-03-01T11:00:00Z", "2026-03-01T14:00:00Z", 10).await.1, "to");
    assert_eq!(refused(bare.id, day, next, 10).await.0, ErrorKind::FailedPrecondition);
    assert_eq!(refused(CronConfigId(99), day, next, 10).await.0, ErrorKind::NotFound);
    manager.disable(config.id, None).await.unwrap();
    assert_eq!(refused(config.id, day, next, 24).await.0, ErrorKind::FailedPrecondition);
}

#[tokio::test]
async fn ticks_come_before_what_makes_up_for_the_past_and_a_pause_skips_it() {
    let service = Service::new().await;
    let (handler, gate) = held();
    let config = service.manager.job("busy").every(seconds(3_600)).distributed(true).run(handler).await.unwrap();
    let (from, to) = (instant("2026-03-01T06:00:00Z"), instant("2026-03-01T08:00:00Z"));
    let filled = service.manager.backfill(config.id, from, to, 10, None).await.unwrap();
    let asked = service.manager.trigger(config.id).await.unwrap();
    service.manager.start();
    service.pass(seconds(1)).await;
    assert_eq!(run(&service, asked.id).await.state, RunState::Running);
    service.manager.update_control(&ControlFields::enabled(false), None).await.unwrap();
    gate.notify_one();
    service.pass(seconds(300)).await;
    assert_eq!(run(&service, filled[0].id).await.state, RunState::Pending, "it waits for as long as it takes");
    service.manager.pause(config.id, &PauseFields::default(), None).await.unwrap();
    quiet().await;
    for waits in filled {
        let skipped = run(&service, waits.id).await;
        assert_eq!((skipped.state, skipped.reason), (RunState::Skipped, Some(SkipReason::Paused)));
    }
}

#[tokio::test]
async fn the_versions_of_a_config_tell_its_schedules_newest_first() {
    let service = Service::new().await;
    let config = service.manager.job("edited").every(seconds(5)).run(done()).await.unwrap();
    let every = CronConfigFields::default().every(seconds(9));
    service.manager.update_cron_config(config.id, &every, None).await.unwrap();
    let query = VersionQuery { before: None, limit: 10 };
    let versions = service.manager.versions(config.id, &query).await.unwrap();
    assert_eq!(versions.iter().map(|version| version.version).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(versions[1].schedule, config.schedule);
    let older = VersionQuery { before: Some(1), limit: 10 };
    assert_eq!(service.manager.versions(config.id, &older).await.unwrap(), []);
    let nobody = service.manager.versions(CronConfigId(99), &query).await.unwrap_err();
    assert_eq!(nobody.kind(), ErrorKind::NotFound);
}
