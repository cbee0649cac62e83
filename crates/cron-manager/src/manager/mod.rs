//! The use cases: what a caller can ask for.

mod call;
mod configs;
#[cfg(feature = "macros")]
mod declared;
#[cfg(feature = "macros")]
#[doc(hidden)]
pub mod expansion;
mod job;
mod readiness;
mod replicas;
mod runs;
mod sealing;

use std::{sync::Arc, time::Duration};

use tokio::sync::broadcast;

#[cfg(feature = "macros")]
pub use declared::{Declaration, DeclaredJob};
pub use job::Job;
pub use readiness::{Part, Readiness};

pub use crate::contracts::{ConfigQuery, RunQuery};

use crate::{
    ReplicaId,
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
}

impl CronManager {
    /// A manager of that replica's store and jobs.
    pub fn new(replica: Arc<Replica>) -> Self {
        Self { replica }
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
