//! Whose file it is, and which form its tables have.

use std::path::Path;

use sqlx::SqliteConnection;

use super::{error::from_sqlx, writer::Writer};
use crate::{Error, ErrorKind, Result};

/// Each brings the tables one version further, and says so in `user_version`. They are never changed, only added to.
const MIGRATIONS: [&str; 7] = [
    include_str!("migrations/0001_ledger.sql"),
    include_str!("migrations/0002_locks.sql"),
    include_str!("migrations/0003_access.sql"),
    include_str!("migrations/0004_observe.sql"),
    include_str!("migrations/0005_control.sql"),
    include_str!("migrations/0006_jobs.sql"),
    include_str!("migrations/0007_calendars.sql"),
];

/// "Cron" in ASCII.
const APPLICATION_ID: i64 = 0x4372_6f6e;

/// The version of the tables in our file; 0 in an empty one.
///
/// Errors: failed precondition when the file is not ours, or newer than this program.
pub(super) async fn version(on: &mut SqliteConnection, path: &Path) -> Result<usize> {
    let sql = "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema) \
               FROM pragma_application_id, pragma_user_version";
    let (owner, version, tables): (i64, i64, i64) = sqlx::query_as(sql).fetch_one(on).await.map_err(from_sqlx)?;
    if owner != APPLICATION_ID && (owner, version, tables) != (0, 0, 0) {
        return Err(refused(path, "is a database of another program"));
    }
    match usize::try_from(version) {
        Ok(version) if version <= MIGRATIONS.len() => Ok(version),
        _ => Err(refused(path, "was written by a newer version of this program")),
    }
}

/// Brings the tables to this program's version.
pub(super) async fn migrate(writer: &mut Writer, from: usize) -> Result<()> {
    for sql in &MIGRATIONS[from..] {
        let migrate = async |on: &mut SqliteConnection| {
            sqlx::raw_sql(*sql).execute(on).await.map_err(from_sqlx)?;
            Ok(())
        };
        writer.transaction(migrate).await?;
    }
    Ok(())
}

/// Refuses tables of another version.
pub(super) async fn check(on: &mut SqliteConnection, path: &Path) -> Result<()> {
    match version(on, path).await? {
        version if version == MIGRATIONS.len() => Ok(()),
        0 => Err(refused(path, "is empty")),
        _ => Err(refused(path, "was written by an older version of this program; start it once to migrate it")),
    }
}

fn refused(path: &Path, why: &str) -> Error {
    Error::new(ErrorKind::FailedPrecondition, format!("{} {why}", path.display()))
}
