//! Pausing and resuming one config, and what else is switched for one or for all.

use cron_manager::{
    Called, CronConfigFields, CronConfigId, ErrorKind, PauseFields, Refusal, RunState, SkipReason,
    contracts::{Clock, ConfigQuery},
};

use crate::service::{Service, done, held, quiet, seconds};

async fn minutely_second(service: &Service, name: &str) -> CronConfigId {
    service.manager.job(name).every(seconds(1)).distributed(true).run(done()).await.unwrap().id
}

#[tokio::test]
async fn ticks_in_a_pause_are_recorded_as_paused_until_the_config_is_resumed() {
    let service = Service::new().await;
    let id = minutely_second(&service, "paused").await;
    let lanes = service.manager.job("lanes").every(seconds(1)).run(done()).await.unwrap().id;
    service.manager.start();
    service.pass(seconds(1)).await;
    for id in [id, lanes] {
        let fields = PauseFields { until: None, reason: Some(" a move ".into()) };
        let paused = service.manager.pause(id, &fields, Some(1)).await.unwrap();
        assert_eq!(paused.paused.unwrap().reason.as_deref(), Some("a move"));
    }
    service.pass(seconds(30)).await;
    for id in [id, lanes] {
        assert_eq!(service.manager.resume(id, Some(1)).await.unwrap_err().kind(), ErrorKind::Conflict);
        assert_eq!(service.manager.resume(id, Some(2)).await.unwrap().paused, None);
        assert_eq!(service.manager.resume(id, None).await.unwrap().version, 3, "nothing changes the second time");
    }
    service.pass(seconds(1)).await;
    for id in [id, lanes] {
        let ran = (RunState::Succeeded, 1);
        assert_eq!(service.states(id).await, [ran, (RunState::Skipped, 30), ran]);
        assert_eq!(service.runs(id).await[1].reason, Some(SkipReason::Paused));
        service.assert_balanced(id).await;
    }
}

#[tokio::test]
async fn a_pause_ends_by_itself_with_the_first_tick_at_its_end() {
    let service = Service::new().await;
    let id = minutely_second(&service, "paused").await;
    service.manager.start();
    service.pass(seconds(1)).await;
    // Ticks at :02 to :09 are left out, the one at :10 is not.
    let until = Some("2026-03-01T12:00:10Z".parse().unwrap());
    service.manager.pause(id, &PauseFields { until, ..PauseFields::default() }, None).await.unwrap();
    service.pass(seconds(9)).await;
    let ran = (RunState::Succeeded, 1);
    assert_eq!(service.states(id).await, [ran, (RunState::Skipped, 8), ran]);
    let config = service.manager.cron_config(id).await.unwrap();
    assert_eq!((config.version, config.is_paused(service.clock.now())), (2, false));
    service.assert_balanced(id).await;
}

#[tokio::test]
async fn a_pause_skips_what_waits_and_leaves_what_runs() {
    let service = Service::new().await;
    let (handler, gate) = held();
    let config = service.manager.job("busy").distributed(true).run(handler).await.unwrap();
    let runs = service.manager.trigger(config.id).await.unwrap();
    let waits = service.manager.trigger(config.id).await.unwrap();
    service.manager.start();
    service.pass(seconds(1)).await;
    service.manager.pause(config.id, &PauseFields::default(), None).await.unwrap();
    gate.notify_one();
    service.pass(seconds(1)).await;
    assert_eq!(service.manager.cron_run(runs.id).await.unwrap().state, RunState::Succeeded);
    let waited = service.manager.cron_run(waits.id).await.unwrap();
    assert_eq!((waited.state, waited.reason), (RunState::Skipped, Some(SkipReason::Paused)));
}

#[tokio::test]
async fn nothing_can_be_asked_of_a_paused_config() {
    let service = Service::new().await;
    let fields = CronConfigFields::named("called").enabled(true);
    let config = service.manager.create_cron_config(&fields).await.unwrap();
    service.manager.start();
    service.manager.pause(config.id, &PauseFields::default(), None).await.unwrap();
    let error = service.manager.trigger(config.id).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FailedPrecondition);
    assert!(error.message().contains("resume it"), "{error}");
    let called = service.manager.handle_job("called", || async {}).await.unwrap();
    assert_eq!(called, Called::Refused(Refusal::Paused));
    let past = PauseFields { until: Some(service.clock.now()), ..PauseFields::default() };
    let error = service.manager.pause(config.id, &past, None).await.unwrap_err();
    assert_eq!((error.kind(), error.field()), (ErrorKind::InvalidArgument, Some("until")));
}

#[tokio::test]
async fn a_config_that_was_undeleted_goes_on_as_it_was_without_the_ticks_in_between() {
    let service = Service::new().await;
    let id = minutely_second(&service, "gone").await;
    service.manager.start();
    service.pass(seconds(2)).await;
    assert_eq!(service.manager.undelete_cron_config(id, None).await.unwrap_err().kind(), ErrorKind::AlreadyExists);
    service.manager.delete_cron_config(id, None).await.unwrap();
    service.pass(seconds(100)).await;
    assert_eq!(service.manager.undelete_cron_config(id, Some(1)).await.unwrap_err().kind(), ErrorKind::Conflict);
    let back = service.manager.undelete_cron_config(id, Some(2)).await.unwrap();
    assert!(back.enabled && back.deleted_at.is_none() && back.version == 3);
    service.pass(seconds(2)).await;
    assert_eq!(service.states(id).await, [(RunState::Succeeded, 1); 4]);
    service.assert_balanced(id).await;
}

#[tokio::test]
async fn all_configs_are_enabled_and_disabled_at_once_but_for_deleted_ones() {
    let service = Service::new().await;
    let mut ids = Vec::new();
    // More than one batch.
    for at in 0..300 {
        ids.push(minutely_second(&service, &format!("job-{at}")).await);
    }
    service.manager.delete_cron_config(ids[0], None).await.unwrap();
    service.manager.disable(ids[1], Some(1)).await.unwrap();
    assert_eq!(service.manager.disable(ids[1], Some(1)).await.unwrap_err().kind(), ErrorKind::Conflict);
    let enabled = async || {
        let query = ConfigQuery { limit: 1_000, enabled: Some(true), show_deleted: true, ..ConfigQuery::default() };
        service.manager.cron_configs(&query).await.unwrap().len()
    };
    assert_eq!((service.manager.disable_all().await.unwrap(), enabled().await), (298, 1));
    assert_eq!((service.manager.enable_all().await.unwrap(), enabled().await), (299, 300));
    assert_eq!(service.manager.enable_all().await.unwrap(), 0);
    quiet().await;
}
