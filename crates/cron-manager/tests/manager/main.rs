//! The library's face, held to what its docs promise, on a clock that is turned by hand.

#![expect(clippy::unwrap_used, reason = "a test may end by a panic")]

mod configs;
mod recovery;
mod running;
mod service;
mod shutting_down;
