//! Calendars: what falls into their blackouts, and what does not.

use std::time::Duration;

use cron_manager::{
    BlackoutFields, Calendar, CalendarFields, Called, CronConfigFields, CronConfigId, Refusal, RunKind, RunState,
    SkipReason, Tick, contracts::Clock,
};

use crate::service::{Service, done, quiet, seconds};

/// From 12:00:10 to 12:00:20.
fn blackout() -> BlackoutFields {
    BlackoutFields::once("2026-03-01T12:00:10", "2026-03-01T12:00:20")
}

async fn calendar(service: &Service, blackouts: impl IntoIterator<Item = BlackoutFields>) -> Calendar {
    service.manager.create_calendar(&CalendarFields::named("closed").blackouts(blackouts)).await.unwrap()
}

async fn secondly(service: &Service, name: &str, distributed: bool) -> CronConfigId {
    let job = service.manager.job(name).every(seconds(1)).distributed(distributed).calendars(["closed"]);
    job.run(done()).await.unwrap().id
}

const SKIPPED: RunState = RunState::Skipped;

#[tokio::test]
async fn ticks_in_a_blackout_are_recorded_as_such_and_all_others_run() {
    let service = Service::new().await;
    calendar(&service, [blackout()]).await;
    let once = secondly(&service, "once", true).await;
    let lanes = secondly(&service, "lanes", false).await;
    service.manager.start();
    service.pass(seconds(24)).await;
    for id in [once, lanes] {
        // Those at :01 to :09, then those at :10 to :19, then those at :20 to :24.
        let ran = (RunState::Succeeded, 1);
        let expected = [vec![ran; 9], vec![(SKIPPED, 10)], vec![ran; 5]].concat();
        assert_eq!(service.states(id).await, expected);
        let skipped = &service.runs(id).await[9];
        assert_eq!(skipped.reason, Some(SkipReason::Blackout));
        assert_eq!(skipped.due_at.to_string(), "2026-03-01T12:00:10Z");
        assert_eq!(skipped.due_through.to_string(), "2026-03-01T12:00:19Z");
        service.assert_balanced(id).await;
    }
}

#[tokio::test]
async fn after_a_full_stop_the_newest_tick_outside_of_blackouts_is_caught_up() {
    let service = Service::new().await;
    calendar(&service, [blackout()]).await;
    let id = secondly(&service, "late", true).await;
    service.clock.advance(seconds(15));
    service.manager.start();
    quiet().await;
    let reasons: Vec<_> =
        service.runs(id).await.iter().map(|run| (run.due_at.to_string(), run.count, run.reason)).collect();
    let at = |second: &str| format!("2026-03-01T12:00:{second}Z");
    let expected = [
        (at("01"), 5, Some(SkipReason::Missed)),
        (at("06"), 3, Some(SkipReason::Superseded)),
        (at("10"), 6, Some(SkipReason::Blackout)),
        (at("09"), 1, None),
    ];
    for row in expected {
        assert!(reasons.contains(&row), "{row:?} in {reasons:?}");
    }
    assert_eq!(reasons.len(), 4);
    service.assert_balanced(id).await;
}

#[tokio::test]
async fn a_change_of_a_calendar_counts_for_what_is_planned_after_it() {
    let service = Service::new().await;
    let closed = calendar(&service, [blackout()]).await;
    let id = secondly(&service, "j", true).await;
    service.manager.start();
    service.pass(seconds(12)).await;
    let open = CalendarFields::default().blackouts([]);
    service.manager.update_calendar(closed.id, &open, Some(1)).await.unwrap();
    service.pass(seconds(3)).await;
    let again = CalendarFields::default().blackouts([BlackoutFields::once("2026-03-01", "2026-03-02")]);
    service.manager.update_calendar(closed.id, &again, Some(2)).await.unwrap();
    service.pass(seconds(5)).await;
    let ran = (RunState::Succeeded, 1);
    let expected = [vec![ran; 9], vec![(SKIPPED, 3)], vec![ran; 3], vec![(SKIPPED, 5)]].concat();
    assert_eq!(service.states(id).await, expected);
    service.assert_balanced(id).await;
}

