//! From an HTTP request to the message of a method.

use axum::{
    body::Bytes,
    http::{HeaderMap, Uri, header},
};
use percent_encoding::percent_decode_str;
use prost::Message as _;
use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value};

use super::rules::{Body, Rule};
use crate::{
    api::{
        problem::Problem,
        proto::marks,
        wire::{Misfit, fit, from_json},
    },
    domain::json,
};

/// The message that a request makes for the method of `rule`, encoded. `fields` are those of the path.
pub(super) fn message(
    rule: &Rule,
    fields: &[(&str, &str)],
    uri: &Uri,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<Vec<u8>, Problem> {
    let mut object = parameters(rule, uri.query().unwrap_or_default())?;
    let input = rule.method.input();
    match &rule.body {
        Body::None => {}
        Body::Whole => object.extend(whole(&input, headers, body)?),
        Body::Field(field) => {
            object.insert(field.json_name().to_owned(), Value::Object(part(field, headers, body)?));
        }
    }
    for (name, text) in fields {
        let field = input.get_field_by_name(name).ok_or_else(|| Misfit::new(*name, "unknown field"))?;
        let decoded = percent_decode_str(text).decode_utf8();
        let decoded = decoded.map_err(|_| Misfit::new(field.json_name(), "is not UTF-8 text"))?;
        same_or_new(&mut object, field.json_name(), scalar(&field, &decoded)?)?;
    }
    if let Some(etag) = headers.get(header::IF_MATCH) {
        if_match(rule, &mut object, etag.to_str().unwrap_or_default())?;
    }
    let body = match &rule.body {
        Body::Field(field) => field.json_name().to_owned(),
        _ => String::new(),
    };
    Ok(from_json(&input, object, &body)?.encode_to_vec())
}

/// The parameters of the query, each known and there once; an empty one is absent.
fn parameters(rule: &Rule, query: &str) -> Result<Map<String, Value>, Misfit> {
    let known: Vec<FieldDescriptor> = rule.parameters().collect();
    let mut object = Map::new();
    let mut seen: Vec<String> = Vec::new();
    for (name, text) in form_urlencoded::parse(query.as_bytes()) {
        let Some(field) = known.iter().find(|field| field.json_name() == name) else {
            let known: Vec<_> = known.iter().map(FieldDescriptor::json_name).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            return Err(Misfit::new(name, format!("unknown parameter; known here: {known}")));
        };
        if seen.contains(&name.as_ref().to_owned()) {
            return Err(Misfit::new(name, "the parameter is there twice"));
        }
        if !text.is_empty() {
            object.insert(name.clone().into_owned(), scalar(field, &text)?);
        }
        seen.push(name.into_owned());
    }
    Ok(object)
}

/// A text of a path or query as the JSON of its field.
fn scalar(field: &FieldDescriptor, text: &str) -> Result<Value, Misfit> {
    let wrong = |what: &str| Misfit::new(field.json_name(), format!("{text:?} is not {what}"));
    match field.kind() {
        Kind::Bool => text.parse().map(Value::Bool).map_err(|_| wrong("true or false")),
        Kind::Int32 => text.parse().map(|number: i32| number.into()).map_err(|_| wrong("a whole number")),
        Kind::Int64 => text.parse().map(|number: i64| number.into()).map_err(|_| wrong("a whole number")),
        _ if marks(field).json_text => Err(wrong("to be given here; it belongs in the body")),
        _ => Ok(text.into()),
    }
}

/// The body as the request's own fields; an empty one has none.
fn whole(input: &MessageDescriptor, headers: &HeaderMap, body: &Bytes) -> Result<Map<String, Value>, Problem> {
    if body.is_empty() {
        return Ok(Map::new());
    }
    let mut object = read(headers, body)?;
    fit(input, &mut object, "")?;
    Ok(object)
}

/// The body as the fields of `field`'s message. It may come wrapped as the answers wrap it, so that every answer can be sent back.
fn part(field: &FieldDescriptor, headers: &HeaderMap, body: &Bytes) -> Result<Map<String, Value>, Problem> {
    let mut object = read(headers, body)?;
    let name = field.json_name();
    if object.len() == 1
        && let Some(inner) = object.remove(name)
    {
        let Value::Object(inner) = inner else { return Err(Misfit::new(name, "must be a JSON object").into()) };
        object = inner;
    }
    if let Kind::Message(message) = field.kind() {
        fit(&message, &mut object, "")?;
    }
    Ok(object)
}

fn read(headers: &HeaderMap, body: &Bytes) -> Result<Map<String, Value>, Problem> {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = given.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(Problem::not_json(given));
    }
    match json::parse(body).map_err(|error| Misfit::new(error.path, error.message))? {
        Value::Object(object) => Ok(object),
        _ => Err(Misfit::new("", "the body must be a JSON object").into()),
    }
}

/// Sets a field of the request that its body must not say otherwise.
fn same_or_new(object: &mut Map<String, Value>, name: &str, value: Value) -> Result<(), Misfit> {
    let text = value.to_string();
    let same = |given: &Value| *given == value || given.as_str() == Some(&text);
    match object.get(name) {
        Some(given) if !same(given) => Err(Misfit::new(name, format!("the path says {text}"))),
        _ => {
            object.insert(name.to_owned(), value);
            Ok(())
        }
    }
}

/// Puts the etag of the header where the message has one.
fn if_match(rule: &Rule, object: &mut Map<String, Value>, etag: &str) -> Result<(), Misfit> {
    const ETAG: &str = "etag";
    let place = match &rule.body {
        _ if !rule.takes_etag() => None,
        Body::Field(field) => object.get_mut(field.json_name()).and_then(Value::as_object_mut),
        _ => Some(object),
    };
    let Some(place) = place else { return Err(Misfit::new(ETAG, "this method takes no If-Match header")) };
    // Nobody writes a condition to have none.
    if etag.trim().is_empty() {
        return Err(Misfit::new(ETAG, "the If-Match header is empty or no text; leave it out, or give an etag"));
    }
    match place.get(ETAG) {
        // What it is instead is told with the other fields.
        Some(given) if !given.is_string() => Ok(()),
        Some(Value::String(given)) if !given.is_empty() && given != etag => {
            Err(Misfit::new(ETAG, "the If-Match header says another one"))
        }
        _ => {
            place.insert(ETAG.to_owned(), etag.into());
            Ok(())
        }
    }
}
