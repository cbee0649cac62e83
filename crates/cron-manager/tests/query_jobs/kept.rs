//! How a statement is kept.

use cron_manager::{
    CronConfig, CronConfigFields, CronManager, ErrorKind, JobType, QueryFields,
    backends::{memory::MemoryStore, system::SystemClock},
    contracts::Store,
    scheduler::Activity,
};
use std::{sync::Arc, time::Duration};

use crate::support::{Login, key};

const SQL: &str = "SELECT 'hush' AS a";

fn query(connection: Option<&str>, sql: Option<&str>) -> CronConfigFields {
    let query = QueryFields { connection: connection.map(str::to_owned), sql: sql.map(str::to_owned) };
    CronConfigFields { query: Some(query), ..CronConfigFields::default() }
}

fn named(name: &str) -> CronConfigFields {
    CronConfigFields { query: query(Some("reports"), Some(SQL)).query, ..CronConfigFields::named(name).enabled(true) }
}

async fn manager(store: &Arc<dyn Store>, keys: &str) -> CronManager {
    CronManager::builder().store(Arc::clone(store)).encryption_keys(keys).build().await.unwrap()
}

fn store() -> Arc<dyn Store> {
    Arc::new(MemoryStore::new(Arc::new(SystemClock)))
}

#[tokio::test]
async fn the_store_and_the_config_have_only_the_sealed_text() {
    let store = store();
    let manager = manager(&store, &key("a", 1)).await;
    let config = manager.create_cron_config(&named("j")).await.unwrap();
    let stored = store.config(config.id).await.unwrap().unwrap();
    assert_eq!(stored, config);
    assert!(!format!("{stored:?} {:?} {:?}", stored.job_type.details(), named("j")).contains("hush"));
    assert_eq!(manager.query_text(config.id).await.unwrap(), SQL);
}

#[tokio::test]
async fn a_statement_without_a_key_is_refused_with_the_mend() {
    let manager = CronManager::builder().store(store()).build().await.unwrap();
    let error = manager.create_cron_config(&named("j")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FailedPrecondition);
    assert!(error.message().contains("CRON_MANAGER_ENCRYPTION_KEYS"), "{error}");
    let builder = CronManager::builder().connection("reports", "postgres://a@127.0.0.1/b");
    let error = builder.build().await.err().unwrap().to_string();
    assert!(error.contains("connection reports") && error.contains("encryption_keys"), "{error}");
}

#[tokio::test]
async fn a_statement_follows_its_job_to_another_name_or_connection() {
    let store = store();
    let manager = manager(&store, &key("a", 1)).await;
    let id = manager.create_cron_config(&named("j")).await.unwrap().id;
    for fields in [
        CronConfigFields::named("k"),
        query(Some("other"), None),
        CronConfigFields { name: Some("l".into()), ..query(Some("third"), None) },
        CronConfigFields::default().enabled(false),
    ] {
        manager.update_cron_config(id, &fields, None).await.unwrap();
        assert_eq!(manager.query_text(id).await.unwrap(), SQL);
    }
    manager.update_cron_config(id, &query(None, Some("SELECT 2")), None).await.unwrap();
    assert_eq!(manager.query_text(id).await.unwrap(), "SELECT 2");
    let http = cron_manager::HttpFields { url: Some("http://a.example".into()), ..cron_manager::HttpFields::default() };
    let http = CronConfigFields { http: Some(http), ..CronConfigFields::named("m") };
    manager.update_cron_config(id, &http, None).await.unwrap();
    assert!(manager.query_text(id).await.is_err());
}

#[tokio::test]
async fn a_sealed_text_that_somebody_moved_in_the_store_is_not_run() {
    let store = store();
    let manager = manager(&store, &key("a", 1)).await;
    let config = manager.create_cron_config(&named("j")).await.unwrap();
    let JobType::Query(job) = config.job_type.clone() else { panic!("{config:?}") };
    let moved =
        |name: &str, job| CronConfig { name: name.parse().unwrap(), job_type: JobType::Query(job), ..config.clone() };
    let other = cron_manager::QueryJob { connection: "other".into(), ..job.clone() };
    for moved in [moved("k", job), moved("l", other)] {
        let id = store.create(moved, &cron_manager::Author::code()).await.unwrap().id;
        assert_eq!(manager.query_text(id).await.unwrap_err().kind(), ErrorKind::FailedPrecondition);
    }
}

#[tokio::test]
async fn a_key_that_came_first_seals_what_is_written_and_the_others_go_on_opening() {
    let store = store();
    let old = manager(&store, &key("old", 1)).await.create_cron_config(&named("j")).await.unwrap();
    let both = manager(&store, &format!("{},{}", key("new", 2), key("old", 1))).await;
    assert_eq!(both.query_text(old.id).await.unwrap(), SQL);
    both.update_cron_config(old.id, &query(None, Some(SQL)), None).await.unwrap();
    let new = manager(&store, &key("new", 2)).await;
    assert_eq!(new.query_text(old.id).await.unwrap(), SQL);
    assert!(manager(&store, &key("old", 1)).await.query_text(old.id).await.unwrap_err().message().contains("\"new\""));
}

#[tokio::test]
async fn a_manager_runs_the_statement_on_its_connection() {
    let login = Login::new().await;
    let builder = CronManager::builder().encryption_keys(key("a", 1)).connection("reports", login.connection());
    let manager = builder.build().await.unwrap();
    let config = manager.create_cron_config(&named("j")).await.unwrap();
    let mut activity = manager.activity();
    manager.start();
    manager.trigger(config.id).await.unwrap();
    let outcome = loop {
        if let Activity::Ended(_, outcome) = activity.recv().await.unwrap() {
            break outcome;
        }
    };
    assert_eq!(outcome.result.as_deref(), Some(r#"{"rows":[{"a":"hush"}],"rowCount":1}"#), "{outcome:?}");
    manager.shutdown(Duration::ZERO).await;
}
