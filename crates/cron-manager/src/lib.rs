//! Cron jobs for services that run in several replicas, with one promise: **every tick of every job has exactly
//! one recorded outcome: it ran, once, or it was skipped for a stated reason.**

#[cfg(feature = "grpc")]
pub mod api;
pub mod backends;
#[cfg(feature = "client")]
pub mod client;
pub mod contracts;
pub mod domain;
mod error;
pub mod manager;
#[cfg(feature = "metrics")]
pub mod metrics;
pub mod scheduler;
#[cfg(feature = "settings")]
pub mod settings;
mod setup;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

#[cfg(feature = "client")]
#[doc(inline)]
pub use client::Client;
#[doc(inline)]
pub use contracts::{
    ActiveRun, Attempt, Cancellation, Config, Ctx, Events, FromRun, Handler, HandlerResult, IdempotencyKey,
    IntoHandler, IntoHandlerResult, JobFn, Log, LogPart, Progress, ProgressReport, RunOutput, State, Stop, Tick,
    Window,
};
/// Declares the job that an async function does, for [`CronManager::declare`] and [`CronManager::declare_all`]. The values that can be
/// chosen by their names are those of [`schedules`], [`DstGap`](domain::schedule::DstGap), [`CatchUp`], [`Overlap`] and [`OnAbandoned`].
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> cron_manager::Result<()> {
/// use cron_manager::{CronManager, Events, Tick, cron_job, jobs};
///
/// #[cron_job(name = "doSomething", schedule = EVERY_5_MINUTES, timezone = "Europe/Berlin", distributed, timeout = "90s")]
/// async fn do_something(Tick(due): Tick, events: Events) {
///     events.push(format!("did what was due at {due}"));
/// }
///
/// let manager = CronManager::builder().build().await?;
/// manager.declare(jobs![do_something]).await?;
/// # Ok(())
/// # }
/// ```
#[cfg(feature = "macros")]
pub use cron_manager_macros::cron_job;
#[doc(inline)]
pub use domain::schedule::named as schedules;
#[doc(inline)]
pub use domain::{
    AuditId, AuditRecord, Author, Blackout, BlackoutFields, Calendar, CalendarFields, CalendarId, CalendarName,
    CatchUp, ClaimToken, CommandFields, CommandJob, Context, Control, ControlFields, CronConfig, CronConfigFields,
    CronConfigId, CronRun, Difference, EncryptionKeys, Fence, Hold, HttpFields, HttpJob, HttpMethod, JobKind, JobName,
    JobType, ListedCommand, ListedConnection, LockHolder, LockPolicy, OnAbandoned, Outcome, Overlap, PageId, Pause,
    PauseFields, Policy, QueryFields, QueryJob, RegisteredReplica, ReplicaId, ReplicaStatus, Revision, Role, RunId,
    RunKind, RunState, Schedule, Sealed, Seals, Secret, SecretToken, SkipReason, StoreId, Token, TokenId, TraceParent,
};
pub use error::{Error, ErrorKind, Result};
#[cfg(feature = "macros")]
#[doc(hidden)]
pub use manager::expansion as __private;
#[doc(inline)]
pub use manager::{CronManager, Preview, RunUpdate, TriggerFields, WatchEvent};
#[cfg(feature = "macros")]
#[doc(inline)]
pub use manager::{Declaration, DeclaredJob};
#[doc(inline)]
pub use scheduler::{Called, Refusal};
#[cfg(feature = "settings")]
#[doc(inline)]
pub use settings::Settings;
pub use setup::Builder;

/// The README's example is compiled with the other ones.
#[cfg(all(doctest, feature = "sqlite", feature = "macros"))]
#[doc = include_str!("../../../README.md")]
struct Readme;

/// So are those of the page on following runs.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/following.md")]
struct Following;

/// So are those of the page on handlers.
#[cfg(all(doctest, feature = "macros"))]
#[doc = include_str!("../../../docs/handlers.md")]
struct Handlers;

/// So is that of the page on the program.
#[cfg(all(doctest, feature = "client"))]
#[doc = include_str!("../../../docs/cli.md")]
struct Program;
