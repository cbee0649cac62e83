//! The laws of the HTTP face, over real connections, on the store in memory.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may end by a panic")]

mod broken;
mod calendars;
mod client;
mod configs;
mod dry_runs;
mod errors;
mod face;
mod grpc;
mod guard;
mod hostile;
mod laws;
mod openapi;
mod pages;
mod probes;
mod runs;
mod secrets;
mod serving;
mod streams;
