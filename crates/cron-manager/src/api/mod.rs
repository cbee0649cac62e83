//! Ways in: they translate and decide nothing.
//!
//! [`proto`] says what there is to ask for, once; [`grpc`] answers it; [`rest`] turns plain HTTP into the same calls; [`access`] tells who asks;
//! [`serve`] listens.

#[cfg(feature = "rest")]
pub mod access;
pub mod grpc;
#[cfg(feature = "client")]
mod messages;
#[cfg(feature = "rest")]
mod original;
#[cfg(feature = "rest")]
mod problem;
pub mod proto;
#[cfg(feature = "rest")]
pub mod rest;
#[cfg(feature = "rest")]
pub mod serve;
mod status;
pub(crate) mod wire;

#[cfg(feature = "rest")]
pub use original::OriginalService;
