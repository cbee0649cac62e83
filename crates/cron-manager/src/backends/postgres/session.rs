//! One connection, on loan for one piece of work.

use std::sync::Arc;

use sqlx::{
    Postgres,
    pool::PoolConnection,
    postgres::{PgArguments, PgConnection, PgRow},
    query::Query,
};

use super::{error::Failure, schema::Schema};

/// A statement with its arguments.
pub(super) type Statement<'q> = Query<'q, Postgres, PgArguments>;

/// How a transaction begins, in one round trip. Its locks end soon also when this process is held still in the middle, or when the
/// server does not notice that it is gone.
#[derive(Clone, Copy)]
pub(super) enum Begin {
    /// No transaction: one statement alone.
    Not,
    /// To read at one moment.
    Reading,
    /// To lock, read and write.
    Writing,
}

impl Begin {
    fn sql(self) -> Option<&'static str> {
        match self {
            Self::Not => None,
            Self::Reading => Some("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = '10s'"),
            Self::Writing => Some(
                "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL idle_in_transaction_session_timeout = '10s'; \
                 SET LOCAL statement_timeout = '10s'; SET LOCAL lock_timeout = '5s'",
            ),
        }
    }
}

/// A connection on loan. It goes back to its pool after work that ended in order, however it ended; otherwise it is closed, which
/// takes back what was open.
pub(super) struct Session {
    /// None: given back.
    connection: Option<PoolConnection<Postgres>>,
    schema: Arc<Schema>,
    /// Whether statements stay prepared under names.
    named: bool,
}

impl Session {
    pub(super) fn new(connection: PoolConnection<Postgres>, schema: Arc<Schema>, named: bool) -> Self {
        Self { connection: Some(connection), schema, named }
    }

    /// Does `work`, in a transaction if one is to begin; then gives the connection back if it is still good.
    pub(super) async fn within<T, W>(mut self, begin: Begin, work: &W) -> Result<T, Failure>
    where
        W: AsyncFn(&mut Self) -> Result<T, Failure>,
    {
        if let Some(sql) = begin.sql() {
            self.command(sql).await?;
        }
        let done = work(&mut self).await;
        if done.as_ref().is_err_and(Failure::broke_connection) {
            return done;
        }
        if begin.sql().is_some() {
            let ended = self.command(if done.is_ok() { "COMMIT" } else { "ROLLBACK" }).await;
            match (ended, done.is_ok()) {
                (Err(error), true) => return Err(error.into()),
                // Closing takes back, too.
                (Err(_), false) => return done,
                (Ok(()), _) => {}
            }
        }
        drop(self.connection.take());
        done
    }

    /// The statement of a template of [`Schema::sql`].
    pub(super) fn query<'q>(&self, template: &'static str) -> Statement<'q> {
        self.prepared(sqlx::query(self.schema.sql(template)))
    }

    /// A statement that was put together for this one time, as it is sent. It stays prepared under no name.
    pub(super) fn schema(&self) -> &Schema {
        &self.schema
    }

    pub(super) async fn rows(&mut self, query: Statement<'_>) -> sqlx::Result<Vec<PgRow>> {
        query.fetch_all(self.connection()?).await
    }

    pub(super) async fn row(&mut self, query: Statement<'_>) -> sqlx::Result<PgRow> {
        query.fetch_one(self.connection()?).await
    }

    pub(super) async fn row_or_none(&mut self, query: Statement<'_>) -> sqlx::Result<Option<PgRow>> {
        query.fetch_optional(self.connection()?).await
    }

    /// How many rows it touched.
    pub(super) async fn run(&mut self, query: Statement<'_>) -> sqlx::Result<u64> {
        Ok(query.execute(self.connection()?).await?.rows_affected())
    }

    fn prepared<'q>(&self, query: Statement<'q>) -> Statement<'q> {
        query.persistent(self.named)
    }

    async fn command(&mut self, sql: &'static str) -> sqlx::Result<()> {
        sqlx::raw_sql(sql).execute(self.connection()?).await.map(drop)
    }

    fn connection(&mut self) -> sqlx::Result<&mut PgConnection> {
        self.connection.as_deref_mut().ok_or(sqlx::Error::PoolClosed)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // Not returned: a statement, or a transaction, may be in the middle.
        if let Some(connection) = self.connection.take() {
            drop(connection.detach());
        }
    }
}
