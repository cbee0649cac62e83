//! What people settle about a manager: whether it runs anything, and with what.

use std::{fs, path::Path, sync::Arc};

use cron_manager::{
    Builder, CronConfigFields, CronManager, ErrorKind, RunState, Settings, backends::memory::MemoryStore,
    testing::ManualClock,
};
use jiff::SignedDuration;

use crate::service::{START, Service, done, held, instant, seconds};

/// A manager on the parts of the service, still to be made.
fn builder(service: &Service) -> Builder {
    CronManager::builder().store(Arc::clone(&service.store)).clock(Arc::new(service.clock.clone()))
}

/// How many runs there are after a minute of a job that is due every ten seconds.
async fn runs_of(make: impl FnOnce(Builder) -> Builder) -> usize {
    let service = Service::new().await;
    let manager = make(builder(&service)).build().await.unwrap();
    let config = manager.job("a").every(seconds(10)).distributed(true).run(done()).await.unwrap();
    manager.start();
    service.pass(seconds(60)).await;
    service.runs(config.id).await.len()
}

fn off() -> Settings {
    Settings { cron_manager: false, ..Settings::default() }
}

#[tokio::test]
async fn a_manager_that_is_off_plans_and_runs_nothing() {
    assert_eq!(runs_of(|builder| builder).await, 6);
    assert_eq!(runs_of(|builder| builder.cron_manager(false)).await, 0);
    assert_eq!(runs_of(|builder| builder.settings(off())).await, 0);
    assert_eq!(runs_of(Builder::read_only).await, 0);
}

#[tokio::test]
async fn what_the_builder_is_told_counts_more_than_the_settings() {
    assert_eq!(runs_of(|builder| builder.settings(off()).cron_manager(true)).await, 6);
    assert_eq!(runs_of(|builder| builder.cron_manager(true).settings(off())).await, 6);
}

#[tokio::test]
async fn a_manager_that_is_off_is_no_replica_and_answers_all_the_same() {
    let service = Service::new().await;
    let manager = builder(&service).cron_manager(false).build().await.unwrap();
    let config = manager.job("a").every(seconds(10)).distributed(true).run(done()).await.unwrap();
    manager.start();
    service.pass(seconds(30)).await;
    assert_eq!(manager.replicas().await.unwrap(), []);
    assert!(manager.readiness().await.is_ready());
    // What is asked for waits for a replica that is on.
    let run = manager.trigger(config.id).await.unwrap();
    service.pass(seconds(30)).await;
    assert_eq!(manager.cron_run(run.id).await.unwrap().state, RunState::Pending);
    manager.shutdown(seconds(10)).await;
}

#[tokio::test]
async fn the_settings_limit_how_many_runs_are_live() {
    let service = Service::new().await;
    let settings = Settings { concurrency: 2, ..Settings::default() };
    let manager = builder(&service).settings(settings).build().await.unwrap();
    for name in ["a", "b", "c", "d"] {
        let (handler, _) = held();
        manager.job(name).every(seconds(10)).distributed(true).run(handler).await.unwrap();
    }
    manager.start();
    service.pass(seconds(11)).await;
    let query = cron_manager::contracts::RunQuery { state: Some(RunState::Running), limit: 9, ..Default::default() };
    assert_eq!(manager.cron_runs(&query).await.unwrap().len(), 2);
}

fn folder(name: &str) -> std::path::PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("settled-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    folder
}

#[tokio::test]
async fn the_settings_name_the_database() {
    let folder = folder("names");
    let url = |file: &str| format!("sqlite:{}", folder.join(file).display());
    let settings = Settings { database_url: Some(url("settings.db").into()), ..Settings::default() };
    let manager = CronManager::builder().settings(settings.clone()).build().await.unwrap();
    assert!(manager.readiness().await.is_ready());
    assert!(folder.join("settings.db").exists());
    CronManager::builder().settings(settings).database_url(url("builder.db")).build().await.unwrap();
    assert!(folder.join("builder.db").exists(), "what the builder is told counts more");
    fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn who_only_reads_makes_nothing_and_changes_nothing() {
    let folder = folder("reads");
    let url = format!("sqlite:{}", folder.join("jobs.db").display());
    let read = || CronManager::builder().database_url(&url).read_only().build();
    assert_eq!(read().await.err().unwrap().kind(), ErrorKind::NotFound);
    assert!(!folder.exists());
    let manager = CronManager::builder().database_url(&url).build().await.unwrap();
    manager.job("a").every(seconds(10)).run(done()).await.unwrap();
    let reader = read().await.unwrap();
    assert!(reader.readiness().await.is_ready());
    assert_eq!(reader.cron_config_named("a").await.unwrap().name.as_str(), "a");
    assert!(reader.create_cron_config(&CronConfigFields::named("b")).await.is_err());
    fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn readiness_tells_how_far_the_clocks_are_apart() {
    for skew in [-90, 0, 5] {
        let store_clock = ManualClock::new(instant(START));
        let clock = ManualClock::new(instant(START) + SignedDuration::from_secs(skew));
        let store = Arc::new(MemoryStore::new(Arc::new(store_clock)));
        let manager = CronManager::builder().store(store).clock(Arc::new(clock)).build().await.unwrap();
        assert_eq!(manager.readiness().await.clock_skew, Some(SignedDuration::from_secs(skew)));
    }
}
