//! The client, against servers in this process.

#![expect(clippy::unwrap_used, reason = "a test may end by a panic")]

mod broken;
mod lost;
mod methods;
mod support;
mod tls;
