//! The limit: a loop without a scheduler that writes, with the same library and the same durability, a durable start row for each run and its
//! end, in the same batches.

use std::path::Path;

use sqlx::{
    ConnectOptions, Connection, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use tokio::sync::Mutex;

/// As many as a turn of the scheduler takes in one transaction.
const BATCH: usize = 256;

pub(crate) struct BareLoop {
    connection: Mutex<SqliteConnection>,
    configs: Vec<i64>,
}

const TABLES: &str = "
    CREATE TABLE configs (id INTEGER PRIMARY KEY, watermark INTEGER NOT NULL);
    CREATE TABLE runs (
        id INTEGER PRIMARY KEY, config_id INTEGER NOT NULL, due_at INTEGER NOT NULL, state TEXT NOT NULL, replica_id INTEGER,
        started_at INTEGER, finished_at INTEGER);
    CREATE UNIQUE INDEX ticks ON runs (config_id, due_at);
    CREATE UNIQUE INDEX one_running ON runs (config_id) WHERE state = 'running';";

impl BareLoop {
    pub(crate) async fn new(folder: &Path, configs: usize) -> Self {
        let options = SqliteConnectOptions::new()
            .filename(folder.join("bare.db"))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .disable_statement_logging();
        let mut connection = options.connect().await.unwrap();
        sqlx::raw_sql(TABLES).execute(&mut connection).await.unwrap();
        let configs: Vec<i64> = (1..=configs as i64).collect();
        for id in &configs {
            sqlx::query("INSERT INTO configs VALUES (?, 0)").bind(id).execute(&mut connection).await.unwrap();
        }
        Self { connection: Mutex::new(connection), configs }
    }

    /// One tick of every config: in batches, claim and watermark in one transaction, the ends in another.
    pub(crate) async fn tick(&self, due_at: i64) {
        let mut connection = self.connection.lock().await;
        for batch in self.configs.chunks(BATCH) {
            let ids = serde_json::to_string(batch).unwrap();
            let mut claim = connection.begin().await.unwrap();
            sqlx::query("INSERT INTO runs (config_id, due_at, state, replica_id, started_at) SELECT value, ?2, 'running', 1, ?2 FROM json_each(?1)")
                .bind(&ids).bind(due_at).execute(&mut *claim).await.unwrap();
            sqlx::query("UPDATE configs SET watermark = ?2 WHERE id IN (SELECT value FROM json_each(?1))")
                .bind(&ids)
                .bind(due_at)
                .execute(&mut *claim)
                .await
                .unwrap();
            claim.commit().await.unwrap();
            sqlx::query("UPDATE runs SET state = 'succeeded', finished_at = ?2 WHERE due_at = ?2 AND config_id IN (SELECT value FROM json_each(?1))")
                .bind(&ids).bind(due_at).execute(&mut *connection).await.unwrap();
        }
    }
}
