//! Switching all jobs off and on.

use cron_manager::{
    Called, Control, ControlFields, CronConfigFields, CronConfigId, ErrorKind, Refusal, RunState, SkipReason,
};

use crate::service::{Service, done, held, quiet, seconds};

async fn switch(service: &Service, on: bool) -> Control {
    service.manager.update_control(&ControlFields::enabled(on), None).await.unwrap()
}

/// Why, or in which state, and for how many ticks each row stands.
async fn rows(service: &Service, id: CronConfigId) -> Vec<(&'static str, u64)> {
    let word = |run: &cron_manager::CronRun| run.reason.map_or(run.state.as_str(), SkipReason::as_str);
    let mut runs = service.runs(id).await;
    runs.sort_by_key(|run| run.due_at);
    runs.iter().map(|run| (word(run), run.count)).collect()
}

#[tokio::test]
async fn nothing_starts_while_jobs_are_switched_off_and_each_tick_is_recorded_so() {
    let service = Service::new().await;
    let once = service.manager.job("once").every(seconds(1)).distributed(true).run(done()).await.unwrap();
    let each = service.manager.job("each").every(seconds(1)).run(done()).await.unwrap();
    let unhandled = CronConfigFields::named("unhandled").enabled(true).every(seconds(1));
    let unhandled = service.manager.create_cron_config(&unhandled).await.unwrap();
    service.manager.start();
    service.pass(seconds(2)).await;
    let control = switch(&service, false).await;
    assert_eq!((control.enabled, control.version), (false, 1));
    service.pass(seconds(10)).await;
    switch(&service, true).await;
    service.pass(seconds(2)).await;
    let ran = ("succeeded", 1);
    for config in [once, each] {
        assert_eq!(rows(&service, config.id).await, [ran, ran, ("switched_off", 10), ran, ran], "{}", config.name);
        service.assert_balanced(config.id).await;
    }
    let none = |count| ("no_handler", count);
    assert_eq!(rows(&service, unhandled.id).await, [none(2), ("switched_off", 10), none(2)]);
    service.assert_balanced(unhandled.id).await;
}

#[tokio::test]
async fn each_tick_follows_the_switch_as_it_stood_when_it_fell_due_however_late_it_is_planned() {
    let service = Service::new().await;
    let config = service.manager.job("late").every(seconds(1)).distributed(true).run(done()).await.unwrap();
    for on in [true, false, true, false, true] {
        switch(&service, on).await;
        service.pass(seconds(20)).await;
    }
    service.manager.start();
    quiet().await;
    let off = ("switched_off", 20);
    let expected = [("missed", 20), off, ("missed", 20), off, ("missed", 10), ("superseded", 9), ("succeeded", 1)];
    assert_eq!(rows(&service, config.id).await, expected);
    service.assert_balanced(config.id).await;
}

#[tokio::test]
async fn a_run_that_waits_starts_when_jobs_are_switched_on_again_or_is_skipped_by_its_deadline() {
    let service = Service::new().await;
    let job = service.manager.job("asked").distributed(true).run(done()).await.unwrap();
    let asked = service.manager.trigger(job.id).await.unwrap();
    switch(&service, false).await;
    service.manager.start();
    service.pass(seconds(10)).await;
    assert_eq!(service.manager.cron_run(asked.id).await.unwrap().state, RunState::Pending);
    switch(&service, true).await;
    service.pass(seconds(1)).await;
    assert_eq!(service.manager.cron_run(asked.id).await.unwrap().state, RunState::Succeeded);
    service.manager.shutdown(seconds(1)).await;

    let again = service.another().await;
    let waits = again.manager.trigger(job.id).await.unwrap();
    switch(&again, false).await;
    again.pass(seconds(61)).await;
    switch(&again, true).await;
    again.manager.start();
    quiet().await;
    let skipped = again.manager.cron_run(waits.id).await.unwrap();
    assert_eq!((skipped.state, skipped.reason), (RunState::Skipped, Some(SkipReason::SwitchedOff)));
}

#[tokio::test]
async fn what_runs_goes_on_when_jobs_are_switched_off() {
    let service = Service::new().await;
    let (handler, gate) = held();
    let config = service.manager.job("long").every(seconds(60)).distributed(true).run(handler).await.unwrap();
    service.manager.start();
    service.pass(seconds(60)).await;
    switch(&service, false).await;
    service.pass(seconds(45)).await;
    assert_eq!(service.states(config.id).await, [(RunState::Running, 1)]);
    gate.notify_one();
    service.pass(seconds(1)).await;
    assert_eq!(service.states(config.id).await, [(RunState::Succeeded, 1)]);
}

#[tokio::test]
async fn nothing_can_be_asked_for_while_jobs_are_switched_off() {
    let service = Service::new().await;
    let ticks = CronConfigFields::named("called").enabled(true).every(seconds(1));
    let config = service.manager.create_cron_config(&ticks).await.unwrap();
    service.manager.start();
    switch(&service, false).await;
    let error = service.manager.trigger(config.id).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FailedPrecondition);
    assert!(error.message().contains("switch them on"), "{error}");
    let called = service.manager.handle_job("called", || async {}).await.unwrap();
    assert_eq!(called, Called::Refused(Refusal::SwitchedOff));
}

#[tokio::test]
async fn every_replica_follows_the_control_record() {
    let service = Service::new().await;
    let other = service.another().await;
    let mut told = other.manager.watch_control();
    assert_eq!(*told.borrow(), Control::default());
    other.manager.start();
    let fields = ControlFields { enabled: Some(false), log_level: Some("trace".into()) };
    let control = service.manager.update_control(&fields, Some(0)).await.unwrap();
    quiet().await;
    assert_eq!(*told.borrow_and_update(), control);
    assert_eq!(other.manager.control().await.unwrap(), control);
    let stale = service.manager.update_control(&ControlFields::enabled(true), Some(0)).await.unwrap_err();
    assert_eq!(stale.kind(), ErrorKind::Conflict);
}
