//! The OpenAPI 3.1 description of the API, from the same descriptors that answer it (<https://spec.openapis.org/oas/v3.1.1.html>).

use std::collections::BTreeMap;

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value, json};

use super::rules::{Body, Rule, Rules};
use crate::api::proto::{self, comment, marks};

/// The type of streams.
const STREAM: &str = "text/event-stream";

/// The description of what the rules let through.
pub(crate) fn describe(rules: &Rules) -> Value {
    let mut schemas = BTreeMap::from([("Error".to_owned(), error())]);
    let mut paths: Map<String, Value> = Map::new();
    for rule in rules.iter() {
        let path = paths.entry(rule.path()).or_insert_with(|| json!({}));
        let place = &mut path[rule.verb.as_str().to_lowercase()];
        let mut operation = operation(rule, &mut schemas);
        // Where there is one answer or a stream, as the caller wishes.
        if place.is_object() {
            place["responses"]["200"]["content"][STREAM] = operation["responses"]["200"]["content"][STREAM].take();
        } else {
            *place = operation;
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "cron-manager",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Cron jobs of services that run in several replicas: every tick of every job has exactly one recorded outcome.",
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}, {}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    })
}

fn operation(rule: &Rule, schemas: &mut BTreeMap<String, Value>) -> Value {
    let method = &rule.method;
    let answer = schema_of(&method.output(), schemas);
    // Each event of a stream has such a message as its data.
    let (form, answer) =
        if method.is_server_streaming() { (STREAM, json!({"type": "string"})) } else { ("application/json", answer) };
    let role = proto::role(method);
    let description = comment(method.parent_file(), method.path());
    let mut operation = json!({
        "operationId": operation_id(rule),
        "summary": description.split_inclusive('.').next().unwrap_or_default(),
        "description": format!("{description} Role: {role}."),
        "parameters": parameters(rule),
        "responses": {
            "200": {"description": "Done.", "content": {form: {"schema": answer}}},
            "default": {
                "description": "An error: as AIP-193 has it or, where it is preferred, as a problem (RFC 9457).",
                "content": {
                    "application/json": {"schema": {"$ref": "#/components/schemas/Error"}},
                    "application/problem+json": {"schema": problem()},
                },
            },
        },
    });
    if shows_etag(&method.output()) {
        // What a dry run of a creation shows has none yet.
        let always = method.input().get_field_by_name("validate_only").is_none();
        operation["responses"]["200"]["headers"] = json!({"ETag": {"required": always, "description": "The etag of what is shown.", "schema": {"type": "string"}}});
    }
    let body = match &rule.body {
        Body::None => None,
        Body::Whole => Some((request_fields(rule), false)),
        Body::Field(field) => match field.kind() {
            Kind::Message(message) => Some((schema_of(&message, schemas), true)),
            _ => None,
        },
    };
    if let Some((schema, required)) = body {
        operation["requestBody"] = json!({"required": required, "content": {"application/json": {"schema": schema}}});
    }
    operation
}

/// Whether an answer has the etag of the one thing in it, and so the header.
fn shows_etag(output: &MessageDescriptor) -> bool {
    let has_etag = |message: &MessageDescriptor| message.get_field_by_name("etag").is_some();
    let mut fields = output.fields();
    let only = fields.next().filter(|field| !field.is_list() && fields.len() == 0).map(|field| field.kind());
    has_etag(output) || only.is_some_and(|kind| kind.as_message().is_some_and(has_etag))
}

/// The method's name; of a further way to it, with what tells it apart.
fn operation_id(rule: &Rule) -> String {
    let service = rule.path().split('/').nth(2).filter(|_| rule.is_under_a_name()).unwrap_or_default().to_owned();
    let put = if rule.verb == axum::http::Method::PUT { "Put" } else { "" };
    format!("{service}{put}{}", rule.method.name())
}

fn parameters(rule: &Rule) -> Vec<Value> {
    let input = rule.method.input();
    let parameter = |place: &str, field: &FieldDescriptor| {
        let mut parameter = json!({
            "name": field.json_name(),
            "in": place,
            "required": place == "path",
            "description": comment(input.parent_file(), field.path()),
            "schema": scalar(field),
        });
        if place == "query" {
            // As if it were not there.
            parameter["allowEmptyValue"] = true.into();
        }
        parameter
    };
    let in_path = rule.path_fields().filter_map(|name| input.get_field_by_name(name));
    let in_path: Vec<_> = in_path.map(|field| parameter("path", &field)).collect();
    let in_query: Vec<_> = rule.parameters().map(|field| parameter("query", &field)).collect();
    let if_match = rule.takes_etag().then(|| {
        json!({
            "name": "If-Match",
            "in": "header",
            "required": false,
            "description": "The etag that the config must still have.",
            "schema": {"type": "string", "minLength": 1, "examples": ["*"]},
        })
    });
    in_path.into_iter().chain(in_query).chain(if_match).collect()
}

