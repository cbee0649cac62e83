//! The program as its users see it: command lines, what is printed, exit codes, signals.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up has failed")]

mod asking;
mod calendars;
mod document;
mod expressions;
mod job_types;
mod kills;
mod secrets;
mod serving;
mod settings;
mod support;
