//! What is special about PostgreSQL; the laws of the contracts are in `tests/conformance.rs`.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test may end by a panic, and has a runtime of its own"
)]

mod changes;
mod locks;
mod nudges;
mod opening;
mod outages;
mod server;
mod support;
