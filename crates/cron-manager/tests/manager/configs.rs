//! Creating and changing configs.

use cron_manager::{CronConfigFields, CronConfigId, ErrorKind, RunState, SkipReason};
use serde_json::json;

use crate::service::{Service, done, instant, name, quiet, seconds};

#[tokio::test]
async fn a_created_config_is_off_unless_it_says_otherwise() {
    let service = Service::new().await;
    let config = service.manager.create_cron_config(&CronConfigFields::named("quiet")).await.unwrap();
    assert!(!config.enabled);
    assert_eq!((config.id, config.version), (CronConfigId(1), 1));
    assert_eq!(config.created_at, instant(crate::service::START));
}

#[tokio::test]
async fn a_job_declared_in_code_is_created_enabled_and_afterwards_the_stored_config_counts() {
    let service = Service::new().await;
    let job = || service.manager.job("declared").every(seconds(5));
    let created = job().run(done()).await.unwrap();
    assert!(created.enabled);
    let off = CronConfigFields::default().enabled(false);
    service.manager.update_cron_config(created.id, &off, None).await.unwrap();
    let again = job().every(seconds(9)).run(done()).await.unwrap();
    assert!(!again.enabled);
    assert_eq!(again.schedule, created.schedule);
}

#[tokio::test]
async fn an_update_changes_what_it_names_and_nothing_else() {
    let service = Service::new().await;
    let fields = CronConfigFields::named("a").cron("30 2 * * *", "Europe/Berlin").context(json!({"ttl": 20, "x": 1}));
    let old = service.manager.create_cron_config(&fields).await.unwrap();
    let changed =
        service.manager.update_cron_config(old.id, &CronConfigFields::default().enabled(true), None).await.unwrap();
    assert!(changed.enabled);
    assert_eq!(changed.version, 2);
    assert_eq!((&changed.name, &changed.context, &changed.schedule), (&old.name, &old.context, &old.schedule));
    let same =
        service.manager.update_cron_config(old.id, &CronConfigFields::default().enabled(true), None).await.unwrap();
    assert_eq!(same.version, 2, "an edit that changes nothing is no new version");
}

#[tokio::test]
async fn wrong_edits_are_refused_by_kind_and_change_nothing() {
    let service = Service::new().await;
    let manager = &service.manager;
    let a = manager.create_cron_config(&CronConfigFields::named("a")).await.unwrap();
    manager.create_cron_config(&CronConfigFields::named("b")).await.unwrap();
    let kind = async |id: i32, fields: CronConfigFields, version| {
        let error = manager.update_cron_config(CronConfigId(id), &fields, version).await.unwrap_err();
        (error.kind(), error.field().map(ToOwned::to_owned))
    };
    let default = CronConfigFields::default;
    assert_eq!(kind(99, default().enabled(true), None).await, (ErrorKind::NotFound, None));
    assert_eq!(kind(1, default().enabled(true), Some(7)).await, (ErrorKind::Conflict, None));
    assert_eq!(kind(1, CronConfigFields::named("b"), None).await, (ErrorKind::AlreadyExists, None));
    let wrong = |field: &str| (ErrorKind::InvalidArgument, Some(field.to_owned()));
    assert_eq!(kind(1, CronConfigFields::named("not a name"), None).await, wrong("name"));
    assert_eq!(kind(1, default().cron("61 * * * *", "UTC"), None).await, wrong("cronExpression"));
    assert_eq!(kind(1, default().cron("0 0 30 2 *", "UTC"), None).await, wrong("cronExpression"));
    assert_eq!(kind(1, default().cron("* * * * *", "Mars/Olympus"), None).await, wrong("timezone"));
    assert_eq!(kind(1, default().context(json!([1])), None).await, wrong("context"));
    assert_eq!(manager.cron_config(a.id).await.unwrap(), a);
}

#[tokio::test]
async fn a_deleted_config_keeps_its_name_and_has_no_more_ticks() {
    let service = Service::new().await;
    let config = service.manager.job("gone").every(seconds(1)).run(done()).await.unwrap();
    service.manager.start();
    service.pass(seconds(3)).await;
    let deleted = service.manager.delete_cron_config(config.id, None).await.unwrap();
    assert!(deleted.deleted_at.is_some());
    let before = service.runs(config.id).await;
    service.pass(seconds(10)).await;
    assert_eq!(service.runs(config.id).await, before);
    let taken = service.manager.create_cron_config(&CronConfigFields::named("gone")).await.unwrap_err();
    assert_eq!(taken.kind(), ErrorKind::AlreadyExists);
    service.assert_balanced(config.id).await;
}

#[tokio::test]
async fn ticks_of_a_disabled_config_are_counted_in_one_row() {
    let service = Service::new().await;
    let config = service.manager.job("off").every(seconds(1)).run(done()).await.unwrap();
    service.manager.start();
    let enabled = |on| CronConfigFields::default().enabled(on);
    service.manager.update_cron_config(config.id, &enabled(false), None).await.unwrap();
    service.pass(seconds(100)).await;
    service.manager.update_cron_config(config.id, &enabled(true), None).await.unwrap();
    service.pass(seconds(2)).await;
    let runs = service.runs(config.id).await;
    assert_eq!(runs[0].reason, Some(SkipReason::Disabled));
    assert_eq!(runs[0].count, 100);
    assert_eq!(runs.len(), 3);
    service.assert_balanced(config.id).await;
}

/// Hangfire#728, oban#1156, temporal#4866, `django-celery-beat`#82: an edit or a change of zone fires at once, is ignored, or replays.
#[tokio::test]
async fn an_edit_of_the_schedule_neither_replays_nor_loses_a_tick() {
    let service = Service::new().await;
    let config = service.manager.job("edited").schedule("0 * * * *").run(done()).await.unwrap();
    service.manager.start();
    quiet().await;
    let zones = ["Pacific/Kiritimati", "America/New_York", "Asia/Kathmandu"];
    for zone in zones {
        let fields = CronConfigFields { timezone: Some(zone.into()), ..CronConfigFields::default() };
        service.manager.update_cron_config(config.id, &fields, None).await.unwrap();
        quiet().await;
    }
    assert_eq!(service.runs(config.id).await, [], "nothing fires by being edited");
    let every = CronConfigFields { cron_expression: Some("*/10 * * * * *".into()), ..CronConfigFields::default() };
    service.manager.update_cron_config(config.id, &every, None).await.unwrap();
    service.pass(seconds(30)).await;
    assert_eq!(service.states(config.id).await, [(RunState::Succeeded, 1); 3]);
    service.assert_balanced(config.id).await;
}

#[tokio::test]
async fn a_config_is_found_by_its_name() {
    let service = Service::new().await;
    let config = service.manager.create_cron_config(&CronConfigFields::named("here")).await.unwrap();
    assert_eq!(service.manager.cron_config_named("here").await.unwrap(), config);
    assert_eq!(service.manager.cron_config_named("there").await.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(service.store.config_named(&name("here")).await.unwrap(), Some(config));
}

#[tokio::test]
async fn a_database_url_that_names_no_store_is_refused_by_name() {
    for url in ["mysql://here/there", "sqlite:", "nonsense", "sqlite::memory:"] {
        let error = cron_manager::CronManager::builder().database_url(url).build().await.err().unwrap();
        assert_eq!((error.kind(), error.field()), (ErrorKind::InvalidArgument, Some("databaseUrl")), "{url}");
    }
}
