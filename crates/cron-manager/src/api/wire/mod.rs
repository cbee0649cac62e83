//! What our nouns are on the wire, and the one place where a `CronRun` becomes a `CronJob`.

mod access;
mod calendar;
mod config;
mod control;
mod etag;
mod filter;
mod job;
#[cfg(any(feature = "rest", feature = "client"))]
mod json;
mod page;
mod replica;
mod run;
mod scalar;

pub(super) use access::{audit_query, new_token, show_record, show_token};
pub(super) use calendar::{calendar_change, calendar_fields, show_calendar};
pub(super) use config::{Change, fields, new_config, show_config};
pub(super) use control::{control_change, pause_fields, show_control, show_preview, show_version};
pub(super) use etag::{etag, version};
pub(super) use filter::filtered;
#[cfg(any(feature = "rest", feature = "client"))]
pub(super) use json::{JsonText, fit, from_json, to_json};
pub(super) use page::Page;
pub(super) use replica::show_replica;
pub(super) use run::{run_query, show_event, show_run, show_update};
pub(super) use scalar::needed_time;
#[cfg(feature = "client")]
pub(crate) use scalar::show_time;

/// Input that does not fit, and where.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Misfit {
    /// The name of the place in JSON; empty when it is the whole input.
    pub(crate) field: String,
    pub(crate) message: String,
}

impl Misfit {
    pub(crate) fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}
