//! Who counts what happens.

use std::time::Duration;

use crate::{CronConfig, CronRun, RunState};

/// Is told of what happens to runs on a replica, once the store has it. It is called in the midst of things.
///
/// # Laws
/// - It never blocks, never fails, and is quick.
pub trait Observer: Send + Sync + 'static {
    /// The config is new to this replica, or was edited or deleted.
    fn configured(&self, config: &CronConfig) {
        let _ = config;
    }

    /// A handler is about to be called.
    fn started(&self, run: &CronRun) {
        let _ = run;
    }

    /// A run that was claimed has ended; `took` is how long its handler went on, where that is known.
    fn ended(&self, run: &CronRun, state: RunState, took: Option<Duration>) {
        let _ = (run, state, took);
    }

    /// So many more ticks were recorded as skipped in the row.
    fn skipped(&self, run: &CronRun, ticks: u64) {
        let _ = (run, ticks);
    }

    /// The lock of a run was asked for.
    fn lock_answered(&self, answer: LockAnswer, took: Duration) {
        let _ = (answer, took);
    }
}

/// What became of a request for a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockAnswer {
    /// It is ours.
    Acquired,
    /// Somebody else holds it.
    Elsewhere,
    /// The tick was taken already.
    TickTaken,
    /// There was no answer, or none in time.
    Unreachable,
}

/// Counts nothing.
impl Observer for () {}
