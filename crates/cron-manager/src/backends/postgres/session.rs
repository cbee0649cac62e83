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

/// The limits of a transaction that locks. Its locks end soon also when this process is held still in the middle, or when the server does
/// not notice that it is gone.
macro_rules! begin_writing {
    () => {
        "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL idle_in_transaction_session_timeout = '10s'; \
         SET LOCAL statement_timeout = '10s'; SET LOCAL lock_timeout = '5s'"
    };
}

/// How a transaction begins, in one round trip.
#[derive(Clone, Copy)]
pub(super) enum Begin {
    /// No transaction: one statement alone.
    Not,
    /// To read at one moment.
    Reading,
    /// To lock, read and write.
    Writing,
    /// The same for so little that planning a statement costs more than running it by any plan that goes through indexes alone: each is
    /// planned once. Such a plan may be older than what is known of the tables; it is not for work that takes a statement through much.
    WritingLittle,
}

impl Begin {
    fn sql(self) -> Option<&'static str> {
        match self {
            Self::Not => None,
            Self::Reading => {
                Some("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = '10s'")
            }
            Self::Writing => Some(begin_writing!()),
            Self::WritingLittle => Some(concat!(
                begin_writing!(),
                "; SET LOCAL plan_cache_mode = force_generic_plan; SET LOCAL enable_seqscan = off; \
                 SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off"
            )),
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
    begin: Begin,
}

impl Session {
    /// Begins on a connection.
    pub(super) async fn begin(
        connection: PoolConnection<Postgres>,
        schema: Arc<Schema>,
        named: bool,
        begin: Begin,
    ) -> sqlx::Result<Self> {
        let mut session = Self { connection: Some(connection), schema, named, begin };
        if let Some(sql) = begin.sql() {
            session.command(sql).await?;
        }
        Ok(session)
    }

    /// Keeps what was done, or takes it back, and gives the connection back if it is still good.
    pub(super) async fn end<T>(mut self, done: Result<T, Failure>) -> Result<T, Failure> {
        if done.as_ref().is_err_and(Failure::broke_connection) {
            return done;
        }
        if self.begin.sql().is_some() {
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
        sqlx::query(self.schema.sql(template)).persistent(self.named)
    }

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
