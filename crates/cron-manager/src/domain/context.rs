//! What a config tells its handler.

use std::{sync::Arc, time::Duration};

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::json::{self, JsonError};
use crate::{Error, Result};

/// A JSON object, kept with its key order. The library itself reads two keys: `distributed` (boolean,
/// default false) and `ttl` (seconds, 1 to 86,400, default 30); all others are the handler's.
///
/// ```
/// use cron_manager::Context;
/// use serde_json::json;
///
/// let context = Context::new(&json!({"distributed": true, "ttl": 20, "shop": 7}))?;
/// assert!(context.distributed());
/// assert_eq!(context.ttl().as_secs(), 20);
/// assert_eq!(Context::new(&json!(r#"{"shop": 7}"#))?.as_str(), r#"{"shop":7}"#);
/// # Ok::<(), cron_manager::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    text: Arc<str>,
    distributed: bool,
    ttl: Duration,
}

const FIELD: &str = "context";

impl Context {
    /// The largest context, in bytes of its compact JSON text.
    pub const MAX_BYTES: usize = 64 * 1024;
    /// The deepest nesting of objects and arrays.
    pub const MAX_DEPTH: usize = 64;
    /// The length of a run's lease when the context names none.
    pub const DEFAULT_TTL: Duration = Duration::from_secs(30);

    /// Checks a context given as an object, or as a string that holds one.
    pub fn new(value: &Value) -> Result<Self> {
        match value {
            Value::Object(_) => Self::from_object(value),
            Value::String(text) => Self::parse(text),
            Value::Null => Ok(Self::default()),
            _ => Err(Error::invalid(FIELD, "the context must be a JSON object, or a string that holds one")),
        }
    }

    /// Checks a context given as JSON text. Empty text is the empty object.
    pub fn parse(text: &str) -> Result<Self> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let value = json::parse(text.as_bytes()).map_err(|JsonError { path, message }| {
            let place = if path.is_empty() { String::new() } else { format!(", at {path}") };
            Error::invalid(FIELD, format!("the context string is {message}{place}"))
        })?;
        match value {
            Value::Object(_) => Self::from_object(&value),
            _ => Err(Error::invalid(FIELD, "the context must be a JSON object")),
        }
    }

    fn from_object(value: &Value) -> Result<Self> {
        if depth(value) > Self::MAX_DEPTH {
            return Err(Error::invalid(FIELD, format!("the context is nested deeper than {}", Self::MAX_DEPTH)));
        }
        let text = value.to_string();
        if text.len() > Self::MAX_BYTES {
            return Err(Error::invalid(
                FIELD,
                format!("the context has {} bytes; at most {} fit", text.len(), Self::MAX_BYTES),
            ));
        }
        Ok(Self { text: text.into(), distributed: distributed(&value["distributed"])?, ttl: ttl(&value["ttl"])? })
    }

    /// The compact JSON text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The context as a JSON object.
    pub fn to_value(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    /// The context as the handler's own type.
    ///
    /// Errors: invalid argument (`context`), whose message begins with the path of the field that does not fit.
    pub fn parse_as<T: DeserializeOwned>(&self) -> Result<T> {
        let mut text = serde_json::Deserializer::from_str(&self.text);
        serde_path_to_error::deserialize(&mut text).map_err(|error| Error::invalid(FIELD, error.to_string()))
    }

    /// Whether one replica runs a tick for the whole service; otherwise every replica does.
    pub fn distributed(&self) -> bool {
        self.distributed
    }

    /// The length of a run's lease; it is renewed while the run lives, so it does not limit the run.
    pub fn ttl(&self) -> Duration {
        self.ttl
    }
}

impl Default for Context {
    fn default() -> Self {
        Self { text: "{}".into(), distributed: false, ttl: Self::DEFAULT_TTL }
    }
}

fn distributed(value: &Value) -> Result<bool> {
    match value {
        Value::Null => Ok(false),
        Value::Bool(distributed) => Ok(*distributed),
        other => Err(Error::invalid("context.distributed", format!("distributed is true or false, not {other}"))),
    }
}

fn ttl(value: &Value) -> Result<Duration> {
    if value.is_null() {
        return Ok(Context::DEFAULT_TTL);
    }
    match value.as_f64() {
        Some(seconds) if (1.0..=86_400.0).contains(&seconds) => Ok(Duration::from_secs_f64(seconds)),
        _ => Err(Error::invalid("context.ttl", format!("ttl is a number of seconds from 1 to 86400, not {value}"))),
    }
}

fn depth(value: &Value) -> usize {
    let inner: Box<dyn Iterator<Item = &Value>> = match value {
        Value::Array(items) => Box::new(items.iter()),
        Value::Object(fields) => Box::new(fields.values()),
        _ => return 0,
    };
    1 + inner.map(depth).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use serde_json::json;

    #[test]
    fn key_order_is_kept() {
        let context = Context::parse(r#"{"z": 1, "a": {"y": 2, "b": 3}}"#).unwrap();
        assert_eq!(context.as_str(), r#"{"z":1,"a":{"y":2,"b":3}}"#);
    }

    #[test]
    fn a_wrong_context_names_its_field() {
        let field = |value: Value| Context::new(&value).unwrap_err().field().unwrap().to_owned();
        assert_eq!(field(json!([1])), "context");
        assert_eq!(field(json!("[1]")), "context");
        assert_eq!(field(json!("{")), "context");
        assert_eq!(field(json!({"distributed": "yes"})), "context.distributed");
        assert_eq!(field(json!({"ttl": 0})), "context.ttl");
        assert_eq!(field(json!({"ttl": -5})), "context.ttl");
        assert_eq!(field(json!({"ttl": 1e300})), "context.ttl");
        assert_eq!(field(json!({"ttl": "30"})), "context.ttl");
        assert_eq!(field(json!({"big": "x".repeat(70_000)})), "context");
    }

    #[test]
    fn a_context_that_does_not_fit_names_the_field_that_does_not() {
        #[derive(Debug, Deserialize)]
        struct Shops {
            _shops: Vec<Shop>,
        }
        #[derive(Debug, Deserialize)]
        struct Shop {
            #[serde(rename = "id")]
            _id: u32,
        }
        let error = |text: &str| Context::parse(text).unwrap().parse_as::<Shops>().unwrap_err().to_string();
        let wrong = error(r#"{"_shops": [{"id": 1}, {"id": "two"}]}"#);
        assert!(wrong.starts_with("context: _shops[1].id: invalid type: string \"two\", expected u32"), "{wrong}");
        let missing = error(r#"{"_shops": [{}]}"#);
        assert!(missing.starts_with("context: _shops[0]: missing field `id`"), "{missing}");
    }

    #[test]
    fn a_context_nested_too_deep_is_refused() {
        let nested = |levels| format!("{{\"a\":{}{}}}", "[".repeat(levels), "]".repeat(levels));
        assert!(Context::parse(&nested(63)).is_ok());
        assert!(Context::parse(&nested(64)).is_err());
        assert!(Context::parse(&nested(100_000)).is_err());
    }
}
