//! What a statement cannot do to the end of runs.

use cron_manager::RunState;

use crate::{
    own::{Own, TOKEN},
    support::Login,
};

#[tokio::test]
async fn nobody_ends_a_run_whose_token_he_does_not_know() {
    let own = Own::new().await;
    let other = own.claimed("SELECT 1").await;
    let (id, fence) = (other.run().id, other.run().fence);
    for token in [0, 1, TOKEN + 1, i64::MAX] {
        let guess = format!(
            "DO $$ BEGIN INSERT INTO notes VALUES (coalesce({}.cron_finish({id}, '0000000000000007', {fence}, {token}, 'null', NULL, 0, false), 'no')); END $$",
            own.schema
        );
        own.run(&guess).await.0.unwrap();
        assert_eq!(own.row(&other).await.state, RunState::Running);
    }
    assert_eq!(own.login.notes().await.as_deref(), Some("no,no,no,no"));
    for look in ["token FROM {}.cron_jobs", "* FROM {}.cron_job_logs", "* FROM {}.cron_store"] {
        let sql = format!("SELECT {}", look.replace("{}", &own.schema));
        assert!(own.run(&sql).await.0.unwrap_err().contains("SQLSTATE 42501"), "{sql}");
    }
}

#[tokio::test]
async fn a_session_that_was_left_in_disorder_ends_the_run_all_the_same() {
    let own = Own::new().await;
    let (name, role, schema) = (&own.login.name, &own.login.role, &own.schema);
    for disorder in [
        "SET LOCAL search_path = pg_temp",
        "PERFORM set_config('search_path', '', false)",
        &format!("SET ROLE {role}"),
        &format!("SET LOCAL ROLE {role}"),
        &format!("PERFORM set_config('role', '{role}', false)"),
        "SET synchronous_commit = off",
        "SET statement_timeout = 0",
        "SET standard_conforming_strings = off",
        "SET DateStyle = 'German'; SET TimeZone = 'Asia/Tokyo'; SET IntervalStyle = 'iso_8601'",
        "EXECUTE 'DEALLOCATE ALL'",
        "EXECUTE 'DECLARE c CURSOR WITH HOLD FOR SELECT pg_sleep(1000)'",
        "PERFORM pg_advisory_lock(1), pg_advisory_xact_lock(2)",
        "LOCK TABLE notes",
        "CREATE TEMP TABLE cron_jobs (id bigint, state text); CREATE TEMP TABLE cron_job_logs (run_id bigint)",
        &format!(
            "CREATE FUNCTION {name}.cron_finish(bigint, text, bigint, bigint, text, text, bigint, boolean) \
             RETURNS text LANGUAGE sql AS 'SELECT ''succeeded'''; SET search_path = {name}, pg_catalog"
        ),
        &format!(
            "CREATE FUNCTION {name}.never(bigint, bigint) RETURNS boolean LANGUAGE sql AS 'SELECT false'; \
             CREATE OPERATOR {name}.= (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = {name}.never); SET search_path = {name}, pg_catalog"
        ),
    ] {
        let sql = format!("DO $$ BEGIN INSERT INTO notes VALUES ('a'); {disorder}; END $$");
        let (result, row) = own.run(&sql).await;
        assert!(result.is_ok(), "{disorder}: {result:?}");
        assert_eq!(row.state, RunState::Succeeded, "{disorder}");
    }
    assert_eq!(Login::ask(&format!("SELECT count(*)::text FROM {name}.notes")).await.as_deref(), Some("16"));
    for hostile in [
        format!("CREATE FUNCTION {schema}.mine() RETURNS text LANGUAGE sql AS 'SELECT 1::text'"),
        format!(
            "CREATE TRIGGER t BEFORE UPDATE ON {schema}.cron_jobs FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()"
        ),
        format!("DROP FUNCTION {schema}.cron_finish"),
        format!("LOCK TABLE {schema}.cron_jobs"),
        "SET SESSION AUTHORIZATION postgres".into(),
        "SET ROLE postgres".into(),
    ] {
        let (result, row) = own.run(&format!("DO $$ BEGIN INSERT INTO notes VALUES ('b'); {hostile}; END $$")).await;
        assert!(result.unwrap_err().contains("SQLSTATE 42501"), "{hostile}");
        assert_eq!(row.state, RunState::Running, "{hostile}");
    }
}

/// Others wait for the row of the run from then on: a heartbeat of its replica, with all the others it goes along with.
#[tokio::test]
async fn what_was_put_off_for_the_commit_is_done_before_the_end() {
    let own = Own::new().await;
    let name = &own.login.name;
    Login::admin(&format!(
        "CREATE FUNCTION {name}.later() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         PERFORM 1 FROM {schema}.cron_jobs WHERE state = 'succeeded'; IF FOUND THEN RAISE 'after the end'; END IF; RETURN NULL; END $$; \
         GRANT SELECT ON {schema}.cron_jobs TO {name}; \
         CREATE CONSTRAINT TRIGGER later AFTER INSERT ON {name}.notes DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION {name}.later()",
        schema = own.schema
    ))
    .await;
    let (result, row) = own.run("INSERT INTO notes VALUES ('a')").await;
    result.unwrap();
    assert_eq!(row.state, RunState::Succeeded);
}

/// Tables on which work is put off twice: once for `SET CONSTRAINTS`, and once more for the commit, when `late` is done.
async fn put_off_twice(own: &Own, late: &str) {
    let name = &own.login.name;
    Login::admin(&format!(
        "CREATE TABLE {name}.more (n int); ALTER TABLE {name}.more OWNER TO {name}; \
         CREATE FUNCTION {name}.later() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         IF TG_TABLE_NAME = 'notes' THEN SET CONSTRAINTS ALL DEFERRED; INSERT INTO more VALUES (1); ELSE {late}; END IF; RETURN NULL; END $$; \
         CREATE CONSTRAINT TRIGGER later AFTER INSERT ON {name}.notes DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION {name}.later(); \
         CREATE CONSTRAINT TRIGGER later AFTER INSERT ON {name}.more DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION {name}.later()"
    ))
    .await;
}

#[tokio::test]
async fn a_commit_that_takes_too_long_is_ended_and_leaves_neither() {
    let own = Own::new().await;
    put_off_twice(&own, "SET statement_timeout = 0; PERFORM pg_sleep(1000)").await;
    let (result, row) = own.run("INSERT INTO notes VALUES ('a')").await;
    let error = result.unwrap_err();
    assert!(error.contains("no answer to COMMIT") && error.contains("was taken back"), "{error}");
    assert_eq!((row.state, own.login.notes().await), (RunState::Running, None));
}

/// The server waits for the disk, and not for long for a replica that is held still.
#[tokio::test]
async fn a_run_ends_under_limits_of_its_own() {
    let own = Own::new().await;
    let settings =
        "current_setting('synchronous_commit') || ' ' || current_setting('idle_in_transaction_session_timeout')";
    put_off_twice(&own, &format!("RAISE EXCEPTION 'at the end: %', {settings}")).await;
    let disorder = "SET synchronous_commit = off; SET idle_in_transaction_session_timeout = 0";
    let (result, row) = own.run(&format!("DO $$ BEGIN {disorder}; INSERT INTO notes VALUES ('a'); END $$")).await;
    let error = result.unwrap_err();
    assert!(error.contains("at the end: on 10s"), "{error}");
    assert_eq!((row.state, own.login.notes().await), (RunState::Running, None));
}
