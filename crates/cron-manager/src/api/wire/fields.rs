//! What a caller writes about a config.

use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Misfit;
use crate::{CatchUp, CronConfigFields, LockPolicy, OnAbandoned, Overlap, Policy, domain::schedule::DstGap};

/// Fields that only the server writes. A caller who sends back what it has read is not told off for them (AIP-203).
const OUTPUT_ONLY: &[&str] = &["description", "createdAt", "updatedAt", "deletedAt"];

/// A request's config: the fields to set, and which config, at which version, the caller means.
#[derive(Debug, Default)]
pub(crate) struct ConfigBody {
    given: Map<String, Value>,
    pub(crate) id: Option<i64>,
    pub(crate) etag: Option<String>,
}

impl ConfigBody {
    /// Checks names and types; a config may come alone or wrapped as the answers wrap it, in `{"cronConfig": …}`.
    pub(crate) fn new(body: Value) -> Result<Self, Misfit> {
        let mut this = Self::default();
        for (name, value) in object(body)? {
            match name.as_str() {
                "id" => this.id = Some(number(&name, &value)?),
                "etag" => this.etag = text(&name, value)?.filter(|etag| !etag.is_empty()),
                _ if OUTPUT_ONLY.contains(&name.as_str()) => {}
                _ => this.give(name, value)?,
            }
        }
        Ok(this)
    }

    /// The fields that are present.
    pub(crate) fn fields(self) -> Result<CronConfigFields, Misfit> {
        read(self.given).map_err(|message| Misfit::new("", message))
    }

    /// The fields of the mask; those that are absent are cleared (AIP-134).
    pub(crate) fn masked(mut self, mask: &str) -> Result<CronConfigFields, Misfit> {
        let mut cleared = cleared();
        if mask.trim() != "*" {
            let names: Vec<_> = mask.split(',').map(str::trim).collect();
            if let Some(unknown) = names.iter().find(|name| !cleared.contains_key(**name)) {
                return Err(Misfit::new("updateMask", format!("{unknown:?} is no field that can be set")));
            }
            cleared.retain(|name, _| names.contains(&name.as_str()));
        }
        for (name, value) in &mut cleared {
            if let Some(given) = self.given.remove(name) {
                *value = given;
            }
        }
        Self { given: cleared, ..self }.fields()
    }

    /// Read one by one, so that an error is known to be about this field. Null is absent, as in all proto3 JSON.
    fn give(&mut self, name: String, value: Value) -> Result<(), Misfit> {
        read(Map::from_iter([(name.clone(), value.clone())])).map_err(|message| Misfit::new(&name, message))?;
        if !value.is_null() {
            self.given.insert(name, value);
        }
        Ok(())
    }
}

fn object(body: Value) -> Result<Map<String, Value>, Misfit> {
    match body {
        Value::Object(mut body) => match body.remove("cronConfig") {
            None => Ok(body),
            Some(Value::Object(config)) if body.is_empty() => Ok(config),
            Some(_) => Err(Misfit::new("cronConfig", "must be an object, and alone")),
        },
        _ => Err(Misfit::new("", "the body must be a JSON object")),
    }
}

/// Whole numbers may come as text in proto3 JSON.
fn number(name: &str, value: &Value) -> Result<i64, Misfit> {
    let number = value.as_i64().or_else(|| value.as_str()?.parse().ok());
    number.ok_or_else(|| Misfit::new(name, "must be a whole number"))
}

fn text(name: &str, value: Value) -> Result<Option<String>, Misfit> {
    Option::deserialize(value).map_err(|error| Misfit::new(name, error.to_string()))
}

fn read(fields: Map<String, Value>) -> Result<CronConfigFields, String> {
    CronConfigFields::deserialize(Value::Object(fields)).map_err(|error| error.to_string())
}

/// Every field that can be set, with the value that clears it.
pub(super) fn cleared() -> Map<String, Value> {
    let fields = CronConfigFields {
        name: Some(String::new()),
        enabled: Some(false),
        context: Some(json!({})),
        cron_expression: Some(String::new()),
        timezone: Some(String::new()),
        dst_gap: Some(DstGap::default()),
        every: Some(Duration::ZERO),
        at: Some(Timestamp::UNIX_EPOCH),
        external: Some(false),
        catch_up: Some(CatchUp::default()),
        overlap: Some(Overlap::default()),
        on_abandoned: Some(OnAbandoned::default()),
        start_deadline: Some(Duration::ZERO),
        timeout: Some(Duration::ZERO),
        jitter: Some(Duration::ZERO),
        lock: Some(LockPolicy::default()),
        lock_at_least_for: Some(Duration::ZERO),
        min_gap: Some(Policy::DEFAULT_MIN_GAP),
        ..CronConfigFields::default()
    };
    match json!(fields) {
        Value::Object(fields) => fields.into_iter().filter(|(_, value)| !value.is_null()).collect(),
        _ => Map::new(),
    }
}
