//! Settings: layers, sources, files, secrets.

#![expect(clippy::unwrap_used, reason = "a test may end by a panic")]

mod document;
mod files;
mod layers;
mod listed;
mod secrets;
mod support;
