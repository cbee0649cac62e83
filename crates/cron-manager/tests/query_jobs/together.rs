//! On the store's own database, what a statement did and the end of its run are one transaction.

use std::{sync::Arc, time::Duration};

use cron_manager::{
    ActiveRun, CronConfigFields, CronConfigId, CronManager, CronRun, ErrorKind, Handler, HandlerResult,
    ListedConnection, Outcome, QueryFields, RunState, Stop,
    backends::{
        postgres::{PostgresOptions, PostgresStore},
        query::QueryRunner,
        system::SystemClock,
    },
    contracts::{Finish, HeldOutput, Store},
    domain::ledger::Page,
    scheduler::Activity,
};
use serde_json::json;
use sqlx::{Connection, PgConnection};

use crate::{
    own::{Commit, Own, by_a_bad_way, call},
    support::{Login, key, keys, url},
};

const NOTE: &str = "INSERT INTO notes VALUES ('a')";

/// What its replica would say of it.
fn finish(run: &ActiveRun, outcome: Outcome) -> Finish {
    Finish { hold: run.run().hold().unwrap(), outcome }
}

/// The row without what tells it from others.
fn like(row: CronRun, other: &CronRun) -> CronRun {
    assert!(row.finished_at > row.started_at);
    CronRun {
        id: other.id,
        config_id: other.config_id,
        name: other.name.clone(),
        due_at: other.due_at,
        due_through: other.due_through,
        start_after: other.start_after,
        start_deadline: other.start_deadline,
        created_at: other.created_at,
        started_at: other.started_at,
        finished_at: other.finished_at,
        ..row
    }
}