#[tokio::test]
async fn what_somebody_asks_for_runs_in_a_blackout() {
    let service = Service::new().await;
    calendar(&service, [BlackoutFields::once("2026-03-01", "2026-03-02")]).await;
    let id = secondly(&service, "asked", true).await;
    service.manager.start();
    service.pass(seconds(5)).await;
    service.manager.trigger(id).await.unwrap();
    let (from, to) = ("2026-03-01T12:00:02Z".parse().unwrap(), "2026-03-01T12:00:04Z".parse().unwrap());
    service.manager.backfill(id, from, to, 10, None).await.unwrap();
    service.pass(seconds(1)).await;
    let ran: Vec<_> =
        service.runs(id).await.iter().filter(|run| run.state == RunState::Succeeded).map(|run| run.kind).collect();
    assert_eq!(ran, [RunKind::Manual, RunKind::Backfill, RunKind::Backfill]);
    service.assert_balanced(id).await;
}

#[tokio::test]
async fn a_tick_that_waits_is_not_kept_back_by_a_blackout_that_begins() {
    let service = Service::new().await;
    calendar(&service, [blackout()]).await;
    let id = service.manager.job("waits").distributed(true).calendars(["closed"]).run(done()).await.unwrap().id;
    // Due just before the blackout, and planned while it goes on.
    let at = Some("2026-03-01T12:00:09Z".parse().unwrap());
    let once = CronConfigFields { at, ..CronConfigFields::default() };
    service.manager.update_cron_config(id, &once, None).await.unwrap();
    service.clock.advance(seconds(12));
    service.manager.start();
    quiet().await;
    assert_eq!(service.states(id).await, [(RunState::Succeeded, 1)]);
}

#[tokio::test]
async fn a_foreign_timer_that_calls_in_a_blackout_is_refused() {
    let service = Service::new().await;
    calendar(&service, [BlackoutFields::once("2026-03-01", "2026-03-02")]).await;
    for fields in [CronConfigFields::named("due").every(seconds(1)), CronConfigFields::named("bare")] {
        let fields =
            CronConfigFields { external: Some(true), calendars: Some(vec!["closed".into()]), ..fields.enabled(true) };
        service.manager.create_cron_config(&fields).await.unwrap();
    }
    service.manager.start();
    service.pass(seconds(2)).await;
    service.clock.advance(Duration::from_millis(500));
    for name in ["due", "bare"] {
        let called = service.manager.handle_job(name, |Tick(_): Tick| async {}).await.unwrap();
        assert_eq!(called, Called::Refused(Refusal::Blackout), "{name}");
    }
    let due = service.manager.cron_config_named("due").await.unwrap().id;
    assert!(service.runs(due).await.iter().all(|run| run.reason == Some(SkipReason::Blackout)));
    service.assert_balanced(due).await;
}

#[tokio::test]
async fn a_year_of_many_blackouts_is_planned_in_parts_and_adds_up() {
    let service = Service::new().await;
    let often = BlackoutFields::recurring("15,45 * * * *", seconds(900));
    calendar(&service, [often]).await;
    let id = secondly(&service, "old", true).await;
    service.clock.advance(seconds(60 * 86_400));
    service.manager.start();
    service.pass(seconds(5)).await;
    // Sixty days have 5,760 changes.
    let config = service.manager.accounts(id).await.unwrap().remove(0);
    assert!(config.watermark >= service.clock.now() - seconds(1), "{}", config.watermark);
    service.assert_balanced(id).await;
    let runs = service.runs(id).await;
    let counted = |reason| runs.iter().filter(|run| run.reason == Some(reason)).map(|run| run.count).sum::<u64>();
    assert_eq!(counted(SkipReason::Blackout), 60 * 86_400 / 2);
    assert!(runs.iter().any(|run| run.state == RunState::Succeeded), "what is due now runs");
}

#[tokio::test]
async fn an_edit_plans_a_year_of_many_blackouts_whole() {
    let service = Service::new().await;
    calendar(&service, [BlackoutFields::recurring("15,45 * * * *", seconds(900))]).await;
    let id = secondly(&service, "old", true).await;
    service.clock.advance(seconds(60 * 86_400));
    let none = CronConfigFields { calendars: Some(Vec::new()), ..CronConfigFields::default() };
    service.manager.update_cron_config(id, &none, None).await.unwrap();
    service.assert_balanced(id).await;
    let ticks: u64 = service.runs(id).await.iter().map(|run| run.count).sum();
    assert_eq!(ticks, 60 * 86_400);
}
