//! The end of a run in the transaction of its statement, where the connection leads to the store's own database.
//!
//! What was run before may have been written to deceive: nothing here goes by a search path, by a statement prepared before, or by what the
//! session was set to, and the claim's token leaves this process only when that statement is over.

use serde_json::Value;
use sqlx::{AssertSqlSafe, PgConnection, Row};

use super::session::told;
use crate::{ActiveRun, ListedConnection, Stop, contracts::Home};

/// The login itself again, and limits for what is left to do.
const AS_LOGIN: &str = "SET LOCAL ROLE NONE; SET LOCAL synchronous_commit = on; SET LOCAL statement_timeout = '5s'; \
                        SET LOCAL lock_timeout = '5s'; SET LOCAL idle_in_transaction_session_timeout = '10s'";

/// Whether runs end in the transactions of this connection. Without an effect there is nothing to keep together: so not where it can only read.
///
/// Errors: a text; the login lacks the right, or the connection must lead to the store's own database and does not.
pub(super) async fn is_at_home(on: &mut PgConnection, home: &Home, listed: &ListedConnection) -> Result<bool, String> {
    let query = sqlx::query(
        "SELECT pg_catalog.current_setting('transaction_read_only') OPERATOR(pg_catalog.=) 'on', \
         pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_function_privilege(p.oid, 'EXECUTE'), \
         pg_catalog.quote_ident(session_user) \
         FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) p.pronamespace \
         WHERE n.nspname OPERATOR(pg_catalog.=) $1 AND p.proname OPERATOR(pg_catalog.=) 'cron_finish' \
         AND pg_catalog.obj_description(p.oid, 'pg_proc') OPERATOR(pg_catalog.=) $2",
    );
    let query = query.bind(&home.schema).bind(home.store_id.to_string()).persistent(false);
    let row = query.fetch_optional(on).await.map_err(|error| told(&error))?;
    let Some(row) = row else {
        return if listed.exactly_once {
            Err(elsewhere("the connection leads to another database"))
        } else {
            Ok(false)
        };
    };
    let fields = (row.try_get(0), row.try_get(1), row.try_get::<String, _>(2));
    let (Ok(reads_only), Ok(granted), Ok(login)) = fields else {
        return Err("the server answered something else".into());
    };
    match (reads_only, granted) {
        (true, _) => Ok(false),
        (false, true) => Ok(true),
        (false, false) => Err(format!(
            "the login {login} lacks the right to end a run in the store's own database, where that is one transaction with the statement; \
             GRANT USAGE ON SCHEMA {schema} TO {login}; GRANT EXECUTE ON FUNCTION {schema}.cron_finish TO {login}",
            schema = home.schema
        )),
    }
}

/// Whether the store is where `exactly_once` could be kept.
///
/// Errors: a text.
pub(super) fn check(listed: &ListedConnection, home: Option<&Home>) -> Result<(), String> {
    match home {
        None if listed.exactly_once => Err(elsewhere("the store is in no database that others can reach")),
        _ => Ok(()),
    }
}

/// Why `exactly_once` cannot be.
fn elsewhere(why: &str) -> String {
    format!(
        "exactly_once: {why}, and only in the store's own, on PostgreSQL, can a statement and the end of its run be one transaction"
    )
}

/// Ends the run as succeeded with `value`, when the transaction does.
///
/// Errors: a text. The transaction must not be kept then.
pub(super) async fn end(on: &mut PgConnection, home: &Home, run: &ActiveRun, value: Value) -> Result<(), String> {
    let (row, outcome) = (run.run(), run.ending(value));
    sqlx::raw_sql(AS_LOGIN).execute(&mut *on).await.map_err(|error| told(&error))?;
    let schema = home.schema.replace('"', "\"\"");
    let sql = AssertSqlSafe(format!("SELECT \"{schema}\".cron_finish($1, $2, $3, $4, $5, $6, $7, $8)"));
    let query = sqlx::query_scalar::<_, Option<String>>(sql).persistent(false);
    let query = query
        .bind(row.id.0)
        .bind(row.replica_id.map(|id| id.to_string()))
        .bind(row.fence.0)
        .bind(row.token.0)
        .bind(outcome.result)
        .bind(outcome.log)
        .bind(i64::try_from(outcome.log_start).unwrap_or(i64::MAX))
        .bind(outcome.truncated);
    let ended = query.fetch_one(on).await.map_err(|error| told(&error))?;
    match ended.as_deref() {
        Some("succeeded") => Ok(()),
        Some(_) => {
            run.stop(Stop::Cancelled);
            Err("cancelled: what the statement did was taken back".into())
        }
        None => Err("the hold on the run was lost: what the statement did was taken back".into()),
    }
}
