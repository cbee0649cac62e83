//! One folder per technology. No back end imports another.

pub mod memory;
pub mod system;
