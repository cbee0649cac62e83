//! Throw-away servers for tests, chaos and benches: each has a folder and a port of its own, can be killed, paused and
//! restarted, and leaves nothing behind, also when the process that started it is killed.
//!
//! | module | does |
//! |---|---|
//! | `postgres` | runs a PostgreSQL |
//! | `process` | signals a server and its children, and waits for their end |
//! | `guard` | ends a server whose starter has died |
//! | `folder`, `port`, `user`, `binaries` | find what a server needs |

mod binaries;
mod folder;
mod guard;
mod port;
mod postgres;
mod process;
mod user;

pub use postgres::Postgres;
