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
    /// Who would hold it.
    pub holder: LockHolder,
    /// How long it lasts unless it is extended.
    pub ttl: Duration,
    /// Where replicas have stores of their own: the tick, which is taken at most once among them.
    pub tick: Option<LockTick>,
}

/// A tick that is taken together with the lock.
#[derive(Clone, Copy, Debug)]
pub struct LockTick {
    /// When it was due.
    pub due_at: Timestamp,
    /// How long to remember that it was taken.
    pub remember: Duration,
}

/// The answer to a [`LockRequest`].
pub enum Locked {
    /// The lock is held.
    Mine(Box<dyn Lease>),
    /// Somebody else holds it.
    Elsewhere,
    /// Another store took this tick, or somebody a later one.
    TickTaken,
}

/// Gives leases on job names. It keeps out replicas of other services and of the old library; that a tick runs
/// once does not rest on it where replicas share a store.
///
/// # Laws
/// - At most one live lease exists per name.
/// - A lease ends when it is released, or `ttl` after the last time it was taken or extended.
/// - An ended lease can be neither extended nor released, and releasing it does not end its successor.
/// - Different names do not touch each other.
/// - A holder of the same store and config with a higher fence takes over the lease of the lower one, which has then ended. An equal or
///   lower fence, and anybody else, finds it held.
/// - A tick that is remembered is taken again by the store that took it, and by nobody else; no tick before it is taken at all.
/// - Lock and tick are taken together or not at all.
#[async_trait]
pub trait Locker: Send + Sync + 'static {
    /// Takes the lock. An error whose kind is unavailable: it cannot be known.
    async fn acquire(&self, request: &LockRequest<'_>) -> Result<Locked>;

    /// Whether it answers.
    async fn ping(&self) -> Result<()>;

    /// Whether it keeps out other processes.
    fn is_shared(&self) -> bool;
}

/// The sole right to run a job, for a while.
#[async_trait]
pub trait Lease: Send + Sync + 'static {
    /// Makes the lease last `ttl` from now, which may be shorter than it would have. False: it has ended.
    async fn extend(&self, ttl: Duration) -> Result<bool>;

    /// Ends the lease. False: it had ended before.
    async fn release(&self) -> Result<bool>;
}
