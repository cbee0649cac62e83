//! Where a store lives.

use crate::StoreId;

/// The database that a store lives in, where others work in the same database: there, a run's work and its end can be one transaction.
///
/// `cron_finish` in the schema ends a run as succeeded in the transaction that calls it, and has the store's id as its comment. The claim's
/// token is the right to do so, beside that to call the function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    /// Which store it is.
    pub store_id: StoreId,
    /// The schema that it lies in.
    pub schema: String,
}
