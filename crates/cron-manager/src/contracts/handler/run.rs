//! What tells one run from another.

use jiff::Timestamp;

use super::{ActiveRun, FromRun};
use crate::{CronRun, Fence, Result, TraceParent};

/// The span that a run is for: from the tick before its own to its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The tick before; `None` for the first one, and for runs that are no tick of a schedule.
    pub start: Option<Timestamp>,
    /// When the run was due.
    pub end: Timestamp,
}

/// When the run was due: a whole second. For the time that the run is *for*, rather than when it happens to start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tick(pub Timestamp);

/// Which attempt at its tick the run is; from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt(pub u32);

/// See [`CronRun::idempotency_key`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey(pub String);

impl FromRun for ActiveRun {
    fn from_run(run: &ActiveRun) -> Result<Self> {
        Ok(run.clone())
    }
}

impl FromRun for CronRun {
    fn from_run(run: &ActiveRun) -> Result<Self> {
        Ok(run.run().clone())
    }
}

impl FromRun for Window {
    fn from_run(run: &ActiveRun) -> Result<Self> {
        Ok(run.window())
    }
}

impl FromRun for Tick {
    fn from_run(run: &ActiveRun) -> Result<Self> {
        Ok(Self(run.run().due_at))
    }
}

impl FromRun for Attempt {
    fn from_run(run: &ActiveRun) -> Result<Self> {
        Ok(Self(run.run().attempt))
    }
}

impl FromRun for Fence {
    fn from_run(run: &ActiveRun) -> Result<Self> {
        Ok(run.run().fence)
    }
}

/// The run's own, to hand on: see [`CronRun::own_trace`].
impl FromRun for TraceParent {
    fn from_run(run: &ActiveRun) -> Result<Self> {
        Ok(run.run().own_trace())
    }
}

impl FromRun for IdempotencyKey {
    fn from_run(run: &ActiveRun) -> Result<Self> {
        Ok(Self(run.run().idempotency_key()))
    }
}
