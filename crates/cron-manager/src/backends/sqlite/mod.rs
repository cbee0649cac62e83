//! Everything in one SQLite file, for a service that runs in one process.
//!
//! One connection writes, in short transactions one after another; others read beside it. What was acknowledged is on the disk
//! (`synchronous = FULL`). How rows travel is in `table`: a batch of any size is one array of JSON objects in one
//! statement.

mod accounts;
mod audit;
mod calendars;
mod column;
mod configs;
mod control;
mod error;
mod lanes;
mod lock;
mod open;
mod output;
mod pages;
mod replicas;
mod requests;
mod runs;
mod schedules;
mod schema;
mod store;
mod table;
mod tokens;
mod writer;

pub use store::SqliteStore;
