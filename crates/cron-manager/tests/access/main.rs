//! Who may ask, and a listener that nobody can wear out.

#![expect(clippy::unwrap_used, reason = "a test may end by a panic")]

mod callers;
mod grpc;
mod hostile;
mod pages;
mod serving;
mod source;
#[cfg(feature = "rest-tls")]
mod tls;
mod wire;
