//! What SQLite's errors mean to callers.

use sqlx::error::DatabaseError;

use crate::{Error, ErrorKind};

/// SQLite's primary result codes, `https://www.sqlite.org/rescode.html`.
mod code {
    pub(super) const BUSY: i32 = 5;
    pub(super) const LOCKED: i32 = 6;
    pub(super) const NOMEM: i32 = 7;
    pub(super) const IOERR: i32 = 10;
    pub(super) const FULL: i32 = 13;
    pub(super) const CANTOPEN: i32 = 14;
    pub(super) const NOTADB: i32 = 26;
}

/// An error of SQLite or of the way to it.
pub(super) fn from_sqlx(error: sqlx::Error) -> Error {
    match &error {
        sqlx::Error::Database(database) => from_database(database.as_ref()).with_source(error),
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => {
            Error::unavailable("the SQLite store does not answer").with_source(error)
        }
        _ => Error::internal("the SQLite store was misused").with_source(error),
    }
}

/// Text in the database that is not what was written.
pub(super) fn damaged(error: serde_json::Error) -> Error {
    Error::internal("the SQLite store holds what it cannot read").with_source(error)
}

fn from_database(error: &dyn DatabaseError) -> Error {
    if error.is_unique_violation() {
        return from_unique(error.message());
    }
    let extended: Option<i32> = error.code().and_then(|code| code.parse().ok());
    match extended.map(|extended| extended & 0xff) {
        Some(code::BUSY | code::LOCKED | code::NOMEM | code::IOERR | code::FULL | code::CANTOPEN) => {
            Error::unavailable("the SQLite file cannot be used now")
        }
        Some(code::NOTADB) => Error::new(ErrorKind::FailedPrecondition, "the file is not an SQLite database"),
        _ => Error::internal("SQLite refused a statement"),
    }
}

/// SQLite names the columns that would no longer be unique.
fn from_unique(message: &str) -> Error {
    let (kind, what) = if message.contains("cron_configs.name") {
        (ErrorKind::AlreadyExists, "a config has that name already")
    } else if message.contains("cron_calendars.name") {
        (ErrorKind::AlreadyExists, "a calendar has that name already")
    } else if message.contains("cron_jobs.request_id") {
        (ErrorKind::AlreadyExists, "that request id was used before")
    } else if message.contains("cron_jobs.due_at") {
        (ErrorKind::FailedPrecondition, "a tick has a row already")
    } else {
        (ErrorKind::FailedPrecondition, "two runs of an exclusive config would be running")
    };
    Error::new(kind, what)
}
