//! The use cases: what a caller can ask for.

mod access;
mod ask;
mod calendars;
mod call;
mod configs;
mod control;
#[cfg(feature = "macros")]
mod declared;
#[cfg(feature = "macros")]
#[doc(hidden)]
pub mod expansion;
mod follow;
mod job;
#[cfg(feature = "metrics")]
mod metrics;
mod preview;
mod readiness;
mod replicas;
mod runs;
mod sealing;
mod watch;

use std::{sync::Arc, time::Duration};

use tokio::sync::broadcast;

pub use ask::TriggerFields;
#[cfg(feature = "macros")]
pub use declared::{Declaration, DeclaredJob};
pub use follow::RunUpdate;
pub use job::Job;
pub use preview::Preview;
pub use readiness::{Part, Readiness};
pub use watch::WatchEvent;

pub use crate::contracts::{AuditQuery, CalendarQuery, ConfigQuery, RunQuery, VersionQuery};

#[cfg(feature = "metrics")]
use crate::metrics::Metrics;
use crate::{
    Author, ReplicaId, TraceParent,
    contracts::{Clock, Home},
    scheduler::{Activity, Replica},
};

/// Manages the cron jobs of a service: this process is one of its replicas. Clones are the same manager.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> cron_manager::Result<()> {
/// use cron_manager::{CronManager, Events, Tick};
///
/// let manager = CronManager::builder().build().await?;
/// manager
///     .job("send-invoices")
///     .schedule("*/5 * * * *")
///     .distributed(true)
///     .run(|Tick(due): Tick, events: Events| async move {
///         events.push(format!("invoices due at {due}"));
///     })
///     .await?;
/// manager.start();
/// manager.shutdown(std::time::Duration::from_secs(10)).await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct CronManager {
    replica: Arc<Replica>,
    /// Who asks.
    author: Author,
    /// In which trace.
    asked_in: Option<TraceParent>,
    #[cfg(feature = "metrics")]
    metrics: Option<Arc<Metrics>>,
}

impl CronManager {
    /// A manager of that replica's store and jobs.
    pub fn new(replica: Arc<Replica>) -> Self {
        Self {
            replica,
            author: Author::code(),
            asked_in: None,
            #[cfg(feature = "metrics")]
            metrics: None,
        }
    }

    /// The same manager, speaking for `author`: what it changes is recorded under that name. Otherwise it speaks for the service's own code.
    #[must_use]
    pub fn by(&self, author: Author) -> Self {
        Self { author, ..self.clone() }
    }

    /// The same manager, asking in a trace of the caller's: runs that are triggered remember it, and their spans are linked to it.
    #[must_use]
    pub fn in_trace(&self, asked_in: TraceParent) -> Self {
        Self { asked_in: Some(asked_in), ..self.clone() }
    }

    /// Who it speaks for.
    pub fn author(&self) -> &Author {
        &self.author
    }

    /// The clock of this machine, as it was given to the builder.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        self.replica.clock()
    }

    /// Where runs can end in the transaction of their work. `None`: nowhere.
    pub fn home(&self) -> Option<&Home> {
        self.replica.store().home()
    }

    /// The same manager, with what its replica's observer counts.
    #[cfg(feature = "metrics")]
    #[must_use]
    pub fn with_metrics(self, metrics: Arc<Metrics>) -> Self {
        Self { metrics: Some(metrics), ..self }
    }

    /// This process among the replicas of the service. It changes when the others had given it up for dead.
    pub fn replica_id(&self) -> ReplicaId {
        self.replica.id()
    }

    /// Begins to plan and run. What was asked for before is kept in the store. A manager that is off does nothing
    /// ([`Builder::cron_manager`](crate::Builder::cron_manager)).
    pub fn start(&self) {
        self.replica.start();
    }

    /// Stops planning, gives what runs `grace` to end, then tells it to stop, and returns when all is recorded.
    /// A manager that was shut down is not started again.
    pub async fn shutdown(&self, grace: Duration) {
        self.replica.shutdown(grace).await;
    }

    /// What happens to runs on this replica, from now on. A watcher that lags far behind loses the oldest.
    pub fn activity(&self) -> broadcast::Receiver<Activity> {
        self.replica.activity()
    }
}
