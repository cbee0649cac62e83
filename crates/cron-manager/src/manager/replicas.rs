//! Replicas: who runs the service's jobs.

use super::CronManager;
use crate::{Error, RegisteredReplica, ReplicaId, Result};

impl CronManager {
    /// The live replicas, in the order of their registration.
    pub async fn replicas(&self) -> Result<Vec<RegisteredReplica>> {
        self.replica.store().replicas().await
    }

    /// Asks a replica to start nothing more, or takes that back. What runs on it goes on; the others take over its share of the ticks.
    ///
    /// Errors: not found.
    pub async fn drain_replica(&self, id: ReplicaId, draining: bool) -> Result<()> {
        let drained = self.replica.store().drain_replica(id, draining, &self.author).await?;
        self.replica.nudge();
        if drained { Ok(()) } else { Err(Error::not_found(format!("live replica {id}"))) }
    }
}
