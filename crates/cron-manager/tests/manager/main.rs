//! The library's face, held to what its docs promise, on a clock that is turned by hand.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test may end by a panic, and has a runtime of its own"
)]

mod asking;
mod calendars;
mod calls;
mod cancelling;
mod configs;
#[path = "../../benches/ledger/counting.rs"]
mod counting;
mod ending;
mod follow;
mod job_types;
mod locker;
mod locks;
mod metrics;
mod pausing;
mod previewing;
mod recovery;
mod replicas;
mod running;
mod service;
mod settled;
mod shutting_down;
mod spans;
mod switching;
mod telling;
mod watching;
