//! Reads JSON strictly: serde_json alone keeps the last of two equal keys, and does not say where an error is.
//!
//! One thing is tolerated: line breaks and tabs inside a string, which JSON wants escaped. The request that the original library documents has
//! them.

use std::{borrow::Cow, cell::RefCell, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// What is wrong with a JSON text, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct JsonError {
    /// The keys that lead there, with dots between; empty when it is the whole text.
    pub(crate) path: String,
    pub(crate) message: String,
}

/// The deepest nesting of objects and arrays.
const MAX_DEPTH: usize = 64;

/// The value in `text`.
pub(crate) fn parse(text: &[u8]) -> Result<Value, JsonError> {
    let wrong = |path: Vec<String>, message: String| JsonError { path: path.join("."), message };
    let text = str::from_utf8(text).map_err(|error| wrong(Vec::new(), format!("not UTF-8 text: {error}")))?;
    let text = escape_breaks(text);
    let path = RefCell::default();
    let mut json = serde_json::Deserializer::from_str(&text);
    let value = Strict { depth: 0, path: &path }.deserialize(&mut json).and_then(|value| json.end().map(|()| value));
    value.map_err(|error| wrong(path.into_inner(), format!("not valid JSON: {error}")))
}

/// `text` with the line breaks and tabs inside its strings escaped.
fn escape_breaks(text: &str) -> Cow<'_, str> {
    if !text.contains(['\n', '\r', '\t']) {
        return Cow::Borrowed(text);
    }
    let (mut inside, mut escaped) = (false, false);
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\n' if inside && !escaped => out.push_str("\\n"),
            '\r' if inside && !escaped => out.push_str("\\r"),
            '\t' if inside && !escaped => out.push_str("\\t"),
            c => out.push(c),
        }
        inside ^= c == '"' && !escaped;
        escaped = inside && c == '\\' && !escaped;
    }
    Cow::Owned(out)
}

/// A value at some depth; `path` holds the keys that lead to what is being read.
#[derive(Clone, Copy)]
struct Strict<'a> {
    depth: usize,
    path: &'a RefCell<Vec<String>>,
}

impl Strict<'_> {
    fn deeper<E: Error>(self) -> Result<Self, E> {
        if self.depth == MAX_DEPTH {
            return Err(E::custom(format!("nested deeper than {MAX_DEPTH}")));
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let item = self.deeper()?;
        let mut items = Vec::new();
        while let Some(value) = from.next_element_seed(item)? {
            items.push(value);
        }
        Ok(items.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let item = self.deeper()?;
        let mut fields = Map::new();
        while let Some(key) = from.next_key::<String>()? {
            self.path.borrow_mut().push(key.clone());
            if fields.contains_key(&key) {
                return Err(A::Error::custom("the key is there twice"));
            }
            fields.insert(key, from.next_value_seed(item)?);
            self.path.borrow_mut().pop();
        }
        Ok(fields.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn field(body: &str) -> String {
        parse(body.as_bytes()).unwrap_err().path
    }

    #[test]
    fn what_is_read_is_what_was_written() {
        let text = r#"{"z":[1,-2,2.5,null,true,"\u00e4\n"],"a":{"y":{},"b":[]}}"#;
        assert_eq!(
            parse(text.as_bytes()).unwrap().to_string(),
            r#"{"z":[1,-2,2.5,null,true,"ä\n"],"a":{"y":{},"b":[]}}"#
        );
        assert_eq!(parse(b" 7 ").unwrap(), json!(7));
    }

    #[test]
    fn an_error_names_the_field_it_is_in() {
        assert_eq!(field(r#"{"a":1,"a":2}"#), "a");
        assert_eq!(field(r#"{"a":{"b":1},"c":{"d":1,"d":2}}"#), "c.d");
        assert_eq!(field(r#"{"a":1,"b":{"c":1e400}}"#), "b.c");
        assert_eq!(field(r#"{"a":1} x"#), "");
        assert_eq!(field(""), "");
    }

    #[test]
    fn line_breaks_and_tabs_inside_a_string_are_its_own() {
        let text = "{\n\t\"a\": \"{\r\n\t\\\"b\\\": 1\n}\",\n\"c\": \"\\\\\"\n}";
        assert_eq!(parse(text.as_bytes()).unwrap(), json!({"a": "{\r\n\t\"b\": 1\n}", "c": "\\"}));
        for other in ["\"\u{0}\"", "\"\u{8}\"", "\"\u{1f}\"", "\"\\\n\"", "\"a\n"] {
            assert!(parse(other.as_bytes()).is_err(), "{other:?}");
        }
    }

    #[test]
    fn nesting_ends_at_the_limit() {
        let nested = |depth| "[".repeat(depth) + &"]".repeat(depth);
        assert!(parse(nested(64).as_bytes()).is_ok());
        assert!(parse(nested(65).as_bytes()).is_err());
        assert!(parse(nested(100_000).as_bytes()).is_err());
    }
}
