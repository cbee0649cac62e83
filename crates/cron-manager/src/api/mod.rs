//! Ways in: they translate and decide nothing.

pub mod access;
mod refusal;
pub mod rest;
pub mod serve;
mod status;
mod wire;
