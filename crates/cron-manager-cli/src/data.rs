//! Where the ledger is kept.

use std::{
    env,
    ffi::OsStr,
    fmt,
    fs::DirBuilder,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use cron_manager::{Builder, CronManager, backends::sqlite::SqliteStore, contracts::Clock};

use crate::{args::DataArguments, crontab::Users, failure::Failure};

/// Where the ledger is kept.
pub(crate) enum Database {
    /// In an embedded database, in this folder.
    Embedded(PathBuf),
    /// In the database at a URL.
    At(String),
}

impl Database {
    /// The one that was asked for.
    pub(crate) fn asked(arguments: &DataArguments) -> Self {
        match arguments.database_url.as_deref().filter(|url| !url.is_empty()) {
            Some(url) => Self::At(url.to_owned()),
            None => Self::Embedded(folder(arguments.data_dir.as_deref())),
        }
    }

    /// A manager's parts, with this database opened. A folder that is not there is made, for nobody else to read: it will hold what
    /// commands print.
    pub(crate) async fn open(&self, clock: Arc<dyn Clock>) -> Result<Builder, Failure> {
        let builder = CronManager::builder().clock(Arc::clone(&clock));
        match self {
            Self::At(url) => Ok(builder.database_url(url)),
            Self::Embedded(folder) => {
                let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
                made.map_err(|error| Failure::Failed(format!("cannot make {}: {error}", folder.display())))?;
                Ok(builder.store(Arc::new(SqliteStore::open(file(folder), clock).await?)))
            }
        }
    }

    /// The same, to read it, also while another process writes to it.
    pub(crate) async fn open_to_read(&self, clock: Arc<dyn Clock>) -> Result<Builder, Failure> {
        let builder = CronManager::builder().clock(Arc::clone(&clock));
        let file = match self {
            Self::At(url) => return Ok(builder.database_url(url)),
            Self::Embedded(folder) => file(folder),
        };
        if !file.exists() {
            return Err(Failure::Failed(format!("there is no database at {}", file.display())));
        }
        Ok(builder.store(Arc::new(SqliteStore::open_read_only(file, clock).await?)))
    }
}

/// Where it is, for people to read; without the user and the password of a URL.
impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Embedded(folder) => write!(f, "{} (embedded SQLite)", file(folder).display()),
            Self::At(url) => {
                let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
                let place = rest.split('?').next().unwrap_or_default();
                let place = place.rsplit_once('@').map_or(place, |(_, place)| place);
                if scheme.is_empty() { f.write_str(place) } else { write!(f, "{scheme}://{place}") }
            }
        }
    }
}

/// The folder that was asked for, or the one that the XDG base directories give.
fn folder(asked: Option<&OsStr>) -> PathBuf {
    let variable = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(asked) = asked.filter(|path| !path.is_empty()) {
        return asked.into();
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_shown_without_its_password() {
        let shown = |url: &str| Database::At(url.into()).to_string();
        assert_eq!(shown("postgres://me:p@ss@db.example:5433/jobs?sslmode=disable"), "postgres://db.example:5433/jobs");
        assert_eq!(shown("postgres:///jobs?password=secret"), "postgres:///jobs");
        assert_eq!(shown("sqlite:jobs.db"), "sqlite:jobs.db");
    }
}
