//! Jobs that run a statement, on a real PostgreSQL.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test may end by a panic, and has a runtime of its own"
)]

mod answers;
mod hostile;
mod kept;
mod own;
mod rights;
mod support;
mod together;
