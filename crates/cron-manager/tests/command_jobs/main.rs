//! Jobs that run a listed command, on real processes.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test may end by a panic, and has a runtime of its own"
)]

mod arguments;
mod ends;
mod support;
