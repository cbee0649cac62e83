//! A row, field by field.

use std::time::Duration;

use jiff::Timestamp;
use sqlx::{Decode, Postgres, Row, Type, postgres::PgRow};

use super::column::{Count, Instant, Nanoseconds};

/// Gives the fields of a row in the order in which the statement names them.
pub(super) struct Fields<'r> {
    row: &'r PgRow,
    next: usize,
}

impl<'r> Fields<'r> {
    pub(super) fn of(row: &'r PgRow) -> Self {
        Self { row, next: 0 }
    }

    /// The next field.
    pub(super) fn take<T: Decode<'r, Postgres> + Type<Postgres>>(&mut self) -> sqlx::Result<T> {
        self.next += 1;
        self.row.try_get(self.next - 1)
    }

    pub(super) fn instant(&mut self) -> sqlx::Result<Timestamp> {
        Ok(self.take::<Instant>()?.0)
    }

    pub(super) fn instant_or_none(&mut self) -> sqlx::Result<Option<Timestamp>> {
        Ok(self.take::<Option<Instant>>()?.map(|instant| instant.0))
    }

    pub(super) fn duration(&mut self) -> sqlx::Result<Duration> {
        Ok(self.take::<Nanoseconds>()?.0)
    }

    pub(super) fn duration_or_none(&mut self) -> sqlx::Result<Option<Duration>> {
        Ok(self.take::<Option<Nanoseconds>>()?.map(|length| length.0))
    }

    pub(super) fn count(&mut self) -> sqlx::Result<u64> {
        Ok(self.take::<Count>()?.0)
    }
}
