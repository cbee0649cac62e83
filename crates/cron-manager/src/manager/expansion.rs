//! What `#[cron_job]` writes out stands on; nobody else may.

pub use inventory;

pub use crate::{CatchUp, LockPolicy, OnAbandoned, Overlap, domain::schedule::DstGap};

/// Compiles if a handler can take `T`.
pub fn is_from_run<T: crate::FromRun>() {}

/// Compiles if a handler can return `T`.
pub fn is_handler_result<T: crate::IntoHandlerResult>() {}
