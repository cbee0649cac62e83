//! Jobs that run a listed command, on real processes.

#![expect(clippy::unwrap_used, reason = "a test may end by a panic")]

mod arguments;
mod ends;
mod support;
