//! Where the embedded database lies.

use std::{
    env,
    ffi::OsStr,
    fs::DirBuilder,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use cron_manager::{backends::sqlite::SqliteStore, contracts::Clock};

use crate::{crontab::Users, failure::Failure};

/// The folder that was asked for, or the one that the XDG base directories give.
pub(crate) fn folder(asked: Option<&OsStr>) -> PathBuf {
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
pub(crate) fn database(folder: &Path) -> PathBuf {
    folder.join("cron-manager.db")
}

/// Opens the database in a folder. A folder that is not there is made, for nobody else to read: it will hold what
/// commands print.
pub(crate) async fn open(folder: &Path, clock: Arc<dyn Clock>) -> Result<SqliteStore, Failure> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|error| Failure::Failed(format!("cannot make {}: {error}", folder.display())))?;
    Ok(SqliteStore::open(database(folder), clock).await?)
}
