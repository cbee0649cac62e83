//! What PostgreSQL's errors mean to callers.

use std::io;

use sqlx::postgres::PgDatabaseError;

use crate::{Error, ErrorKind};

/// Why a piece of work ended before it was done.
pub(super) enum Failure {
    /// PostgreSQL, or the way to it.
    Sql(sqlx::Error),
    /// What was decided, or could not be.
    Refused(Error),
    /// A row changed after it was read: begin anew.
    Moved,
    /// No answer within the limit.
    Late,
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Sql(error) => from_sqlx(error),
            Failure::Refused(error) => error,
            Failure::Moved => Self::unavailable("rows changed each time they were read"),
            Failure::Late => Self::unavailable("PostgreSQL does not answer in time"),
        }
    }
}

impl Failure {
    /// Whether the same work may succeed when it begins anew: it met others, and nothing of it was kept.
    pub(super) fn is_collision(&self) -> bool {
        // serialization_failure, deadlock_detected
        matches!(self, Self::Moved) || matches!(self.code(), Some("40001" | "40P01"))
    }

    /// Whether the connection is of no use any more.
    pub(super) fn broke_connection(&self) -> bool {
        match self {
            Self::Sql(error) => self.code().map_or_else(|| is_of_the_way(error), ends_session),
            Self::Late => true,
            Self::Refused(_) | Self::Moved => false,
        }
    }

    fn code(&self) -> Option<&str> {
        match self {
            Self::Sql(error) => Some(database(error)?.code()),
            _ => None,
        }
    }
}

fn database(error: &sqlx::Error) -> Option<&PgDatabaseError> {
    error.as_database_error()?.try_downcast_ref()
}

fn is_of_the_way(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed)
}

/// Whether the server ends the session with this error: it shuts down, was told to, or waited too long.
fn ends_session(code: &str) -> bool {
    code.starts_with("08") || matches!(code, "57P01" | "57P02" | "57P03" | "57P05" | "25P03")
}

/// An error of PostgreSQL or of the way to it.
pub(super) fn from_sqlx(error: sqlx::Error) -> Error {
    let meaning = match (&error, database(&error)) {
        (_, Some(database)) => from_database(database),
        // So rustls reports a certificate that it does not trust.
        (sqlx::Error::Io(error), _) if error.kind() == io::ErrorKind::InvalidData => {
            Error::new(ErrorKind::FailedPrecondition, "no encrypted connection to PostgreSQL")
        }
        (sqlx::Error::Tls(_), _) => Error::new(ErrorKind::FailedPrecondition, "no encrypted connection to PostgreSQL"),
        (sqlx::Error::Configuration(_), _) => Error::invalid("databaseUrl", "not a PostgreSQL URL"),
        (sqlx::Error::PoolTimedOut, _) => Error::unavailable("no connection to PostgreSQL became free in time"),
        (sqlx::Error::PoolClosed, _) => Error::unavailable("the PostgreSQL store does not answer"),
        (way, _) if is_of_the_way(way) => Error::unavailable("the PostgreSQL store does not answer"),
        _ => Error::internal("the PostgreSQL store was misused, or holds what it cannot read"),
    };
    meaning.with_source(error)
}

/// By the codes of `https://www.postgresql.org/docs/current/errcodes-appendix.html`.
fn from_database(error: &PgDatabaseError) -> Error {
    let refused = |what: &str| Error::new(ErrorKind::FailedPrecondition, what);
    match error.code() {
        "23505" => from_unique(error),
        "22008" => Error::new(ErrorKind::InvalidArgument, "an instant lies outside of what PostgreSQL can keep"),
        "22021" | "22P05" => {
            Error::new(ErrorKind::InvalidArgument, "a text holds a character that PostgreSQL cannot keep")
        }
        "28P01" | "28000" => refused("PostgreSQL does not let this user in"),
        "3D000" => refused("the database does not exist"),
        "42501" => refused("this user lacks a right in the database"),
        "3F000" | "42P01" => refused("the schema of the store or a table in it is gone"),
        "42P07" | "42723" => refused("the schema holds tables of somebody else"),
        // A lock, a statement or a transaction that took too long; a server that is a standby now.
        "55P03" | "57014" | "25P03" | "25006" => Error::unavailable("PostgreSQL cannot do it now"),
        code if ends_session(code) || ["40", "53", "58"].contains(&&code[..2]) => {
            Error::unavailable("PostgreSQL cannot be used now")
        }
        _ => Error::internal("PostgreSQL refused a statement"),
    }
}

fn from_unique(error: &PgDatabaseError) -> Error {
    let (kind, what) = match error.constraint() {
        Some("cron_configs_name") => (ErrorKind::AlreadyExists, "a config has that name already"),
        Some("cron_jobs_request") => (ErrorKind::AlreadyExists, "that request id was used before"),
        Some("cron_jobs_tick") => (ErrorKind::FailedPrecondition, "a tick has a row already"),
        Some("cron_jobs_running") => {
            (ErrorKind::FailedPrecondition, "two runs of an exclusive config would be running")
        }
        _ => (ErrorKind::FailedPrecondition, "a row of that key is there already"),
    };
    Error::new(kind, what)
}
