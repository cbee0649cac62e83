//! What a replica counts, in Prometheus's text format.

use std::collections::{BTreeMap, BTreeSet};

use cron_manager::{CronConfigFields, SkipReason, TokenId};

use crate::service::{Service, done, held, instant, quiet, seconds};

/// The value of each series.
async fn series(service: &Service) -> BTreeMap<String, f64> {
    let text = service.manager.metrics().await;
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (series, value) = line.rsplit_once(' ').unwrap();
            (series.to_owned(), value.parse().unwrap())
        })
        .collect()
}

#[tokio::test]
async fn every_series_of_a_job_is_there_with_0_before_its_first_event_and_goes_with_it() {
    let service = Service::new().await;
    service.manager.start();
    quiet().await;
    let config = service.manager.job("later").schedule("0 13 * * *").run(done()).await.unwrap();
    quiet().await;
    let there = series(&service).await;
    for outcome in ["succeeded", "failed", "timed_out", "cancelled", "abandoned", "skipped"] {
        assert_eq!(there[&format!("cron_manager_job_runs_total{{job=\"later\",outcome=\"{outcome}\"}}")], 0.0);
    }
    for reason in SkipReason::ALL {
        assert_eq!(there[&format!("cron_manager_job_skipped_total{{job=\"later\",reason=\"{reason}\"}}")], 0.0);
    }
    for series in [
        "missed_ticks_total{job=\"later\"}",
        "lateness_seconds_count{job=\"later\"}",
        "duration_seconds_bucket{job=\"later\",le=\"+Inf\"}",
        "last_success_timestamp_seconds{job=\"later\"}",
    ] {
        assert_eq!(there[&format!("cron_manager_job_{series}")], 0.0, "{series}");
    }
    let next = instant("2026-03-01T13:00:00Z").as_second() as f64;
    assert_eq!(there["cron_manager_job_next_run_timestamp_seconds{job=\"later\"}"], next);
    service.manager.delete_cron_config(config.id, None).await.unwrap();
    quiet().await;
    assert!(series(&service).await.keys().all(|series| !series.contains("later")));
}

#[tokio::test]
async fn what_happens_to_runs_is_counted_once() {
    let (service, lock) = Service::with_lock().await;
    let (handler, gate) = held();
    service.manager.job("slow").every(seconds(10)).distributed(true).run(handler).await.unwrap();
    service.manager.job("fails").every(seconds(10)).run(async || Err::<(), _>("no")).await.unwrap();
    service.manager.start();
    service.pass(seconds(32)).await;
    gate.notify_one();
    service.pass(seconds(1)).await;
    let counted = series(&service).await;
    let of = |series: &str| counted[&format!("cron_manager_{series}")];
    assert_eq!(of("job_runs_total{job=\"slow\",outcome=\"succeeded\"}"), 1.0);
    assert_eq!(of("job_runs_total{job=\"slow\",outcome=\"skipped\"}"), 2.0, "one row that grew");
    assert_eq!(of("job_skipped_total{job=\"slow\",reason=\"overlap\"}"), 2.0);
    assert_eq!(of("job_missed_ticks_total{job=\"slow\"}"), 0.0);
    assert_eq!(of("job_runs_total{job=\"fails\",outcome=\"failed\"}"), 3.0);
    assert_eq!(of("job_lateness_seconds_count{job=\"fails\"}"), 3.0);
    assert!(of("job_lateness_seconds_sum{job=\"slow\"}") < 1.0);
    assert_eq!(of("job_duration_seconds_count{job=\"slow\"}"), 1.0);
    let took = of("job_duration_seconds_sum{job=\"slow\"}");
    assert!((21.0..23.0).contains(&took), "{took}");
    assert!(
        of("job_last_success_timestamp_seconds{job=\"slow\"}") > instant("2026-03-01T12:00:30Z").as_second() as f64
    );
    assert_eq!(of("job_last_success_timestamp_seconds{job=\"fails\"}"), 0.0);
    assert_eq!((of("lock_requests_total{outcome=\"acquired\"}"), of("lock_wait_seconds_count")), (1.0, 1.0));
    assert_eq!((of("runs_running"), of("part_up{part=\"store\"}"), of("ready")), (0.0, 1.0, 1.0));
    drop(lock);
}

