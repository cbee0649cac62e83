//! One process of the service, as the others see it.

use jiff::{SignedDuration, Timestamp};

use super::{JobName, ReplicaId};

/// What a replica tells of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplicaStatus {
    /// Random, new at each start.
    pub id: ReplicaId,
    /// The version of the service, as its builder was told.
    pub version: String,
    /// The name of its machine.
    pub host: String,
    /// The jobs it has handlers for, in order.
    pub handlers: Vec<JobName>,
    /// What else it can run, as [`JobType::runner`](super::JobType::runner) names it, in order.
    pub runners: Vec<String>,
    /// How many runs are live on it.
    pub running: u32,
    /// How far its wall clock is ahead of the store's, as far as it can tell; to the microsecond.
    pub clock_skew: SignedDuration,
}

/// A replica as the store knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisteredReplica {
    /// What it last told.
    pub status: ReplicaStatus,
    /// Since when it has been one of the service's replicas, by the store's clock.
    pub registered_at: Timestamp,
    /// When it last told, by the store's clock.
    pub seen_at: Timestamp,
    /// Counts what it told.
    pub heartbeat: i64,
    /// It was asked to start nothing more.
    pub draining: bool,
}
