//! Where the ledger is kept.

use std::{
    env, fmt,
    fs::DirBuilder,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use cron_manager::{
    Builder, CronManager, Settings, backends::sqlite::SqliteStore, contracts::Clock, settings::SecretUrl,
};

use crate::{crontab::Users, failure::Failure};

/// Where the ledger is kept.
pub(crate) enum Database {
    /// In an embedded database, in this folder.
    Embedded(PathBuf),
    /// In the database at a URL.
    At(SecretUrl),
}

impl Database {
    /// The one that the settings name.
    pub(crate) fn of(settings: &Settings) -> Self {
        match &settings.database_url {
            Some(url) => Self::At(url.clone()),
            None => Self::Embedded(settings.data_dir.clone().unwrap_or_else(default_folder)),
        }
    }

    /// A manager's parts, with this database opened. A folder that is not there is made, for nobody else to read: it will hold what
    /// commands print.
    pub(crate) async fn open(&self, settings: &Settings, clock: Arc<dyn Clock>) -> Result<Builder, Failure> {
        let builder = CronManager::builder().clock(Arc::clone(&clock)).settings(settings.clone());
        match self {
            Self::At(_) => Ok(builder),
            Self::Embedded(folder) => {
                let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
                made.map_err(|error| Failure::Failed(format!("cannot make {}: {error}", folder.display())))?;
                Ok(builder.store(Arc::new(SqliteStore::open(file(folder), clock).await?)))
            }
        }
    }

    /// A manager that reads this database, also while another process writes to it. Not found: it is not there, and is not made.
    pub(crate) async fn read(&self, settings: &Settings, clock: Arc<dyn Clock>) -> cron_manager::Result<CronManager> {
        let builder = CronManager::builder().clock(Arc::clone(&clock)).settings(settings.clone()).read_only();
        match self {
            Self::At(_) => builder.build().await,
            Self::Embedded(folder) => {
                let store = SqliteStore::open_read_only(file(folder), clock).await?;
                builder.store(Arc::new(store)).build().await
            }
        }
    }
}

/// Where it is, for people to read; a URL without its secrets.
impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Embedded(folder) => write!(f, "{} (embedded SQLite)", file(folder).display()),
            Self::At(url) => url.fmt(f),
        }
    }
}

/// The folder that the XDG base directories give.
fn default_folder() -> PathBuf {
    let variable = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let data = variable("XDG_DATA_HOME").filter(|path| path.is_absolute()).unwrap_or_else(|| {
        let home = variable("HOME").unwrap_or_else(|| Users::of_this_machine().home.into());
        home.join(".local/share")
    });
    data.join("cron-manager")
}

/// The database in a folder.
fn file(folder: &Path) -> PathBuf {
    folder.join("cron-manager.db")
}
