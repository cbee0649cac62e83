//! Who runs our futures.

use super::BoxFuture;

/// Runs futures beside each other.
///
/// # Laws
/// - A spawned future is polled until it ends, without anyone waiting for it.
/// - Spawning returns before the future has ended, also when called from inside a spawned one.
pub trait Spawn: Send + Sync + 'static {
    /// Runs `future` to its end.
    fn spawn(&self, future: BoxFuture<()>);
}
