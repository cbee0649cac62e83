//! A PostgreSQL store whose server asks a hand-turned clock what time it is.

use cron_manager::{
    Result,
    backends::postgres::{PostgresOptions, PostgresStore},
    contracts::{Clock, StoreLayer},
    testing::ManualClock,
};
use jiff::Timestamp;
use sqlx::PgPool;
use tokio::sync::Mutex;

/// Shows the clock to the server before each call.
pub(crate) struct TurnedStore {
    store: PostgresStore,
    clock: ManualClock,
    pool: PgPool,
    /// What the server was shown last.
    shown: Mutex<Option<Timestamp>>,
}

impl TurnedStore {
    /// Opens a store whose schema is first in the search path of `pool`, and puts the clock in place of the server's.
    pub(crate) async fn open(options: PostgresOptions, pool: PgPool, clock: ManualClock) -> Self {
        let schema = options.schema.clone();
        let store = PostgresStore::open(options, std::sync::Arc::new(clock.clone())).await.unwrap();
        let turn = format!(
            "CREATE TABLE test_clock (now timestamptz); INSERT INTO test_clock VALUES (NULL); \
             CREATE OR REPLACE FUNCTION cron_now() RETURNS timestamptz LANGUAGE sql VOLATILE AS 'SELECT now FROM {schema}.test_clock'"
        );
        sqlx::raw_sql(sqlx::AssertSqlSafe(turn)).execute(&pool).await.unwrap();
        Self { store, clock, pool, shown: Mutex::default() }
    }

    async fn show_now(&self) {
        let now = self.clock.now();
        let mut shown = self.shown.lock().await;
        if *shown != Some(now) {
            let show = sqlx::query("UPDATE test_clock SET now = $1::timestamptz").bind(now.to_string());
            show.execute(&self.pool).await.unwrap();
            *shown = Some(now);
        }
    }
}

impl StoreLayer for TurnedStore {
    type Inner = PostgresStore;

    fn inner(&self) -> &PostgresStore {
        &self.store
    }

    async fn around<T: Send>(&self, _: &'static str, answer: impl Future<Output = Result<T>> + Send) -> Result<T> {
        self.show_now().await;
        answer.await
    }
}
