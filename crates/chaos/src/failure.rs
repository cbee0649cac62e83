//! What can go wrong besides the laws.

use std::error::Error;

/// Chaos itself failed: no server, no disk, no process.
pub type Failure = Box<dyn Error + Send + Sync>;

/// The value, or what kept chaos itself from it.
pub type Result<T> = std::result::Result<T, Failure>;
