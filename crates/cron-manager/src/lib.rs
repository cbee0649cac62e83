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
pub use contracts::{
    ActiveRun, Attempt, Cancellation, Config, Ctx, Events, FromRun, Handler, HandlerResult, IdempotencyKey,
    IntoHandler, IntoHandlerResult, JobFn, Progress, ProgressReport, State, Stop, Tick, Window,
};
#[cfg(feature = "macros")]
pub use cron_manager_macros::cron_job;
#[doc(inline)]
pub use domain::schedule::named as schedules;
#[doc(inline)]
pub use domain::{
    CatchUp, ClaimToken, Context, CronConfig, CronConfigFields, CronConfigId, CronRun, Fence, Hold, JobName,
    OnAbandoned, Outcome, Overlap, PageId, Policy, RegisteredReplica, ReplicaId, ReplicaStatus, Revision, RunId,
    RunKind, RunState, Schedule, SkipReason,
};
pub use error::{Error, ErrorKind, Result};
#[doc(inline)]
pub use manager::CronManager;
#[cfg(feature = "macros")]
#[doc(hidden)]
pub use manager::expansion as __private;
#[cfg(feature = "macros")]
#[doc(inline)]
pub use manager::{Declaration, DeclaredJob};
pub use setup::Builder;

/// The README's example is compiled with the other ones.
#[cfg(all(doctest, feature = "sqlite"))]
#[doc = include_str!("../../../README.md")]
struct Readme;
