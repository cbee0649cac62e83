//! Jobs that run a statement, on a real PostgreSQL.

#![expect(clippy::unwrap_used, reason = "a test may end by a panic")]

mod answers;
mod hostile;
mod kept;
mod own;
mod rights;
mod support;
mod together;
