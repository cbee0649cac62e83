//! Opening the file.

use std::{fs, path::Path, sync::Arc, time::Duration};

use sqlx::{
    ConnectOptions, SqliteConnection, SqlitePool,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions, SqliteSynchronous},
};

use super::{
    error::from_sqlx,
    lock::{self, LockFile},
    replicas, runs, schema,
    store::SqliteStore,
    writer::Writer,
};
use crate::{Error, Result, contracts::Clock};

/// How long to wait for another program that has locked the file, such as a backup.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How many reads may go on at once.
const READERS: u32 = 4;

impl SqliteStore {
    /// Opens the database at `path`, creates it (readable by its owner alone) and its folder when absent, and brings its tables up
    /// to date. As only one process at a time may do this, all running runs belong to processes that have ended: they
    /// are abandoned.
    ///
    /// Errors: failed precondition when another process has it open, or the file is not ours, or was written by a newer
    /// version of this program; unavailable when the file cannot be used.
    pub async fn open(path: impl AsRef<Path>, clock: Arc<dyn Clock>) -> Result<Self> {
        let path = path.as_ref();
        create_folder(path)?;
        let lock = LockFile::take(path)?;
        lock::private(path)?;
        let mut connection = options(path).connect().await.map_err(from_sqlx)?;
        let version = schema::version(&mut connection, path).await?;
        sqlx::query("PRAGMA journal_mode = WAL").execute(&mut connection).await.map_err(from_sqlx)?;
        let mut writer = Writer::new(connection, lock);
        schema::migrate(&mut writer, version).await?;
        let store = Self::new(clock, readers(path), Some(writer));
        store.abandon_all().await?;
        Ok(store)
    }

    /// Opens the database that a URL such as `sqlite:data/cron.db` or `sqlite:///var/lib/cron.db` names.
    ///
    /// Errors: as [`Self::open`]; invalid argument when it is not such a URL, or names a database in memory (for that there is
    /// [`MemoryStore`](crate::backends::memory::MemoryStore)).
    pub async fn open_url(url: &str, clock: Arc<dyn Clock>) -> Result<Self> {
        Self::open(path_of(url)?, clock).await
    }

    /// Opens an existing database to read it, also while another process has it open. All that writes is refused.
    ///
    /// Errors: not found when there is no such file; failed precondition when the file is not ours or its tables have another version;
    /// unavailable when it cannot be used.
    pub async fn open_read_only(path: impl AsRef<Path>, clock: Arc<dyn Clock>) -> Result<Self> {
        let path = path.as_ref();
        if !path.exists() {
            return Err(Error::not_found(format!("the database {}", path.display())));
        }
        let readers = readers(path);
        schema::check(&mut *readers.acquire().await.map_err(from_sqlx)?, path).await?;
        Ok(Self::new(clock, readers, None))
    }

    /// Opens the existing database that a URL names, to read it.
    ///
    /// Errors: as [`Self::open_read_only`]; invalid argument as [`Self::open_url`].
    pub async fn open_url_read_only(url: &str, clock: Arc<dyn Clock>) -> Result<Self> {
        Self::open_read_only(path_of(url)?, clock).await
    }

    async fn abandon_all(&self) -> Result<()> {
        const ERROR: &str = "the process ended without reporting how the run went";
        let end = async |on: &mut SqliteConnection| {
            let now = self.now();
            replicas::end_all(on, now).await?;
            runs::abandon_all(on, now, ERROR).await
        };
        let abandoned = self.write(end).await?;
        if abandoned > 0 {
            tracing::warn!(runs = abandoned, "runs were abandoned: the process that ran them has ended");
        }
        Ok(())
    }
}

fn create_folder(path: &Path) -> Result<()> {
    match path.parent() {
        Some(folder) => fs::create_dir_all(folder).map_err(|error| lock::unusable(folder, error)),
        None => Ok(()),
    }
}

fn path_of(url: &str) -> Result<String> {
    let path = url.strip_prefix("sqlite:").map(|path| path.strip_prefix("//").unwrap_or(path));
    match path {
        Some(":memory:") => Err(Error::invalid("databaseUrl", "a database in memory is not kept; name a file")),
        Some(path) if !path.is_empty() && !path.contains('?') => Ok(path.into()),
        _ => Err(Error::invalid("databaseUrl", "write sqlite:PATH")),
    }
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .disable_statement_logging()
}

fn readers(path: &Path) -> SqlitePool {
    SqlitePoolOptions::new()
        .max_connections(READERS)
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_lazy_with(options(path).read_only(true))
}
