//! Cron jobs for services that run in several replicas, with one promise: **every tick of every job has exactly
//! one recorded outcome: it ran, once, or it was skipped for a stated reason.**

#[cfg(feature = "rest")]
pub mod api;
pub mod backends;
pub mod contracts;
pub mod domain;
mod error;
pub mod manager;
pub mod scheduler;
mod setup;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

#[doc(inline)]
pub use contracts::{ActiveRun, Handler, HandlerResult, Stop, handler_fn};
#[doc(inline)]
pub use domain::{
    CatchUp, ClaimToken, Context, CronConfig, CronConfigFields, CronConfigId, CronRun, Fence, Hold, JobName,
    LockHolder, OnAbandoned, Outcome, Overlap, PageId, Policy, RegisteredReplica, ReplicaId, ReplicaStatus, Revision,
    RunId, RunKind, RunState, Schedule, SkipReason, StoreId,
};
pub use error::{Error, ErrorKind, Result};
#[doc(inline)]
pub use manager::CronManager;
pub use setup::Builder;

/// The README's example is compiled with the other ones.
#[cfg(all(doctest, feature = "sqlite"))]
#[doc = include_str!("../../../README.md")]
struct Readme;
