//! The nouns: no IO, no async, no clock.

mod access;
mod audit;
mod calendar;
mod context;
mod control;
mod cron_config;
mod cron_run;
mod encryption_keys;
mod fields;
mod ids;
mod job_type;
pub(crate) mod json;
pub mod ledger;
mod lock;
mod outcome;
mod pause;
mod policy;
mod replica;
pub mod schedule;
mod token;
mod trace_parent;

pub use access::{Author, Role};
pub use audit::{AuditRecord, Difference};
pub use calendar::{Blackout, BlackoutFields, Blackouts, Calendar, CalendarFields, CalendarName, check_known};
pub use context::Context;
pub use control::{Control, ControlFields, SwitchedOff};
use cron_config::LAST;
pub use cron_config::{CronConfig, CronConfigFields};
pub use cron_run::{CronRun, Hold, RunKind, RunState, SkipReason};
pub use encryption_keys::EncryptionKeys;
pub use ids::{
    AuditId, CalendarId, ClaimToken, CronConfigId, Fence, JobName, PageId, ReplicaId, Revision, RunId, StoreId, TokenId,
};
pub use job_type::{
    CommandFields, CommandJob, HttpFields, HttpJob, HttpMethod, JobKind, JobType, ListedCommand, ListedConnection,
    QueryFields, QueryJob, Sealed, Seals, Secret,
};
pub(crate) use job_type::{Unsealed, UnsealedText};
pub use lock::{LockHolder, LockPolicy};
pub use outcome::Outcome;
pub use pause::{Pause, PauseFields};
pub use policy::{CatchUp, OnAbandoned, Overlap, Policy};
pub use replica::{RegisteredReplica, ReplicaStatus};
pub use schedule::Schedule;
pub(crate) use token::secret_text;
pub use token::{NewToken, SecretToken, Token, TokenHash};
pub use trace_parent::TraceParent;
