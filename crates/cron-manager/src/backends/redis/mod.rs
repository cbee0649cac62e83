//! The lock of the original library, and nudges between replicas, on a Redis: one server, the master behind a Sentinel, or a cluster.
//!
//! | file | does |
//! |---|---|
//! | `options`, `open` | from a URL, or a client, to what is used |
//! | `place`, `url` | where the servers are, and how to connect |
//! | `line` | one connection, made when it is needed and anew when it is lost; time limits |
//! | `locker`, `script`, `*.lua` | SET NX PX, and what must be one step |
//! | `signal` | PUBLISH and SUBSCRIBE |

mod error;
mod line;
mod locker;
mod open;
mod options;
mod place;
mod script;
mod signal;
mod url;

pub use locker::RedisLocker;
pub use open::Redis;
pub use options::RedisOptions;
pub use signal::RedisSignal;
