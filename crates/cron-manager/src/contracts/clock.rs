//! The clock of one machine.

use std::time::Duration;

use jiff::Timestamp;

use super::BoxFuture;

/// The clock of one machine: everything that reads time reads it here, so that tests turn it by hand.
///
/// # Laws
/// - `elapsed` never falls, and goes on while the machine is suspended (`CLOCK_BOOTTIME`, `clock_gettime(2)`).
/// - A sleep ends at or after its instant, and one whose instant has passed ends at once.
/// - A sleep of any length ends only at its instant: there is no longest one.
pub trait Clock: Send + Sync + 'static {
    /// The wall clock. It may step; only a store asks it, to date what it writes.
    fn now(&self) -> Timestamp;

    /// Time since some fixed instant of this machine: what all waiting and all trust is counted in.
    fn elapsed(&self) -> Duration;

    /// Ends when `elapsed` has reached `until`.
    fn sleep_until(&self, until: Duration) -> BoxFuture<()>;
}
