//! A PostgreSQL for tests, and schemas of their own in it.

use std::{
    env,
    sync::{
        Mutex, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    thread,
};

use cron_manager::backends::postgres::PostgresOptions;
use servers::Postgres;
use sqlx::{AssertSqlSafe, Connection, PgConnection, PgPool};

/// The URL of the server that all tests share: the one of the environment, or one that ends with this process.
pub(crate) fn url() -> String {
    static OWN: OnceLock<Mutex<Postgres>> = OnceLock::new();
    let own = || OWN.get_or_init(|| Mutex::new(Postgres::fast().unwrap())).lock().unwrap().url();
    env::var("CRON_MANAGER_TEST_POSTGRES_URL").unwrap_or_else(|_| own())
}

/// A name for a schema, which is dropped in the end.
pub(crate) struct TestSchema {
    url: String,
    pub(crate) name: String,
}

impl TestSchema {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        Self { url: url(), name }
    }

    /// What a store in this schema is opened with.
    pub(crate) fn options(&self) -> PostgresOptions {
        PostgresOptions { schema: self.name.clone(), ..PostgresOptions::from(self.url.as_str()) }
    }

    /// Connections past the store, whose names without a schema are those of this one.
    pub(crate) fn pool(&self) -> PgPool {
        let options: sqlx::postgres::PgConnectOptions = self.url.parse().unwrap();
        let options = options.options([("search_path", &self.name)]);
        sqlx::postgres::PgPoolOptions::new().max_connections(4).connect_lazy_with(options)
    }
}

impl Drop for TestSchema {
    fn drop(&mut self) {
        let (url, sql) = (self.url.clone(), format!("DROP SCHEMA IF EXISTS {} CASCADE", self.name));
        // Tests end inside a runtime, where nothing may block on another one.
        let dropped = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let mut connection = PgConnection::connect(&url).await?;
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await
            })
        });
        // A server that a test has ended takes the schema with it.
        let _ = dropped.join();
    }
}
