//! Locks beside the store: who holds one, and what a run does without it.

use serde::{Deserialize, Serialize};

use super::{CronConfigId, Fence, StoreId};

/// Who holds a lock: which config of which store, under which fence. A holder's successor has the same store and config, and a
/// higher fence; a fence belongs to one claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockHolder {
    /// The store that gave the fence.
    pub store_id: StoreId,
    /// The config that runs.
    pub config_id: CronConfigId,
    /// The fence of the run.
    pub fence: Fence,
}

/// What a run does while the lock cannot be reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LockPolicy {
    /// It goes on without: the store's lease decides alone.
    #[default]
    Prefer,
    /// It waits until its start deadline; while it runs it is cancelled.
    Require,
}
