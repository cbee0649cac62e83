//! Where a store lives.

use crate::StoreId;

/// Where a store lives, when that is a database that others work in, too: there, a run's work and its end can be one transaction.
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
