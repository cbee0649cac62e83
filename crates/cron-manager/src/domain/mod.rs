//! The nouns: no IO, no async, no clock.
pub mod schedule;
