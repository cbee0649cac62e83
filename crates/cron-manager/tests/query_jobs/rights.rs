//! What a statement cannot do.

use cron_manager::{Handler, ListedConnection, Stop};

use crate::support::{Login, claimed, quick, run, runner, superuser};

#[tokio::test]
async fn several_statements_in_one_text_are_refused_whole() {
    let login = Login::new().await;
    for sql in [
        "INSERT INTO notes VALUES ('a'); INSERT INTO notes VALUES ('b')",
        "SELECT 1; COMMIT; INSERT INTO notes VALUES ('a')",
        "INSERT INTO notes VALUES ('a'); COMMIT",
        "SELECT 1; DROP TABLE notes",
        "SELECT E'\\'; INSERT INTO notes VALUES (''a''); --'; SELECT 1",
    ] {
        login.run(sql).await.unwrap_err();
    }
    assert_eq!(login.notes().await, None);
}

/// As if the check of how a statement begins were not there.
#[tokio::test]
async fn control_of_the_transaction_changes_nothing_for_anybody() {
    let login = Login::new().await;
    for sql in ["COMMIT", "ROLLBACK", "COMMIT AND CHAIN", "SET ROLE postgres", "BEGIN", "DISCARD ALL"] {
        // Whether it is refused or of no effect.
        let _ = login.run(sql).await;
    }
    for sql in [
        "DO $$ BEGIN INSERT INTO notes VALUES ('a'); COMMIT; END $$",
        "DO $$ BEGIN INSERT INTO notes VALUES ('a'); ROLLBACK; END $$",
        "SET SESSION AUTHORIZATION postgres",
    ] {
        login.run(sql).await.unwrap_err();
    }
    assert_eq!(login.notes().await, None);
    login.run("INSERT INTO notes VALUES ('b')").await.unwrap();
    assert_eq!(login.notes().await.as_deref(), Some("b"));
}

#[tokio::test]
async fn a_statement_runs_as_the_role_and_can_give_it_up_for_no_more_than_the_login() {
    let login = Login::new().await;
    let listed = ListedConnection { role: Some(login.role.clone()), ..login.connection() };
    let value = run(listed.clone(), "SELECT current_user AS u, session_user AS s").await.unwrap();
    assert_eq!(
        (value["rows"][0]["u"].as_str(), value["rows"][0]["s"].as_str()),
        (Some(&*login.role), Some(&*login.name))
    );
    let error = run(listed.clone(), "INSERT INTO notes VALUES ('a')").await.unwrap_err();
    assert!(error.contains("permission denied"), "{error}");
    for escape in
        ["RESET ROLE", "SET ROLE postgres", "SET SESSION AUTHORIZATION DEFAULT", "SET SESSION AUTHORIZATION postgres"]
    {
        let sql = format!("DO $$ BEGIN {escape}; PERFORM * FROM {}.secrets; END $$", login.name);
        let error = run(listed.clone(), &sql).await.unwrap_err();
        assert!(error.contains("permission denied"), "{escape}: {error}");
    }
    // Nothing of it is left for the next run.
    let value = run(listed, "SELECT current_user AS u").await.unwrap();
    assert_eq!(value["rows"][0]["u"].as_str(), Some(&*login.role));
}

#[tokio::test]
async fn programs_and_files_of_the_server_are_out_of_reach() {
    let login = Login::new().await;
    for sql in [
        "COPY (SELECT 1) TO PROGRAM 'id'",
        "DO $$ BEGIN EXECUTE 'COPY (SELECT 1) TO PROGRAM ''id'''; END $$",
        "COPY (SELECT 1) TO '/tmp/query-jobs'",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT lo_import('/etc/passwd')",
    ] {
        let error = login.run(sql).await.unwrap_err();
        assert!(error.contains("SQLSTATE 42501"), "{sql}: {error}");
    }
    assert!(!std::path::Path::new("/tmp/query-jobs").exists());
}

#[tokio::test]
async fn a_login_with_too_many_rights_is_refused_before_the_statement() {
    let error = run(superuser(), "SELECT 1").await.unwrap_err();
    assert!(error.contains("superuser") && error.contains("a login of its own"), "{error}");
    for grant in ["pg_execute_server_program", "pg_read_server_files", "pg_write_server_files"] {
        let login = Login::new().await;
        login.run("SELECT 1").await.unwrap();
        Login::admin(&format!("GRANT {grant} TO {}", login.name)).await;
        assert!(login.run("SELECT 1").await.unwrap_err().contains("a login of its own"), "{grant}");
    }
}

#[tokio::test]
async fn a_statement_that_takes_too_long_is_ended_whatever_it_says() {
    let login = Login::new().await;
    for sql in [
        "SELECT pg_sleep(1000)",
        "DO $$ BEGIN SET statement_timeout = 0; PERFORM pg_sleep(1000); END $$",
        "DO $$ BEGIN PERFORM set_config('statement_timeout', '0', false); INSERT INTO notes VALUES ('a'); PERFORM pg_sleep(1000); END $$",
        "SELECT count(*) FROM generate_series(1, 1e12::bigint)",
    ] {
        let error = run(quick(login.connection()), sql).await.unwrap_err();
        assert!(error.contains("statement timeout"), "{sql}: {error}");
    }
    assert_eq!(login.notes().await, None);
}

#[tokio::test]
async fn a_run_that_is_told_to_stop_ends_its_statement_on_the_server() {
    let login = Login::new().await;
    let sql = "WITH noted AS (INSERT INTO notes VALUES ('a') RETURNING note) SELECT pg_sleep(1000) FROM noted";
    let active = format!(
        "SELECT count(*)::text FROM pg_stat_activity WHERE usename = '{}' AND query LIKE '%pg_sleep(1000)%'",
        login.name
    );
    let run = claimed(sql);
    let runner = runner(login.connection());
    let stop = async {
        while Login::ask(&format!("{active} AND wait_event = 'PgSleep'")).await.as_deref() == Some("0") {}
        run.stop(Stop::ShutDown);
    };
    let (result, ()) = tokio::join!(runner.call(run.clone()), stop);
    assert!(result.unwrap_err().starts_with("stopped by the shutdown"));
    let mut asked = 0;
    while Login::ask(&active).await.as_deref() != Some("0") {
        asked += 1;
        assert!(asked < 1_000, "the statement goes on");
    }
    assert_eq!(login.notes().await, None);
}
