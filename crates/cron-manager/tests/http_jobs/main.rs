//! Jobs that call a URL, on real connections to servers made by hand.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test may end by a panic, and has a runtime of its own"
)]

mod addresses;
mod answers;
mod limits;
mod requests;
mod rotation;
mod secrets;
mod server;
mod support;
mod tls;
