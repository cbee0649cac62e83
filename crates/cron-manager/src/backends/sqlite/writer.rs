//! The one connection that writes.

use std::mem;

use sqlx::SqliteConnection;

use super::{error::from_sqlx, lock::LockFile};
use crate::Result;

/// The connection that writes, one transaction at a time.
pub(super) struct Writer {
    connection: SqliteConnection,
    /// A transaction is open, or its future was dropped before it could end it.
    open: bool,
    _lock: LockFile,
}

impl Writer {
    pub(super) fn new(connection: SqliteConnection, lock: LockFile) -> Self {
        Self { connection, open: false, _lock: lock }
    }

    /// Does `work` in a transaction: all of it is kept, or nothing when it fails or is dropped.
    pub(super) async fn transaction<T, F>(&mut self, work: F) -> Result<T>
    where
        F: AsyncFnOnce(&mut SqliteConnection) -> Result<T>,
    {
        self.begin().await?;
        let done = work(&mut self.connection).await;
        if done.is_ok() {
            self.end("COMMIT").await?;
        } else if let Err(error) = self.end("ROLLBACK").await {
            tracing::debug!(%error, "a failed transaction had ended by itself");
        }
        done
    }

    /// Begins with the right to write, so that no transaction has to be repeated.
    async fn begin(&mut self) -> Result<()> {
        if mem::replace(&mut self.open, true) {
            // Refused when SQLite had rolled back by itself, or had committed before the future was dropped.
            let _ = sqlx::query("ROLLBACK").execute(&mut self.connection).await;
        }
        sqlx::query("BEGIN IMMEDIATE").execute(&mut self.connection).await.map_err(from_sqlx)?;
        Ok(())
    }

    async fn end(&mut self, how: &'static str) -> Result<()> {
        sqlx::query(how).execute(&mut self.connection).await.map_err(from_sqlx)?;
        self.open = false;
        Ok(())
    }
}
