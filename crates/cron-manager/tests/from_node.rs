//! What a service of the Node library does, done here: rows of docs/from-node.md, in its README's words.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may end by a panic")]

use std::{fs, path::Path, sync::Arc};

use cron_manager::{
    Called, Config, Context, CronConfig, CronConfigFields, CronManager, CronRun, Ctx, ErrorKind, Events, Outcome,
    Refusal, RunState, Settings,
    backends::{
        memory::{MemoryLocker, MemoryStore},
        system::SystemClock,
    },
    contracts::{Locker, RunQuery, Store},
    cron_job, jobs, schedules,
};
use serde_json::json;

/// What `configService` is there: the service's own configuration.
struct Shop {
    currency: &'static str,
}

/// A manager that has started, with the config `doSomething`, whose context is a JSON text as there.
async fn service() -> CronManager {
    let manager = CronManager::builder().config(Shop { currency: "NGN" }).build().await.unwrap();
    let context = json!("{\"distributed\": true, \"ttl\": 20, \"shop\": 7}");
    let fields = CronConfigFields::named("doSomething").enabled(true).context(context);
    manager.create_cron_config(&fields).await.unwrap();
    manager.start();
    manager
}

fn ran(called: Called) -> (CronRun, Outcome) {
    let Called::Ran(run, outcome) = called else { panic!("{called:?}") };
    (*run, outcome)
}

/// `new CronManager({ logger, configService, cronConfigRepository, cronJobRepository, redisService })`, and `checkInit()`
#[tokio::test]
async fn a_manager_is_made_of_the_same_parts_which_can_be_the_services_own() {
    let repositories: Arc<dyn Store> = Arc::new(MemoryStore::new(Arc::new(SystemClock)));
    let redis_service: Arc<dyn Locker> = Arc::new(MemoryLocker::new(Arc::new(SystemClock)));
    let manager = CronManager::builder()
        .settings(Settings::default())
        .config(Shop { currency: "NGN" })
        .store(repositories)
        .locker(redis_service)
        .build()
        .await
        .unwrap();
    let readiness = manager.readiness().await;
    assert_eq!(readiness.parts.iter().map(|part| part.name).collect::<Vec<_>>(), ["store", "locker", "signal"]);
    assert!(readiness.is_ready());
}

/// `cronManager.createCronConfig(data)`
#[tokio::test]
async fn a_created_config_has_the_fields_of_the_model_and_is_off() {
    let manager = CronManager::builder().build().await.unwrap();
    let created = manager.create_cron_config(&CronConfigFields::named("doSomething")).await.unwrap();
    let CronConfig { id, name, context, enabled, deleted_at, .. } = created;
    assert_eq!((id.0, name.as_str(), enabled, deleted_at), (1, "doSomething", false, None));
    assert_eq!((context.as_str(), context.ttl().as_secs(), context.distributed()), ("{}", 30, false));
    let again = manager.create_cron_config(&CronConfigFields::named("doSomething")).await.unwrap_err();
    assert_eq!(again.kind(), ErrorKind::AlreadyExists);
}

/// `cronManager.updateCronConfig({ id, enabled: false })`
#[tokio::test]
async fn an_update_names_a_config_and_changes_what_it_names() {
    let manager = service().await;
    let config = manager.cron_config_named("doSomething").await.unwrap();
    let off = CronConfigFields::default().enabled(false);
    let updated = manager.update_cron_config(config.id, &off, None).await.unwrap();
    assert_eq!((updated.enabled, updated.context), (false, config.context));
    let unknown = manager.update_cron_config(cron_manager::CronConfigId(99), &off, None).await.unwrap_err();
    assert_eq!(unknown.kind(), ErrorKind::NotFound);
}

