//! What is special about PostgreSQL; the laws of the contracts are in `tests/conformance.rs`.

#![expect(clippy::unwrap_used, reason = "a test may end by a panic")]
#![expect(clippy::disallowed_methods, reason = "real servers are met with real tasks")]

mod locks;
mod nudges;
mod opening;
mod outages;
mod server;
mod support;
