//! One folder per technology. No back end imports another.

pub mod memory;
#[cfg(feature = "sqlite")]
pub mod sqlite;
pub mod system;
