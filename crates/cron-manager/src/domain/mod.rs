//! The nouns: no IO, no async, no clock.

mod context;
mod cron_config;
mod cron_run;
mod encryption_keys;
mod ids;
mod job_type;
pub mod ledger;
mod lock;
mod outcome;
mod policy;
mod replica;
pub mod schedule;

pub use context::Context;
pub use cron_config::{CronConfig, CronConfigFields};
pub use cron_run::{CronRun, Hold, RunKind, RunState, SkipReason};
pub use encryption_keys::EncryptionKeys;
pub use ids::{ClaimToken, CronConfigId, Fence, JobName, PageId, ReplicaId, Revision, RunId, StoreId};
pub use job_type::{
    CommandFields, CommandJob, HttpFields, HttpJob, HttpMethod, JobKind, JobType, ListedCommand, ListedConnection,
    QueryFields, QueryJob, Sealed,
};
pub use lock::{LockHolder, LockPolicy};
pub use outcome::Outcome;
pub use policy::{CatchUp, OnAbandoned, Overlap, Policy};
pub use replica::{RegisteredReplica, ReplicaStatus};
pub use schedule::Schedule;
