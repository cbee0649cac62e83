//! A lock beside the store, to keep out those who do not share it.

use std::time::Duration;

use async_trait::async_trait;

use crate::{JobName, Result};

/// Gives leases on job names. It keeps out replicas of other services and of the old library; that a tick runs
/// once does not rest on it.
///
/// # Laws
/// - At most one live lease exists per name.
/// - A lease ends when it is released, or `ttl` after the last time it was taken or extended.
/// - An ended lease can be neither extended nor released, and releasing it does not end its successor.
/// - Different names do not touch each other.
#[async_trait]
pub trait Locker: Send + Sync + 'static {
    /// Takes the lease on `name` for `ttl`. `None`: somebody else holds it. An error: it cannot be known.
    async fn acquire(&self, name: &JobName, ttl: Duration) -> Result<Option<Box<dyn Lease>>>;
}

/// The sole right to run a job, for a while.
#[async_trait]
pub trait Lease: Send + Sync + 'static {
    /// Makes the lease last `ttl` from now. False: it has ended.
    async fn extend(&self, ttl: Duration) -> Result<bool>;

    /// Ends the lease. False: it had ended before.
    async fn release(&self) -> Result<bool>;
}
