//! The verbs: each file moves a run from one state to the next.
//!
//! `plan`, `claim`, `edit`, `ask` and the decision of `rescue` are pure: they write on a [`Page`](crate::domain::ledger::Page) that a store has
//! locked. `turn`, `execute`, `heartbeat`, `finish` and `watch` are the tasks of a replica.

mod active;
mod agenda;
mod ask;
mod call;
mod claim;
mod counters;
mod edit;
mod execute;
mod finish;
mod heartbeat;
mod lock;
mod output;
mod plan;
mod replica;
mod rescue;
mod share;
mod shutdown;
mod span;
mod store_time;
mod tuning;
mod turn;
mod under_way;
mod watch;

pub use active::ActiveRuns;
pub use ask::{backfill, cancel, retry, trigger};
pub use call::{Called, Refusal};
pub use edit::{delete, edit, pause, reseal, resume, undelete};
pub use replica::{Activity, Parts, Replica};
pub use tuning::Tuning;
