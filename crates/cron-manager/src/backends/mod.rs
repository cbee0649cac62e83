//! One folder per technology. No back end imports another.

#[cfg(feature = "command-jobs")]
pub mod command;
#[cfg(feature = "http-jobs")]
pub mod http;
pub mod memory;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "query-jobs")]
pub mod query;
#[cfg(feature = "redis")]
pub mod redis;
#[cfg(any(feature = "http-jobs", feature = "query-jobs"))]
pub mod sealing;
#[cfg(feature = "sqlite")]
pub mod sqlite;
pub mod system;
