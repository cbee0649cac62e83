//! From the message of a method to an HTTP answer.

use axum::{
    body::Bytes,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use prost_reflect::MessageDescriptor;
use serde_json::Value;
use tonic::Status;

use crate::api::wire::{JsonText, to_json};

/// The answer that an encoded message of the type `output` makes. Its etag, or that of the one message in it, goes into the header, too.
pub(super) fn answer(output: &MessageDescriptor, message: Bytes, text: JsonText) -> Result<Response, Status> {
    let value = to_json(output, message, text)?;
    let etag = value.get("etag").or_else(|| match value.as_object() {
        Some(fields) if fields.len() == 1 => fields.values().next()?.get("etag"),
        _ => None,
    });
    let etag = etag.and_then(Value::as_str).and_then(|etag| HeaderValue::from_str(etag).ok());
    let mut response = json(&value);
    if let Some(etag) = etag {
        response.headers_mut().insert(header::ETAG, etag);
    }
    Ok(response)
}

/// An answer that is JSON.
pub(super) fn json(value: &Value) -> Response {
    json_text(value.to_string().into())
}

/// An answer whose text is JSON.
pub(super) fn json_text(text: Bytes) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}
