//! The shapes on the wire: proto3 JSON, and the one place where a `CronRun` becomes a `CronJob`.

mod etag;
mod fields;
mod show;
mod strict;

pub(super) use etag::{etag, version};
pub(super) use fields::ConfigBody;
pub(super) use show::{duration, show_config, show_run};
pub(super) use strict::parse;

/// Input that does not fit, and where.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Misfit {
    /// The name of the place on the wire; empty when it is the whole input.
    pub(super) field: String,
    pub(super) message: String,
}

impl Misfit {
    pub(super) fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}
