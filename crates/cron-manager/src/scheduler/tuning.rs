//! The lengths and sizes a replica works by.

use std::time::Duration;

/// The lengths and sizes a replica works by.
#[derive(Clone, Debug)]
pub struct Tuning {
    /// A tick older than this is late: what becomes of it is the catch-up policy's to say.
    pub late_after: Duration,
    /// How often the store is read when no signal comes.
    pub poll_every: Duration,
    /// The same while signals of other replicas cannot come.
    pub poll_alone_every: Duration,
    /// How long to wait after a failed call.
    pub retry_after: Duration,
    /// How often to look for runs whose replica stopped answering; a replica that was not seen for three times this long is dead.
    pub rescue_every: Duration,
    /// What a run's lease is granted beyond its ttl before it is abandoned.
    pub rescue_grace: Duration,
    /// How long a lost claim is searched for.
    pub recover_for: Duration,
    /// How long a handler that was told to stop may go on.
    pub stop_grace: Duration,
    /// How long to wait for an answer of the locker.
    pub lock_timeout: Duration,
    /// How long to wait, at the least, before a lock that could not be reached is asked for again.
    pub lock_again_after: Duration,
    /// How many runs may be live here at once. Calls of foreign timers take up room, and are not held back by it.
    pub concurrency: usize,
    /// How many configs one transaction takes.
    pub batch: usize,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            late_after: Duration::from_secs(10),
            poll_every: Duration::from_secs(20),
            poll_alone_every: Duration::from_secs(2),
            retry_after: Duration::from_millis(500),
            rescue_every: Duration::from_secs(10),
            rescue_grace: Duration::from_secs(5),
            recover_for: Duration::from_secs(30),
            stop_grace: Duration::from_secs(5),
            lock_timeout: Duration::from_secs(2),
            lock_again_after: Duration::from_secs(1),
            concurrency: 1_000,
            batch: 256,
        }
    }
}
