//! Opening, and the versions of the tables.

use std::sync::Arc;

use cron_manager::{
    Author, CronConfigFields, ErrorKind, Result,
    backends::{
        postgres::{PostgresOptions, PostgresStore},
        system::SystemClock,
    },
    contracts::Store,
};
use futures_util::future::join_all;

use crate::{
    server::{TestSchema, url},
    support::{claimed, config, open},
};

async fn opened(options: PostgresOptions) -> Result<PostgresStore> {
    PostgresStore::open(options, Arc::new(SystemClock)).await
}

async fn set_versions(schema: &TestSchema, version: i32, oldest_program: i32) {
    let sql = "UPDATE cron_schema SET version = $1, oldest_program = $2";
    sqlx::query(sql).bind(version).bind(oldest_program).execute(&schema.pool()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn replicas_that_start_at_once_make_the_tables_once() {
    let schema = TestSchema::new();
    for store in join_all((0..6).map(|_| tokio::task::spawn(opened(schema.options())))).await {
        store.unwrap().unwrap();
    }
    assert_eq!(open(&schema).await.replicas().await.unwrap(), []);
}

#[tokio::test]
async fn the_previous_version_runs_on_newer_tables_that_suit_it() {
    let schema = TestSchema::new();
    open(&schema).await;
    set_versions(&schema, 99, 1).await;
    let store = open(&schema).await;
    let config = config(&store, "old-program", true).await;
    claimed(&store, config.id).await;
    let version: i32 = sqlx::query_scalar("SELECT version FROM cron_schema").fetch_one(&schema.pool()).await.unwrap();
    assert_eq!(version, 99, "an older program leaves it alone");
}

#[tokio::test]
async fn newer_tables_that_do_not_suit_this_program_are_refused() {
    let schema = TestSchema::new();
    open(&schema).await;
    set_versions(&schema, 99, 98).await;
    let error = opened(schema.options()).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::FailedPrecondition);
    assert!(error.message().contains("version 99") && error.message().contains("start a newer"), "{error}");
}

#[tokio::test]
async fn tables_of_somebody_else_are_left_alone() {
    let schema = TestSchema::new();
    let sql = format!("CREATE SCHEMA {0}; CREATE TABLE {0}.cron_jobs (id integer)", schema.name);
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&schema.pool()).await.unwrap();
    let error = opened(schema.options()).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::FailedPrecondition, "{error}");
    let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()";
    assert_eq!(sqlx::query_scalar::<_, i64>(tables).fetch_one(&schema.pool()).await.unwrap(), 1);
}

#[tokio::test]
async fn who_uses_the_tables_needs_no_right_to_change_them() {
    let schema = TestSchema::new();
    open(&schema).await;
    let (pool, user) = (schema.pool(), format!("user_of_{}", schema.name));
    let grant = format!(
        "CREATE ROLE {user} LOGIN; GRANT USAGE ON SCHEMA {0} TO {user}; \
         GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA {0} TO {user}; \
         GRANT USAGE ON ALL SEQUENCES IN SCHEMA {0} TO {user}",
        schema.name
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(grant)).execute(&pool).await.unwrap();
    let options = PostgresOptions { url: url().replace("postgres@", &format!("{user}@")), ..schema.options() };
    let used = async {
        let store = opened(options).await?;
        let config = config(&store, "granted", true).await;
        let run = claimed(&store, config.id).await;
        store.finish(&[crate::support::succeeded(&run)]).await
    };
    let used = used.await;
    let revoke = format!("DROP OWNED BY {user}; DROP ROLE {user}");
    sqlx::raw_sql(sqlx::AssertSqlSafe(revoke)).execute(&pool).await.unwrap();
    assert_eq!(used.unwrap().len(), 1);
}

async fn read(options: PostgresOptions) -> Result<PostgresStore> {
    PostgresStore::open_read_only(options, Arc::new(SystemClock)).await
}

#[tokio::test]
async fn who_only_reads_makes_nothing_and_changes_nothing() {
    let schema = TestSchema::new();
    assert_eq!(read(schema.options()).await.err().unwrap().kind(), ErrorKind::NotFound);
    let there = "SELECT count(*) FROM pg_namespace WHERE nspname = $1";
    let there: i64 = sqlx::query_scalar(there).bind(&schema.name).fetch_one(&schema.pool()).await.unwrap();
    assert_eq!(there, 0);
    let config = config(&*open(&schema).await, "read", true).await;
    let reader = read(schema.options()).await.unwrap();
    assert!(reader.config(config.id).await.unwrap().is_some());
    let other = CronConfigFields::named("other").create(config.created_at).unwrap();
    assert!(reader.create(other, &Author::code()).await.is_err());
    assert!(open(&schema).await.config_named(&"other".parse().unwrap()).await.unwrap().is_none());
    assert!(!reader.accounts(config.id).await.unwrap().is_empty());
    set_versions(&schema, 0, 0).await;
    let error = read(schema.options()).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::FailedPrecondition);
    assert!(error.message().contains("older"), "{error}");
}

#[tokio::test]
async fn no_error_tells_the_password() {
    let schema = TestSchema::new();
    let with = |url: String| PostgresOptions { url, ..schema.options() };
    let here = url().replace("postgres@", "postgres:hush@");
    let nobody = url().replace("postgres@", "nobody_at_all:hush@");
    let cases = [
        (with("postgres://u:hush@127.0.0.1:1/d".into()), ErrorKind::Unavailable),
        (
            with(here.replacen("/postgres", "/no_such_database", 2).replacen("postgres:///", "postgres://", 1)),
            ErrorKind::FailedPrecondition,
        ),
        (with(nobody), ErrorKind::FailedPrecondition),
        (with(format!("{here}?sslmode=require")), ErrorKind::FailedPrecondition),
        (with(format!("{here}?pasword=hush")), ErrorKind::InvalidArgument),
        (PostgresOptions { schema: "no-name".into(), ..with(here) }, ErrorKind::InvalidArgument),
    ];
    for (options, kind) in cases {
        let error = opened(options).await.err().unwrap();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(!format!("{error} {error:?}").contains("hush"), "{error:?}");
    }
}
