//! Redis: the laws of the contracts on a server, behind a Sentinel and on a cluster, and what is special about it.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test may end by a panic, and has a runtime of its own"
)]

mod laws;
mod lost;
mod nudges;
mod outages;
mod outsiders;
mod rights;
mod server;
mod services;
mod support;
#[cfg(feature = "redis-tls")]
mod tls;
