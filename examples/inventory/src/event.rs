//! What a run tells.

use std::fmt;

use serde::Serialize;

/// Something that a run did.
#[derive(Serialize)]
pub(crate) struct Event {
    title: String,
    detail: String,
}

impl Event {
    pub(crate) fn new(title: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { title: title.into(), detail: detail.into() }
    }
}

/// Why a run failed, as events. Its text is a JSON array, as that of `throw new Error(JSON.stringify(events))`: the manager
/// keeps such an error as the run's events.
pub(crate) struct Failed(pub(crate) Vec<Event>);

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(&self.0).map_err(|_| fmt::Error)?)
    }
}