#[tokio::test]
async fn what_a_statement_did_and_the_end_of_its_run_are_kept_together() {
    let own = Own::new().await;
    let (result, row) = own.run(NOTE).await;
    assert_eq!(result.unwrap(), json!({"rows": [], "rowCount": 1}));
    assert_eq!((row.state, row.result.as_deref()), (RunState::Succeeded, Some(r#"{"rows":[],"rowCount":1}"#)));
    assert_eq!(own.login.notes().await.as_deref(), Some("a"));
    let sql = format!(
        "SELECT (job.xmin = note.xmin)::text FROM {}.cron_jobs AS job, {}.notes AS note",
        own.schema, own.login.name
    );
    assert_eq!(Login::ask(&sql).await.as_deref(), Some("true"), "one transaction");
}

#[tokio::test]
async fn the_row_is_left_as_a_finish_leaves_it() {
    let own = Own::new().await;
    for (events, log, value) in [
        (vec![], "", json!({"rows": [], "rowCount": 1})),
        (vec![json!({"sent": 3})], "hello", json!("x".repeat(Outcome::RESULT_LIMIT))),
    ] {
        let [with_work, apart] = [own.claimed(NOTE).await, own.claimed(NOTE).await];
        for run in [&with_work, &apart] {
            events.iter().for_each(|event| run.event(event));
            run.log(log);
            // What was kept while it went on gives way to the whole.
            let output = HeldOutput { hold: run.run().hold().unwrap(), output: run.output(0) };
            own.store.keep_output(&[output]).await.unwrap();
            run.log("at last\0");
        }
        let mut connection = PgConnection::connect(&own.login.connection().url).await.unwrap();
        let ended = call(&own.schema, &mut connection, &with_work, &with_work.ending(value.clone())).await;
        assert_eq!(ended.as_deref(), Some("succeeded"));
        own.store.finish(&[finish(&apart, apart.outcome(RunState::Succeeded, Ok(value)))]).await.unwrap();
        let (row, expected) = (own.row(&with_work).await, own.row(&apart).await);
        assert_eq!(like(row, &expected), expected);
        let [log, expected] =
            [own.store.output(with_work.run().id, 0).await, own.store.output(apart.run().id, 0).await];
        assert_eq!(log.unwrap(), expected.unwrap());
    }
}

/// While a statement waits, somebody does something to its run.
async fn in_the_midst(own: &Own, sql: &str, meanwhile: impl AsyncFnOnce(&ActiveRun)) -> (HandlerResult, CronRun) {
    let key = own.login.name.replace("query_", "").replace('_', "").parse::<i64>().unwrap();
    let mut gate = Login::connect().await;
    let gate_sql = |verb: &str| format!("SELECT pg_catalog.pg_advisory_{verb}({key})::text");
    Login::say(&mut gate, &gate_sql("lock")).await;
    let run =
        own.claimed(&format!("WITH noted AS ({sql} RETURNING 1) SELECT pg_advisory_xact_lock({key}) FROM noted")).await;
    let runner = own.runner(own.login.connection());
    let meanwhile = async {
        let waits = format!(
            "SELECT count(*)::text FROM pg_locks WHERE locktype = 'advisory' AND objid = {key} AND NOT granted"
        );
        while Login::ask(&waits).await.as_deref() != Some("1") {}
        meanwhile(&run).await;
        Login::say(&mut gate, &gate_sql("unlock")).await;
    };
    let (result, ()) = tokio::join!(runner.call(run.clone()), meanwhile);
    (result, own.row(&run).await)
}

#[tokio::test]
async fn what_was_done_for_a_run_that_others_have_ended_is_taken_back() {
    let own = Own::new().await;
    let (result, row) = in_the_midst(&own, NOTE, async |run| {
        let abandon = |pages: &mut [Page]| {
            assert!(pages[0].abandon(run.run().hold().unwrap(), 0, "gone".into()));
            Ok(())
        };
        own.change(run.run().page_id(), &abandon).await;
    })
    .await;
    assert!(result.unwrap_err().contains("the hold on the run was lost"));
    assert_eq!((row.state, row.error.as_deref()), (RunState::Abandoned, Some("gone")));
    assert_eq!(own.login.notes().await, None);
}

#[tokio::test]
async fn a_late_owner_leaves_nothing_when_the_run_was_claimed_anew() {
    let own = Own::new().await;
    for column in ["fence", "token", "replica_id"] {
        let (result, row) = in_the_midst(&own, NOTE, async |run| {
            let other = if column == "replica_id" { "'0000000000000008'" } else { "99" };
            Login::admin(&format!(
                "UPDATE {}.cron_jobs SET {column} = {other} WHERE id = {}",
                own.schema,
                run.run().id
            ))
            .await;
        })
        .await;
        assert!(result.unwrap_err().contains("the hold on the run was lost"), "{column}");
        assert_eq!((row.state, own.login.notes().await), (RunState::Running, None), "{column}");
    }
}

#[tokio::test]
async fn a_cancel_that_was_written_before_the_end_takes_back_what_was_done() {
    let own = Own::new().await;
    let mut seen = None;
    let (result, row) = in_the_midst(&own, NOTE, async |run| {
        let cancel = |pages: &mut [Page]| cron_manager::scheduler::cancel(&mut pages[0], run.run().id).map(drop);
        own.change(run.run().page_id(), &cancel).await;
        seen = Some(run.clone());
    })
    .await;
    assert!(result.unwrap_err().starts_with("cancelled"));
    assert_eq!(seen.unwrap().stopping(), Some(Stop::Cancelled), "its replica had not heard of it yet");
    assert_eq!((row.state, row.cancelling, own.login.notes().await), (RunState::Running, true, None));
}

#[tokio::test]
async fn a_heartbeat_in_the_midst_keeps_nothing_from_its_end() {
    let own = Own::new().await;
    let name = &own.login.name;
    Login::admin(&format!("ALTER ROLE {name} SET default_transaction_isolation = 'serializable'")).await;
    let (result, row) = in_the_midst(&own, NOTE, async |run| {
        own.store.heartbeat(&[run.run().hold().unwrap()]).await.unwrap();
    })
    .await;
    result.unwrap();
    assert_eq!((row.state, row.heartbeat, own.login.notes().await.as_deref()), (RunState::Succeeded, 1, Some("a")));
}

#[tokio::test]
async fn a_statement_that_is_told_to_stop_leaves_neither() {
    let own = Own::new().await;
    let (result, row) = in_the_midst(&own, NOTE, async |run| run.stop(Stop::ShutDown)).await;
    assert!(result.unwrap_err().starts_with("stopped by the shutdown"));
    assert_eq!((row.state, own.login.notes().await), (RunState::Running, None));
}

#[tokio::test]
async fn a_commit_that_fails_or_does_not_arrive_leaves_neither() {
    let own = Own::new().await;
    let name = &own.login.name;
    Login::admin(&format!(
        "ALTER TABLE {name}.notes ADD CONSTRAINT once UNIQUE (note) DEFERRABLE INITIALLY DEFERRED; INSERT INTO {name}.notes VALUES ('b')"
    ))
    .await;
    let (result, row) = own.run("INSERT INTO notes VALUES ('a'), ('b')").await;
    assert!(result.unwrap_err().contains("SQLSTATE 23505"));
    assert_eq!((row.state, own.login.notes().await.as_deref()), (RunState::Running, Some("b")));
    let (result, row) = own.run("SELECT set_config('transaction_read_only', 'on', true)").await;
    assert!(result.unwrap_err().contains("SQLSTATE 25006"));
    assert_eq!(row.state, RunState::Running);
    let lost = by_a_bad_way(own.login.connection(), Commit::Lost).await;
    let (result, row) = own.run_on(lost, NOTE).await;
    assert!(result.unwrap_err().contains("was taken back"));
    assert_eq!((row.state, own.login.notes().await.as_deref()), (RunState::Running, Some("b")));
}

/// A run of a manager on the store whose statements take this connection.
async fn through_a_manager(own: &Own, connection: ListedConnection) -> (Outcome, CronRun) {
    let builder = CronManager::builder().store(Arc::clone(&own.store) as _).encryption_keys(key("a", 1));
    let manager = builder.connection("own", connection).build().await.unwrap();
    let query = QueryFields { connection: Some("own".into()), sql: Some(NOTE.into()) };
    let fields = CronConfigFields { query: Some(query), ..CronConfigFields::named("note").enabled(true) };
    let config = manager.create_cron_config(&fields).await.unwrap();
    triggered(own, &manager, config.id).await
}

async fn triggered(own: &Own, manager: &CronManager, id: CronConfigId) -> (Outcome, CronRun) {
    let mut activity = manager.activity();
    manager.start();
    let run = manager.trigger(id).await.unwrap();
    let outcome = loop {
        if let Activity::Ended(_, outcome) = activity.recv().await.unwrap() {
            break outcome;
        }
    };
    manager.shutdown(Duration::ZERO).await;
    (outcome, own.store.run(run.id).await.unwrap().unwrap())
}

#[tokio::test]
async fn a_run_whose_commit_got_no_reply_is_recorded_as_what_it_was() {
    let own = Own::new().await;
    let (outcome, row) = through_a_manager(&own, own.login.connection()).await;
    assert_eq!(
        (outcome.state, row.state, own.login.notes().await.as_deref()),
        (RunState::Succeeded, RunState::Succeeded, Some("a"))
    );

    let own = Own::new().await;
    let unanswered = by_a_bad_way(own.login.connection(), Commit::Unanswered).await;
    let (outcome, row) = through_a_manager(&own, unanswered).await;
    assert_eq!(
        (outcome.state, outcome.error, row.state, row.error),
        (RunState::Succeeded, None, RunState::Succeeded, None)
    );
    assert_eq!((outcome.result, own.login.notes().await.as_deref()), (row.result, Some("a")));

    let own = Own::new().await;
    let lost = by_a_bad_way(own.login.connection(), Commit::Lost).await;
    let (outcome, row) = through_a_manager(&own, lost).await;
    assert_eq!((outcome.state, row.state, own.login.notes().await), (RunState::Failed, RunState::Failed, None));
}

/// As docs/handlers.md has it.
#[tokio::test]
async fn a_handler_in_code_ends_its_run_in_a_transaction_of_its_own() {
    for keeps in [true, false] {
        let own = Own::new().await;
        let (login, schema) = (own.login.connection().url, own.schema.clone());
        let handler = move |run: ActiveRun| {
            let (login, schema) = (login.clone(), schema.clone());
            async move {
                let mut connection = PgConnection::connect(&login).await?;
                let mut transaction = connection.begin().await?;
                sqlx::query(NOTE).execute(&mut *transaction).await?;
                let outcome = run.ending(json!({"noted": 1}));
                assert_eq!(call(&schema, &mut transaction, &run, &outcome).await.as_deref(), Some("succeeded"));
                if keeps { transaction.commit().await } else { transaction.rollback().await }
            }
        };
        let manager = CronManager::builder().store(Arc::clone(&own.store) as _).build().await.unwrap();
        let config = manager.job("note").run(handler).await.unwrap();
        let (outcome, row) = triggered(&own, &manager, config.id).await;
        let (state, result, notes) = match keeps {
            true => (RunState::Succeeded, Some(r#"{"noted":1}"#.into()), Some("a".into())),
            false => (RunState::Failed, None, None),
        };
        assert_eq!((outcome.state, &outcome.result, row.state, &row.result), (state, &result, state, &result));
        assert_eq!(own.login.notes().await, notes);
    }
}

#[tokio::test]
async fn a_login_without_the_rights_is_refused_before_the_statement_with_the_mend() {
    let own = Own::without_rights().await;
    let (result, row) = own.run(NOTE).await;
    let error = result.unwrap_err();
    assert!(error.contains(&own.grants()), "{error}");
    assert_eq!((row.state, own.login.notes().await), (RunState::Running, None));
    for grant in own.grants().split(';') {
        assert!(own.run(NOTE).await.0.unwrap_err().contains(&own.grants()), "before {grant}");
        Login::admin(grant).await;
    }
    own.run(NOTE).await.0.unwrap();
    assert_eq!(own.login.notes().await.as_deref(), Some("a"));
}

#[tokio::test]
async fn a_login_that_only_reads_needs_no_rights() {
    let own = Own::without_rights().await;
    Login::admin(&format!("ALTER ROLE {} SET default_transaction_read_only = on", own.login.name)).await;
    for exactly_once in [false, true] {
        let connection = ListedConnection { exactly_once, ..own.login.connection() };
        let (result, row) = own.run_on(connection.clone(), "SELECT 1 AS a").await;
        assert_eq!(result.unwrap(), json!({"rows": [{"a": 1}], "rowCount": 1}));
        assert_eq!(row.state, RunState::Running, "its replica records it");
        own.run_on(connection, NOTE).await.0.unwrap_err();
    }
}

#[tokio::test]
async fn the_role_of_a_connection_needs_no_rights_in_the_store() {
    let own = Own::new().await;
    Login::admin(&format!("GRANT INSERT ON {}.notes TO {}", own.login.name, own.login.role)).await;
    let listed = ListedConnection { role: Some(own.login.role.clone()), ..own.login.connection() };
    let (result, row) = own.run_on(listed, "INSERT INTO notes SELECT current_user").await;
    result.unwrap();
    assert_eq!((row.state, own.login.notes().await), (RunState::Succeeded, Some(own.login.role.clone())));
}

#[tokio::test]
async fn elsewhere_a_statement_is_kept_by_itself_unless_exactly_once_is_demanded() {
    let (own, other) = (Own::new().await, Own::new().await);
    let name = &own.login.name;
    Login::admin(&format!("CREATE DATABASE {name}")).await;
    let in_it = |url: &str| format!("{}/{name}", url.rsplit_once('/').unwrap().0);
    // A store of the same name there, as in a copy that another service uses, is another one.
    let options = PostgresOptions { schema: own.schema.clone(), ..PostgresOptions::from(in_it(&url())) };
    PostgresStore::open(options, Arc::new(SystemClock)).await.unwrap();
    let beside = ListedConnection::from(in_it(&own.login.connection().url));
    let (result, row) = own.run_on(beside.clone(), "SELECT 1 AS a").await;
    assert_eq!(result.unwrap(), json!({"rows": [{"a": 1}], "rowCount": 1}));
    assert_eq!(row.state, RunState::Running, "its replica records it");
    let demanding = ListedConnection { exactly_once: true, ..beside };
    let error = own.run_on(demanding, "SELECT 1 / 0").await.0.unwrap_err();
    assert!(error.starts_with("exactly_once: the connection leads to another database"), "{error}");

    // Without a home, as on a store that is no PostgreSQL.
    let run = own.claimed(NOTE).await;
    let runner = QueryRunner::new(own.login.connection(), keys(), Arc::new(SystemClock), None).unwrap();
    runner.call(run.clone()).await.unwrap();
    assert_eq!((own.row(&run).await.state, own.login.notes().await.as_deref()), (RunState::Running, Some("a")));
    // Two stores in one database: each run ends in its own.
    let listed = ListedConnection { exactly_once: true, ..own.login.connection() };
    let error = other.run_on(listed.clone(), NOTE).await.0.unwrap_err();
    assert!(error.contains(&format!("ON SCHEMA {}", other.schema)), "{error}");
    let (result, row) = own.run_on(listed, NOTE).await;
    result.unwrap();
    assert_eq!((row.state, own.login.notes().await.as_deref()), (RunState::Succeeded, Some("a,a")));
}

#[tokio::test]
async fn exactly_once_is_refused_at_the_start_where_it_cannot_be() {
    let demanding = || ListedConnection { exactly_once: true, ..ListedConnection::from("postgres://a@127.0.0.1/b") };
    let folder = std::env::temp_dir().join(format!("exactly-once-{}", std::process::id()));
    std::fs::create_dir(&folder).unwrap();
    for url in [None, Some(format!("sqlite:{}", folder.join("jobs.db").display()))] {
        let builder = CronManager::builder().encryption_keys(key("a", 1)).connection("own", demanding());
        let builder = if let Some(url) = url { builder.database_url(url) } else { builder };
        let error = builder.build().await.err().unwrap();
        assert_eq!((error.kind(), error.field()), (ErrorKind::InvalidArgument, Some("connections")));
        assert!(error.to_string().contains("connection own") && error.message().contains("exactly_once"), "{error}");
    }
    std::fs::remove_dir_all(folder).unwrap();
    let own = Own::new().await;
    let builder = CronManager::builder().encryption_keys(key("a", 1)).connection("own", demanding());
    builder.store(own.store).build().await.unwrap();
}
