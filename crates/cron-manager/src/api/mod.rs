//! Ways in: they translate and decide nothing.
//!
//! [`proto`] says what there is to ask for, once; [`grpc`] answers it; [`rest`] turns plain HTTP into the same calls.

pub mod grpc;
#[cfg(feature = "rest")]
mod original;
pub mod proto;
#[cfg(feature = "rest")]
pub mod rest;
mod status;
mod wire;

#[cfg(feature = "rest")]
pub use original::OriginalService;
