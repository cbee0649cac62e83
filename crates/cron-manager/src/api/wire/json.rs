//! Messages as proto3 JSON, and back.
//!
//! Where a message has JSON as text (`json_text` in `proto/cron/options.proto`), its JSON has that JSON itself.

use prost::bytes::Bytes;
use prost_reflect::{DeserializeOptions, DynamicMessage, Kind, MessageDescriptor, SerializeOptions};
use serde_json::{Map, Value};
use tonic::Status;

use super::Misfit;
use crate::api::proto::marks;

/// How JSON that a message has as text is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JsonText {
    /// As that JSON.
    Inline,
    #[cfg_attr(not(feature = "rest"), expect(dead_code, reason = "only the original library's paths have it"))]
    /// As a string that holds it, as the original library does.
    Quoted,
}

/// Makes the fields of `object`, at the place `at`, fit the message: each is known, what only the server writes is dropped, null is absent, and
/// JSON stands as text where the message has it so.
pub(crate) fn fit(message: &MessageDescriptor, object: &mut Map<String, Value>, at: &str) -> Result<(), Misfit> {
    if let Some(unknown) = object.keys().find(|name| message.get_field_by_json_name(name).is_none()) {
        return Err(Misfit::new(format!("{at}{unknown}"), "unknown field"));
    }
    object.retain(|name, value| {
        let output_only = message.get_field_by_json_name(name).is_some_and(|field| marks(&field).output_only);
        !output_only && !value.is_null()
    });
    for (name, value) in object.iter_mut() {
        let Some(field) = message.get_field_by_json_name(name) else { continue };
        if marks(&field).json_text && !value.is_string() {
            *value = Value::String(value.to_string());
        }
        if let (Kind::Message(inner), Value::Object(fields)) = (field.kind(), value)
            && !field.is_map()
            && !inner.full_name().starts_with("google.protobuf.")
        {
            fit(&inner, fields, &format!("{at}{name}."))?;
        }
    }
    Ok(())
}

/// The message that `object` is. Errors name the field; of one in the field `body`, without that.
pub(crate) fn from_json(
    message: &MessageDescriptor,
    object: Map<String, Value>,
    body: &str,
) -> Result<DynamicMessage, Misfit> {
    let mut track = serde_path_to_error::Track::new();
    let object = Value::Object(object);
    let from = serde_path_to_error::Deserializer::new(&object, &mut track);
    let strict = DeserializeOptions::new().deny_unknown_fields(true);
    DynamicMessage::deserialize_with_options(message.clone(), from, &strict).map_err(|error| {
        let path = track.path().to_string();
        let inner = path.strip_prefix(body).and_then(|path| path.strip_prefix('.'));
        Misfit::new(inner.unwrap_or(&path), without_value(&error.to_string()))
    })
}

/// serde's words for a value of the wrong type, without the value: it may be a secret in the wrong place.
fn without_value(message: &str) -> String {
    let what = ["invalid type: ", "invalid value: "].iter().find_map(|prefix| message.strip_prefix(prefix));
    match what.zip(message.rfind(", expected ")) {
        Some((what, at)) => {
            let kind = what.split(['"', '`', ',']).next().unwrap_or_default().trim_end();
            format!("invalid type: {kind}{}", &message[at..])
        }
        None => message.to_owned(),
    }
}

/// An encoded message as proto3 JSON.
pub(crate) fn to_json(output: &MessageDescriptor, message: Bytes, text: JsonText) -> Result<Value, Status> {
    let broken =
        |error: &dyn std::fmt::Display| Status::internal(format!("an answer does not fit its description: {error}"));
    let message = DynamicMessage::decode(output.clone(), message).map_err(|error| broken(&error))?;
    let all = SerializeOptions::new().skip_default_fields(false);
    let mut value =
        message.serialize_with_options(serde_json::value::Serializer, &all).map_err(|error| broken(&error))?;
    if text == JsonText::Inline {
        inline(output, &mut value);
    }
    Ok(value)
}

/// Puts JSON in the place of the texts that hold it. A text that is damaged is shown as it is.
fn inline(message: &MessageDescriptor, value: &mut Value) {
    let Some(fields) = value.as_object_mut() else { return };
    for (name, value) in fields {
        let Some(field) = message.get_field_by_json_name(name) else { continue };
        if field.is_map() {
            continue;
        }
        let json_text = marks(&field).json_text;
        match (field.kind(), &mut *value) {
            (Kind::Message(inner), Value::Array(items)) => items.iter_mut().for_each(|item| inline(&inner, item)),
            (Kind::Message(inner), value) => inline(&inner, value),
            (_, Value::String(text)) if json_text => {
                let json = serde_json::from_str(text);
                *value = json.unwrap_or_else(|_| Value::String(std::mem::take(text)));
            }
            _ => {}
        }
    }
}