/// The fields of a request whose body it is, less those of the path.
fn request_fields(rule: &Rule) -> Value {
    let input = rule.method.input();
    let in_path: Vec<&str> = rule.path_fields().collect();
    let fields = input.fields().filter(|field| !in_path.contains(&field.name()));
    let fields: Map<_, _> =
        fields.map(|field| (field.json_name().to_owned(), property(&field, &mut BTreeMap::new()))).collect();
    json!({"type": "object", "additionalProperties": false, "properties": fields})
}

/// A reference to the schema of `message`, which is put among `schemas`.
fn schema_of(message: &MessageDescriptor, schemas: &mut BTreeMap<String, Value>) -> Value {
    let name = message.name().to_owned();
    if !schemas.contains_key(&name) {
        schemas.insert(name.clone(), Value::Null);
        let fields: Map<_, _> =
            message.fields().map(|field| (field.json_name().to_owned(), property(&field, schemas))).collect();
        let description = comment(message.parent_file(), message.path());
        let schema = json!({
            "type": "object",
            "description": description,
            "additionalProperties": false,
            "properties": fields,
        });
        schemas.insert(name.clone(), schema);
    }
    json!({"$ref": format!("#/components/schemas/{name}")})
}

fn property(field: &FieldDescriptor, schemas: &mut BTreeMap<String, Value>) -> Value {
    let one = match field.kind() {
        _ if field.is_map() => json!({"type": "object", "additionalProperties": {"type": "string"}}),
        Kind::Message(message) if !message.full_name().starts_with("google.protobuf.") => schema_of(&message, schemas),
        _ => scalar(field),
    };
    let mut schema = if field.is_list() { json!({"type": "array", "items": one}) } else { one };
    schema["description"] = comment(field.parent_message().parent_file(), field.path()).into();
    if marks(field).output_only {
        schema["readOnly"] = true.into();
    }
    schema
}

/// The schema of a value that is no message of ours, as proto3 JSON writes it.
fn scalar(field: &FieldDescriptor) -> Value {
    let marks = marks(field);
    match field.kind() {
        _ if marks.json_object => json!({"type": ["object", "string"]}),
        _ if marks.json_text => json!({}),
        Kind::Bool => json!({"type": "boolean"}),
        Kind::Int32 => json!({"type": "integer", "format": "int32"}),
        Kind::Int64 => json!({"type": "string", "format": "int64", "pattern": "^-?[0-9]+$"}),
        Kind::Double => json!({"type": "number"}),
        Kind::Message(message) => match message.full_name() {
            "google.protobuf.Timestamp" => json!({"type": "string", "format": "date-time"}),
            "google.protobuf.Duration" => json!({"type": "string", "pattern": "^-?[0-9]+(\\.[0-9]{1,9})?s$"}),
            _ => json!({"type": "string"}),
        },
        _ if marks.words.is_empty() => json!({"type": "string"}),
        _ => json!({"type": "string", "enum": marks.words}),
    }
}

fn violations() -> Value {
    json!({
        "type": "array",
        "items": {
            "type": "object",
            "required": ["field", "description"],
            "properties": {"field": {"type": "string"}, "description": {"type": "string"}},
        },
    })
}

/// An error as AIP-193 has it.
fn error() -> Value {
    json!({
        "type": "object",
        "description": "An error as AIP-193 has it.",
        "required": ["error"],
        "additionalProperties": false,
        "properties": {"error": {
            "type": "object",
            "required": ["code", "status", "message"],
            "properties": {
                "code": {"type": "integer", "description": "The HTTP status."},
                "status": {"type": "string", "description": "The gRPC code."},
                "message": {"type": "string"},
                "details": {"type": "array", "items": {
                    "type": "object",
                    "required": ["@type", "fieldViolations"],
                    "properties": {"@type": {"type": "string"}, "fieldViolations": violations()},
                }},
            },
        }},
    })
}

/// An error as RFC 9457 has it.
fn problem() -> Value {
    json!({
        "type": "object",
        "required": ["type", "title", "status", "detail", "code"],
        "properties": {
            "type": {"type": "string"},
            "title": {"type": ["string", "null"]},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "code": {"type": "string", "description": "The gRPC code."},
            "fieldViolations": violations(),
        },
    })
}
