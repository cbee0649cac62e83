//! What comes back, as JSON.

use serde_json::{Map, Value, json};
use sqlx::{Column, Row, TypeInfo, ValueRef, postgres::PgRow};

/// How much is kept of the rows, in bytes of JSON.
const KEPT: usize = 192 * 1024;

/// The rows of a statement, as many as are kept, or how many it touched.
pub(super) struct Answer {
    rows: Vec<Value>,
    room: usize,
    bytes: usize,
    seen: u64,
    affected: u64,
}

impl Answer {
    /// Keeps at most `rows` rows.
    pub(super) fn new(rows: usize) -> Self {
        Self { rows: Vec::new(), room: rows, bytes: 0, seen: 0, affected: 0 }
    }

    pub(super) fn done(&mut self, affected: u64) {
        self.affected = affected;
    }

    pub(super) fn row(&mut self, row: &PgRow) -> sqlx::Result<()> {
        self.seen += 1;
        if self.rows.len() as u64 + 1 < self.seen || self.rows.len() == self.room {
            return Ok(());
        }
        let value = object(row)?;
        self.bytes += value.to_string().len();
        if self.bytes <= KEPT {
            self.rows.push(value);
        }
        Ok(())
    }

    pub(super) fn into_value(self) -> Value {
        if self.seen == 0 {
            return json!({ "rows": [], "rowCount": self.affected });
        }
        let mut value = json!({ "rows": self.rows, "rowCount": self.seen });
        if (self.rows.len() as u64) < self.seen {
            value["truncated"] = Value::Bool(true);
        }
        value
    }
}

fn object(row: &PgRow) -> sqlx::Result<Value> {
    let mut object = Map::new();
    for column in row.columns() {
        let raw = row.try_get_raw(column.ordinal())?;
        let value = if raw.is_null() {
            Value::Null
        } else {
            let text = raw.as_str().map_err(sqlx::Error::Decode)?;
            value(column.type_info().name(), text)
        };
        object.insert(column.name().to_owned(), value);
    }
    Ok(Value::Object(object))
}

/// A value from its text. What JSON has no equal for, such as a `numeric` or an instant, stays a text.
fn value(kind: &str, text: &str) -> Value {
    match kind {
        "BOOL" => Value::Bool(text == "t"),
        "INT2" | "INT4" | "INT8" | "OID" => text.parse::<i64>().map_or_else(|_| text.into(), Value::from),
        "FLOAT4" | "FLOAT8" => text.parse::<f64>().map_or_else(|_| text.into(), |number| finite(number, text)),
        "JSON" | "JSONB" => serde_json::from_str(text).unwrap_or_else(|_| text.into()),
        _ => text.into(),
    }
}

fn finite(number: f64, text: &str) -> Value {
    if number.is_finite() { Value::from(number) } else { text.into() }
}
