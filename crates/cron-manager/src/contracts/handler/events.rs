//! What a run captures while it goes on.

use std::sync::Arc;

use parking_lot::Mutex;
use serde::Serialize;
use serde_json::Value;

use super::{ActiveRun, FromRun};
use crate::Result;

/// The events that a run captures; its result, together with what the handler returns. They are kept also when the run
/// fails. Clones are the same list.
///
/// ```
/// use cron_manager::Events;
///
/// async fn send_invoices(events: Events) {
///     events.push("sent 3 invoices");
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// // In a test of the function:
/// let events = Events::default();
/// send_invoices(events.clone()).await;
/// assert_eq!(events.all(), ["sent 3 invoices"]);
/// # });
/// ```
#[doc(alias = "Lens")]
#[derive(Clone, Debug, Default)]
pub struct Events(Arc<Mutex<Vec<Value>>>);

impl Events {
    /// Captures an event: anything serde can write as JSON. One that it cannot is kept as a text that says so.
    pub fn push(&self, event: impl Serialize) {
        let value = serde_json::to_value(event)
            .unwrap_or_else(|error| Value::String(format!("an event that is not JSON: {error}")));
        self.0.lock().push(value);
    }

    /// What was captured so far.
    pub fn all(&self) -> Vec<Value> {
        self.0.lock().clone()
    }
}

impl FromRun for Events {
    fn from_run(run: &ActiveRun) -> Result<Self> {
        Ok(run.captures().clone())
    }
}
