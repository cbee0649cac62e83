//! Everything in one PostgreSQL schema, for a service that runs in several replicas.
//!
//! A decision is one short transaction at READ COMMITTED: the first statement locks the pages, later ones, with snapshots of
//! their own, read what the locks protect. Nothing depends on the session, so a transaction pooler may stand in between. A batch
//! of any size is one typed array per column in one statement.
//!
//! | file | does |
//! |---|---|
//! | `options`, `open` | from a URL to a store |
//! | `schema`, `migrations` | whose schema it is, and which form its tables have |
//! | `line`, `session` | connections, time limits, transactions and their repetition |
//! | `lock`, `pages`, `write` | the transaction of a decision |
//! | `finish` | heartbeats and ends |
//! | `configs`, `runs`, `replicas`, `tokens`, `audit`, `look`, `accounts` | a table each, or a question |
//! | `signal` | LISTEN and NOTIFY |

mod accounts;
mod audit;
mod calendars;
mod column;
mod configs;
mod control;
mod error;
mod fields;
mod finish;
mod line;
mod lock;
mod look;
mod migrations;
mod open;
mod options;
mod output;
mod pages;
mod replicas;
mod runs;
mod schedules;
mod schema;
mod session;
mod signal;
mod store;
mod tokens;
mod write;

pub use options::PostgresOptions;
pub use signal::PostgresSignal;
pub use store::PostgresStore;