/// `cronManager.handleJob('doSomething', async (context, config) => { …; return events })`
#[tokio::test]
async fn a_handler_gets_context_and_configuration_and_its_events_are_the_result() {
    let manager = service().await;
    let called = manager
        .handle_job("doSomething", async |context: Context, config: Config<Shop>| {
            let mut events = Vec::new();
            events.push(json!({"title": "Operation 1", "detail": context.as_str()}));
            events.push(json!({"title": "Operation 2", "detail": config.currency}));
            Ok::<_, String>(events)
        })
        .await;
    let (run, outcome) = ran(called.unwrap());
    assert_eq!(outcome.state, RunState::Succeeded);
    let context = r#"{"distributed":true,"ttl":20,"shop":7}"#;
    let result = json!([{"title": "Operation 1", "detail": context}, {"title": "Operation 2", "detail": "NGN"}]);
    assert_eq!(outcome.result.as_deref(), Some(&*result.to_string()));
    let CronRun { started_at, finished_at, state, .. } = manager.cron_run(run.id).await.unwrap();
    assert!(started_at <= finished_at && state == RunState::Succeeded);
}

/// The context of one's own type, `lens.capture(..)`, and `throw new Error(JSON.stringify(events))`
#[tokio::test]
async fn a_failed_run_keeps_what_was_captured_and_what_was_thrown() {
    #[derive(serde::Deserialize)]
    struct Told {
        shop: u64,
    }

    let manager = service().await;
    let called = manager
        .handle_job("doSomething", async |Ctx(told): Ctx<Told>, lens: Events| {
            lens.push(json!({"title": "Operation 1"}));
            Err::<(), _>(json!([{"title": "Operation 2", "detail": told.shop}]).to_string())
        })
        .await;
    let (run, outcome) = ran(called.unwrap());
    let kept = json!([{"title": "Operation 1"}, {"title": "Operation 2", "detail": 7}]);
    assert_eq!((outcome.state, outcome.result.as_deref()), (RunState::Failed, Some(&*kept.to_string())));
    assert!(outcome.error.is_some() && manager.cron_run(run.id).await.unwrap().finished_at.is_some());
}

/// `registerAs('config', () => ({ cronManager: false }))`
#[tokio::test]
async fn with_the_manager_off_handle_job_does_nothing() {
    let settings = Settings { cron_manager: false, ..Settings::default() };
    let manager = CronManager::builder().settings(settings).build().await.unwrap();
    manager.create_cron_config(&CronConfigFields::named("doSomething").enabled(true)).await.unwrap();
    manager.start();
    let called = manager.handle_job("doSomething", async || Err::<(), _>("called")).await.unwrap();
    assert_eq!(called, Called::Refused(Refusal::Off));
    assert_eq!(manager.cron_runs(&RunQuery { limit: 1, ..RunQuery::default() }).await.unwrap(), []);
}

#[cron_job(name = "doSomething", schedule = EVERY_5_MINUTES)]
async fn do_something() {}

/// `@Cron(CronExpression.EVERY_5_MINUTES)`
#[tokio::test]
async fn a_job_is_declared_by_an_attribute_or_by_the_builder() {
    let (one, other) = (CronManager::builder().build(), CronManager::builder().build());
    let by_attribute = one.await.unwrap().declare(jobs![do_something]).await.unwrap().remove(0);
    let other = other.await.unwrap();
    let by_builder = other.job("doSomething").schedule(schedules::EVERY_5_MINUTES).run(async || {}).await.unwrap();
    assert_eq!((by_attribute.name, by_attribute.schedule), (by_builder.name, by_builder.schedule));
}

/// The page's third column: files, each followed by names of what stands in it.
#[test]
fn what_the_page_says_is_shown_is_there() {
    let of_crate = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = of_crate.join("../..");
    let page = fs::read_to_string(root.join("docs/from-node.md")).unwrap();
    let rows =
        page.lines().skip_while(|line| *line != "|---|---|---|").skip(1).take_while(|line| line.starts_with('|'));
    let mut checked = 0;
    for row in rows {
        let (mut file, mut text) = (String::new(), String::new());
        let shown = row.trim_end_matches('|').rsplit('|').next().unwrap();
        for word in shown.split('`').skip(1).step_by(2) {
            if word.ends_with(".rs") {
                let folder = if word.starts_with("examples/") { &root } else { of_crate };
                (file, text) = (word.to_owned(), fs::read_to_string(folder.join(word)).expect(word));
            } else {
                assert!(text.contains(&format!("fn {word}(")), "there is no {word} in {file}");
                checked += 1;
            }
        }
    }
    assert!(checked > 20, "the page has another form");
}
