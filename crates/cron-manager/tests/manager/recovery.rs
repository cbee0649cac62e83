//! What becomes of ticks that nobody was there for.

use cron_manager::{CatchUp, CronConfigFields, CronRun, RunState, SkipReason};

use serde_json::json;

use crate::service::{Service, done, instant, quiet, seconds};

/// A service that ran, stopped for `stop`, and came back.
async fn after_a_stop(fields: CronConfigFields, stop: std::time::Duration) -> (Service, Vec<CronRun>) {
    let service = Service::new().await;
    let fields = fields.enabled(true).context(json!({"distributed": true}));
    let config = service.manager.create_cron_config(&fields).await.unwrap();
    service.manager.job(config.name.to_string()).run(done()).await.unwrap();
    service.manager.start();
    service.pass(seconds(1)).await;
    service.manager.shutdown(seconds(0)).await;
    service.clock.advance(stop);
    let back = service.another().await;
    back.manager.job(config.name.to_string()).run(done()).await.unwrap();
    back.manager.start();
    quiet().await;
    back.assert_balanced(config.id).await;
    let runs = back.runs(config.id).await;
    (back, runs)
}

fn shown(runs: &[CronRun]) -> Vec<(RunState, Option<SkipReason>, u64)> {
    runs.iter().map(|run| (run.state, run.reason, run.count)).collect()
}

const RAN: (RunState, Option<SkipReason>, u64) = (RunState::Succeeded, None, 1);

/// dkron#1210, sidekiq#6804, `good_job`#1484, river#791: a tick that falls into a deploy is lost.
#[tokio::test]
async fn the_newest_tick_of_a_full_stop_runs_and_the_others_are_recorded_as_missed() {
    let hourly = CronConfigFields::named("hourly").cron("0 * * * *", "UTC");
    let (service, runs) = after_a_stop(hourly, seconds(5 * 3600 + 600)).await;
    assert_eq!(shown(&runs), [(RunState::Skipped, Some(SkipReason::Missed), 4), RAN]);
    assert_eq!(runs[1].due_at, instant("2026-03-01T17:00:00Z"));
    service.pass(seconds(3600)).await;
    assert_eq!(service.runs(runs[0].config_id).await.len(), 3, "and the next one runs at its time");
}

#[tokio::test]
async fn without_catch_up_all_ticks_of_a_full_stop_are_recorded_as_missed() {
    let fields = CronConfigFields { catch_up: Some(CatchUp::None), ..CronConfigFields::named("hourly") };
    let (_, runs) = after_a_stop(fields.cron("0 * * * *", "UTC"), seconds(5 * 3600 + 600)).await;
    assert_eq!(shown(&runs), [(RunState::Skipped, Some(SkipReason::Missed), 5)]);
}

#[tokio::test]
async fn a_tick_whose_start_deadline_has_passed_is_not_caught_up() {
    let fields = CronConfigFields { start_deadline: Some(seconds(300)), ..CronConfigFields::named("hourly") };
    let (_, runs) = after_a_stop(fields.cron("0 * * * *", "UTC"), seconds(5 * 3600 + 600)).await;
    assert_eq!(shown(&runs), [(RunState::Skipped, Some(SkipReason::Missed), 5)]);
}

/// kubernetes#42649: more than 100 missed, then never again. Hangfire#1591: 300 catch-up runs at once.
#[tokio::test]
async fn a_year_of_missed_seconds_is_one_row_and_the_next_tick_runs() {
    let (service, runs) = after_a_stop(CronConfigFields::named("busy").every(seconds(1)), seconds(365 * 86_400)).await;
    let late = 365 * 86_400 - 10;
    let expected = [
        RAN,
        (RunState::Skipped, Some(SkipReason::Missed), late),
        (RunState::Skipped, Some(SkipReason::Superseded), 9),
        RAN,
    ];
    assert_eq!(shown(&runs), expected);
    service.pass(seconds(5)).await;
    assert_eq!(service.runs(runs[0].config_id).await.len(), 9);
}

/// kelektiv/node-cron#40: delays over 24.8 days fire at once.
#[tokio::test]
async fn a_tick_years_ahead_does_not_fire_before_its_time() {
    let service = Service::new().await;
    let config = service.manager.job("leap").schedule("0 0 29 2 *").run(done()).await.unwrap();
    service.manager.start();
    for _ in 0..27 {
        service.clock.advance(seconds(27 * 86_400));
        quiet().await;
    }
    service.clock.advance(seconds(43_190));
    quiet().await;
    assert_eq!(service.runs(config.id).await, []);
    service.pass(seconds(20)).await;
    let runs = service.runs(config.id).await;
    assert_eq!(shown(&runs), [RAN]);
    assert_eq!(runs[0].due_at, instant("2028-02-29T00:00:00Z"));
}

#[tokio::test]
async fn the_store_s_clock_set_back_replays_nothing() {
    let service = Service::new().await;
    let config = service.manager.job("steady").every(seconds(10)).run(done()).await.unwrap();
    service.manager.start();
    service.pass(seconds(30)).await;
    service.clock.set(instant("2026-03-01T11:00:00Z"));
    service.pass(seconds(60)).await;
    assert_eq!(service.runs(config.id).await.len(), 3);
    service.assert_balanced(config.id).await;
}