#[tokio::test]
async fn ticks_that_were_missed_and_skips_by_an_edit_are_counted() {
    let service = Service::new().await;
    let config = service.manager.job("stopped").every(seconds(10)).distributed(true).run(done()).await.unwrap();
    service.clock.advance(seconds(100));
    service.manager.start();
    quiet().await;
    let missed = "cron_manager_job_missed_ticks_total{job=\"stopped\"}";
    assert_eq!(series(&service).await[missed], 9.0, "the newest one ran");
    let off = CronConfigFields::default().enabled(false);
    service.manager.update_cron_config(config.id, &off, None).await.unwrap();
    service.pass(seconds(30)).await;
    service.manager.update_cron_config(config.id, &CronConfigFields::default().enabled(true), None).await.unwrap();
    let disabled = "cron_manager_job_skipped_total{job=\"stopped\",reason=\"disabled\"}";
    assert_eq!(series(&service).await[disabled], 3.0);
}

#[tokio::test]
async fn a_part_that_does_not_answer_is_down_and_the_rest_is_told_all_the_same() {
    let (service, lock) = Service::with_lock().await;
    service.manager.start();
    lock.hang();
    let manager = service.manager.clone();
    let told = tokio::spawn(async move { manager.metrics().await });
    quiet().await;
    service.pass(seconds(4)).await;
    let text = told.await.unwrap();
    for line in ["part_up{part=\"store\"} 1", "part_up{part=\"locker\"} 0", "ready 1", "jobs 0"] {
        assert!(text.contains(&format!("\ncron_manager_{line}\n")), "{line}");
    }
}

#[tokio::test]
async fn each_call_of_the_store_is_counted_under_its_own_name_which_is_there_before_it() {
    let service = Service::new().await;
    let count = async |operation: &str| {
        series(&service).await
            [&format!("cron_manager_store_request_duration_seconds_count{{operation=\"{operation}\"}}")]
    };
    let page = include_str!("../../src/contracts/store.rs");
    let calls: Vec<_> = page.split("    async fn ").skip(1).map(|rest| rest.split('(').next().unwrap()).collect();
    assert!(calls.len() > 30, "{calls:?}");
    for call in calls {
        assert!(count(call).await >= 0.0, "{call}");
    }
    assert_eq!((count("tokens").await, count("revoke_token").await), (0.0, 0.0));
    service.manager.tokens().await.unwrap();
    service.manager.revoke_token(TokenId(7)).await.unwrap_err();
    service.manager.revoke_token(TokenId(8)).await.unwrap_err();
    assert_eq!((count("tokens").await, count("revoke_token").await), (1.0, 2.0), "an answer that is an error, too");
}

/// The names in the first column of the page's tables.
fn documented() -> BTreeSet<String> {
    let page = include_str!("../../../../docs/metrics.md");
    let names = page.lines().filter_map(|line| line.strip_prefix("| `cron_manager_"));
    names.map(|rest| format!("cron_manager_{}", rest.split(['{', '`']).next().unwrap())).collect()
}

#[tokio::test]
async fn the_page_on_metrics_names_them_all_with_their_kinds() {
    let service = Service::new().await;
    service.manager.start();
    service.manager.job("a").run(done()).await.unwrap();
    quiet().await;
    let text = service.manager.metrics().await;
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let kinds: BTreeMap<&str, &str> = types.filter_map(|line| line.split_once(' ')).collect();
    assert_eq!(kinds.keys().map(ToString::to_string).collect::<BTreeSet<_>>(), documented());
    for (name, kind) in kinds {
        let page = include_str!("../../../../docs/metrics.md");
        let row = page
            .lines()
            .find(|line| line.starts_with(&format!("| `{name}`")) || line.starts_with(&format!("| `{name}{{")));
        assert!(row.unwrap().contains(&format!("| {kind} |")), "{name} is a {kind}");
        assert!(kind != "counter" || name.ends_with("_total"), "{name}");
    }
}
