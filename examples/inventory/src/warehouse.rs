//! The service's own configuration.

use std::{env, num::ParseIntError};

/// What handlers take as `Config<Warehouse>`.
pub(crate) struct Warehouse {
    /// What this replica is called.
    pub(crate) replica: String,
    /// Where the shelves are.
    pub(crate) city: String,
    /// Below so many parcels a shelf is filled up.
    pub(crate) low: u64,
}

impl Warehouse {
    /// By `REPLICA`, `WAREHOUSE_CITY` and `WAREHOUSE_LOW`.
    pub(crate) fn of_the_environment() -> Result<Self, ParseIntError> {
        let variable = |name, default: &str| env::var(name).unwrap_or_else(|_| default.to_owned());
        Ok(Self {
            replica: variable("REPLICA", "A"),
            city: variable("WAREHOUSE_CITY", "Lagos"),
            low: variable("WAREHOUSE_LOW", "10").parse()?,
        })
    }
}
