//! A lock beside the store, to keep out those who do not share it.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::{JobName, LockHolder, Result};

/// A wish to hold the lock of a job.
#[derive(Clone, Copy, Debug)]
pub struct LockRequest<'a> {
    /// The job.
    pub name: &'a JobName,
    /// Who asks.
    pub holder: LockHolder,
    /// How long the lease lasts unless it is extended.
    pub ttl: Duration,
    /// Where replicas have stores of their own: the tick to take with the lock.
    pub tick: Option<LockTick>,
}

/// A tick that replicas with stores of their own take at most once among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockTick {
    /// The tick.
    pub due_at: Timestamp,
    /// How long to remember that it was taken.
    pub remember: Duration,
}

/// The answer to a [`LockRequest`].
pub enum Locked {
    /// The asker holds the lock.
    Mine(Box<dyn Lease>),
    /// Somebody else holds it.
    Elsewhere,
    /// A holder with another store took this tick, or a later one.
    TickTaken,
}

/// Gives leases on job names. It keeps out replicas of other services and of the old library; that a tick of a shared store runs
/// once does not rest on it.
///
/// # Laws
/// - At most one live lease exists per name.
/// - A lease ends when it is released, or `ttl` after the last time it was taken or extended.
/// - A holder takes over the lease of one of the same store and config whose fence is no higher, which ends by that: an earlier run's, or its
///   own, of which it lost the answer. Any other lease that lives keeps it out.
/// - An ended lease can be neither extended nor released, and releasing it does not end its successor.
/// - Different names do not touch each other.
/// - Of a name's ticks, one that a holder with another store took is not taken again, nor is one before the newest that anybody took; lock and tick are taken
///   both or not at all.
#[async_trait]
pub trait Locker: Send + Sync + 'static {
    /// Takes the lease on a name. An error: it cannot be known whether it was taken.
    async fn acquire(&self, request: &LockRequest<'_>) -> Result<Locked>;

    /// Whether it answers.
    async fn ping(&self) -> Result<()>;

    /// Whether it keeps out other processes.
    fn is_shared(&self) -> bool;
}

/// The sole right to run a job, for a while.
#[async_trait]
pub trait Lease: Send + Sync + 'static {
    /// Makes the lease last `ttl` from now. False: it has ended.
    async fn extend(&self, ttl: Duration) -> Result<bool>;

    /// Ends the lease. False: it had ended before.
    async fn release(&self) -> Result<bool>;
}
