//! Who holds the lock of a job.

use super::{CronConfigId, Fence, StoreId};

/// Who holds a lock: which store, which config of it, under which fence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockHolder {
    /// The store whose run it is.
    pub store_id: StoreId,
    /// The config of the run.
    pub config_id: CronConfigId,
    /// The fence that the run was claimed under.
    pub fence: Fence,
}
