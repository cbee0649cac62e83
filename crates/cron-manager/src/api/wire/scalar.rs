//! Times, lengths of time and words.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::Misfit;

pub(crate) fn show_time(instant: Timestamp) -> prost_types::Timestamp {
    prost_types::Timestamp { seconds: instant.as_second(), nanos: instant.subsec_nanosecond() }
}

pub(super) fn time(field: &str, instant: prost_types::Timestamp) -> Result<Timestamp, Misfit> {
    Timestamp::new(instant.seconds, instant.nanos).map_err(|error| Misfit::new(field, format!("no such time: {error}")))
}

/// A time that must be given.
pub(crate) fn needed_time(field: &str, instant: Option<prost_types::Timestamp>) -> Result<Timestamp, Misfit> {
    time(field, instant.ok_or_else(|| Misfit::new(field, "is missing; write a time such as 2026-01-31T00:00:00Z"))?)
}

pub(super) fn show_duration(duration: Duration) -> prost_types::Duration {
    let seconds = duration.as_secs().try_into().unwrap_or(i64::MAX);
    prost_types::Duration { seconds, nanos: duration.subsec_nanos().cast_signed() }
}

pub(super) fn duration(field: &str, duration: prost_types::Duration) -> Result<Duration, Misfit> {
    Duration::try_from(duration).map_err(|_| Misfit::new(field, "must not be negative"))
}

/// The word that stands for `value`.
pub(super) fn show_word(value: impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(word)) => word,
        _ => String::new(),
    }
}

/// What `text` stands for.
pub(super) fn word<T: DeserializeOwned>(field: &str, text: String) -> Result<T, Misfit> {
    serde_json::from_value(Value::String(text)).map_err(|error| Misfit::new(field, error.to_string()))
}
