//! Ways in: they translate and decide nothing.

pub mod rest;
mod status;
mod wire;
