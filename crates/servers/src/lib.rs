//! Throw-away servers for tests, chaos and benches: each has a folder and a port of its own, can be killed, paused and
//! restarted, and leaves nothing behind, also when the process that started it is killed.
//!
//! | module | does |
//! |---|---|
//! | `postgres` | runs a PostgreSQL |
//! | `redis` | runs a Redis, one behind a Sentinel, or a cluster |
//! | `process` | signals a server and its children, and waits for their end |
//! | `guard` | ends a server whose starter has died |
//! | `folder`, `log`, `port`, `user`, `binaries` | find what a server needs |

mod binaries;
mod folder;
mod guard;
mod log;
mod port;
mod postgres;
mod process;
mod redis;
mod user;

pub use postgres::Postgres;
pub use redis::{Redis, RedisCluster, RedisSentinel};
