//! A connection for one run.

use futures_util::TryStreamExt;
use serde_json::Value;
use sqlx::{
    AssertSqlSafe, ConnectOptions, Either, Executor, PgConnection, Row, SqlSafeStr,
    postgres::{PgConnectOptions, PgDatabaseError},
};
use tracing::{
    instrument::{WithDispatch, WithSubscriber},
    subscriber::NoSubscriber,
};

use super::{ending, rows::Answer};
use crate::{ActiveRun, ListedConnection, contracts::Home};

/// A connection for one run; it is closed when this is dropped.
pub(super) struct Session {
    connection: PgConnection,
    backend: i32,
    /// Where its runs end in its own transactions, if they do.
    home: Option<Home>,
}

/// How to connect; `None`: that is no URL of a PostgreSQL.
pub(super) fn options(url: &str) -> Option<PgConnectOptions> {
    let options: PgConnectOptions = url.parse().ok()?;
    let name = options.get_application_name().unwrap_or("cron-manager query").to_owned();
    Some(options.application_name(&name).disable_statement_logging())
}

/// Connects, and refuses a login that may do more than any statement should, or less than one in the store's own database needs.
///
/// Errors: a text, without the URL.
pub(super) async fn connect(listed: &ListedConnection, home: Option<&Home>) -> Result<Session, String> {
    let options = options(&listed.url).ok_or("the URL is not one of a PostgreSQL")?;
    let mut connection = options.connect().await.map_err(|error| format!("cannot connect: {}", told(&error)))?;
    let row = sqlx::query(
        "SELECT pg_catalog.pg_backend_pid(), rolsuper OR rolreplication OR rolcreaterole OR EXISTS \
         (SELECT FROM pg_catalog.pg_roles AS strong WHERE strong.rolname IN ('pg_execute_server_program', 'pg_read_server_files', \
         'pg_write_server_files') AND pg_catalog.pg_has_role(session_user, strong.oid, 'MEMBER')) \
         FROM pg_catalog.pg_roles WHERE rolname = session_user",
    );
    let row = row.fetch_one(&mut connection).await.map_err(|error| told(&error))?;
    let (backend, strong) = (row.try_get(0), row.try_get(1));
    let (Ok(backend), Ok(strong)) = (backend, strong) else { return Err("the server answered something else".into()) };
    if strong {
        return Err("the login of this connection is a superuser, or may create roles, replicate, or reach the server's files or programs; \
                    give the connection a login of its own that may do no more than the statements of its jobs"
            .into());
    }
    let home = match home {
        Some(home) if ending::is_at_home(&mut connection, home, listed).await? => Some(home.clone()),
        _ => None,
    };
    Ok(Session { connection, backend, home })
}

/// Ends the statement of a backend, and with it its session.
pub(super) async fn end(listed: &ListedConnection, backend: i32) {
    let Some(options) = options(&listed.url) else { return };
    let Ok(mut connection) = options.connect().await else { return };
    let query = sqlx::query("SELECT pg_catalog.pg_terminate_backend($1)").bind(backend);
    if let Err(error) = query.execute(&mut connection).await {
        tracing::warn!(%error, "a statement could not be ended; it ends at its own limit");
    }
}

impl Session {
    /// The server's process of it.
    pub(super) fn backend(&self) -> i32 {
        self.backend
    }

    /// Runs one statement in a transaction of its own, and ends the run in it where that can be. Neither counts before the commit.
    pub(super) async fn work(
        &mut self,
        sql: &str,
        listed: &ListedConnection,
        run: &ActiveRun,
    ) -> Result<Value, String> {
        let value = unheard(self.statement(sql, listed)).await.map_err(|error| told(&error))?;
        if let Some(home) = &self.home {
            ending::end(&mut self.connection, home, run, value.clone()).await?;
        }
        Ok(value)
    }

    /// Runs a statement that does nothing.
    pub(super) async fn probe(&mut self, listed: &ListedConnection) -> Result<(), String> {
        self.statement("SELECT 1", listed).await.map(drop).map_err(|error| told(&error))
    }

    /// Runs one statement as the listed role, and does what it has put off for the commit: that is to be short.
    async fn statement(&mut self, sql: &str, listed: &ListedConnection) -> sqlx::Result<Value> {
        // A run that ends here has counted heartbeats since the transaction began.
        let begin = if self.home.is_some() { "BEGIN ISOLATION LEVEL READ COMMITTED" } else { "BEGIN" };
        let connection = &mut self.connection;
        sqlx::raw_sql(begin).execute(&mut *connection).await?;
        let limit = listed.statement_timeout.as_millis().to_string();
        let set = "SELECT pg_catalog.set_config('statement_timeout', $1, true), \
                   pg_catalog.set_config('idle_in_transaction_session_timeout', '60s', true), \
                   pg_catalog.set_config('standard_conforming_strings', 'on', true)";
        sqlx::query(set).bind(limit).execute(&mut *connection).await?;
        if let Some(role) = &listed.role {
            let set = "SELECT pg_catalog.set_config('role', $1, true)";
            sqlx::query(set).bind(role).execute(&mut *connection).await?;
        }
        // Parsing as a prepared statement refuses several in one text; running the text gives every value as text.
        let sql = AssertSqlSafe(sql.to_owned()).into_sql_str();
        (&mut *connection).prepare(sql.clone()).await?;
        let mut answer = Answer::new(listed.row_cap);
        let mut parts = sqlx::raw_sql(AssertSqlSafe(sql.as_str().to_owned())).fetch_many(&mut *connection);
        while let Some(part) = parts.try_next().await? {
            match part {
                Either::Left(done) => answer.done(done.rows_affected()),
                Either::Right(row) => answer.row(&row)?,
            }
        }
        drop(parts);
        sqlx::raw_sql("SET CONSTRAINTS ALL IMMEDIATE; CLOSE ALL").execute(connection).await?;
        Ok(answer.into_value())
    }

    /// Keeps what was done.
    pub(super) async fn commit(&mut self) -> Result<(), String> {
        let commit = sqlx::raw_sql("COMMIT");
        unheard(commit.execute(&mut self.connection)).await.map(drop).map_err(|error| told(&error))
    }
}

/// Without the log: the driver would write there what notices a statement raises, and they may quote it.
fn unheard<T: Future>(asked: T) -> WithDispatch<T> {
    asked.with_subscriber(NoSubscriber::new())
}

/// What a run may tell of an error: not what it quotes of the statement.
pub(super) fn told(error: &sqlx::Error) -> String {
    let sqlx::Error::Database(error) = error else { return error.to_string() };
    let error = error.downcast_ref::<PgDatabaseError>();
    let (code, message) = (error.code(), error.message());
    // Syntax errors and errors in data (classes 42601 and 22) quote literals.
    let quotes = code == "42601" || code.starts_with("22");
    let message = if quotes { without_quoted(message) } else { message.to_owned() };
    format!("{message} (SQLSTATE {code})")
}

fn without_quoted(message: &str) -> String {
    match (message.find('"'), message.rfind('"')) {
        (Some(from), Some(to)) if from < to => format!("{}\"…\"{}", &message[..from], &message[to + 1..]),
        _ => message.to_owned(),
    }
}
