//! Two ways to ask for the same: a gRPC client that knows the descriptors, and an HTTP client that knows the OpenAPI description.

use std::collections::BTreeMap;

use cron_manager::api::proto::DESCRIPTORS;
use prost::{Message, bytes::Buf, bytes::BufMut};
use prost_reflect::{DescriptorPool, DynamicMessage, SerializeOptions};
use serde_json::{Map, Value};
use tonic::{
    Request, Status,
    client::Grpc,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    transport::{Channel, Endpoint},
};
use tonic_types::StatusExt;

use crate::client::{JSON, Server};

/// The code of a refusal, and the fields that it names.
pub(crate) type Refusal = (String, Vec<String>);

pub(crate) enum Face {
    Grpc(Channel),
    Rest { server: &'static Server, description: Value },
}

impl Face {
    pub(crate) async fn grpc(server: &'static Server) -> Self {
        Self::Grpc(Endpoint::from_shared(format!("http://{}", server.address())).unwrap().connect().await.unwrap())
    }

    pub(crate) async fn rest(server: &'static Server) -> Self {
        Self::Rest { server, description: server.get("/openapi.json").await.json() }
    }

    /// Calls a method of the service. Over both, contexts and results are the JSON that they hold.
    pub(crate) async fn call(&self, method: &str, request: Value) -> Result<Value, Refusal> {
        match self {
            Self::Grpc(channel) => call_grpc(channel.clone(), "cron.CronManager", method, &request).await,
            Self::Rest { server, description } => call_rest(server, description, method, request).await,
        }
    }
}

pub(crate) async fn call_grpc(
    channel: Channel,
    service: &str,
    method: &str,
    request: &Value,
) -> Result<Value, Refusal> {
    let pool = DescriptorPool::decode(DESCRIPTORS).unwrap();
    let described = pool.get_service_by_name("cron.CronManager").unwrap();
    let described = described.methods().find(|described| described.name() == method).unwrap();
    let message = DynamicMessage::deserialize(described.input(), &quoted(request.clone())).unwrap();
    let answer = call_bytes(channel, &format!("/{service}/{method}"), message.encode_to_vec()).await?;
    let message = DynamicMessage::decode(described.output(), &*answer).unwrap();
    let all = SerializeOptions::new().skip_default_fields(false);
    Ok(inline(message.serialize_with_options(serde_json::value::Serializer, &all).unwrap()))
}

/// Calls the method at `path` with an encoded message.
pub(crate) async fn call_bytes(channel: Channel, path: &str, message: Vec<u8>) -> Result<Vec<u8>, Refusal> {
    let mut client = Grpc::new(channel);
    client.ready().await.unwrap();
    let answer = client.unary(Request::new(message), path.parse().unwrap(), Bytes).await;
    answer.map(tonic::Response::into_inner).map_err(|status| refusal(&status))
}

fn refusal(status: &Status) -> Refusal {
    let code = format!("{:?}", status.code());
    let word = code.chars().enumerate().fold(String::new(), |word, (at, c)| {
        let gap = if at > 0 && c.is_uppercase() { "_" } else { "" };
        word + gap + &c.to_uppercase().to_string()
    });
    let bad = status.get_details_bad_request().map(|bad| bad.field_violations).unwrap_or_default();
    (word, bad.into_iter().map(|violation| violation.field).collect())
}

/// Contexts as gRPC has them: text.
fn quoted(value: Value) -> Value {
    rewritten(value, &|value| if value.is_string() { value } else { value.to_string().into() })
}

/// Contexts and results as REST has them.
fn inline(value: Value) -> Value {
    rewritten(value, &|value| serde_json::from_str(value.as_str().unwrap()).unwrap())
}

fn rewritten(value: Value, rewrite: &dyn Fn(Value) -> Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| match name.as_str() {
                "context" | "result" | "difference" => (name, rewrite(value)),
                _ => (name, rewritten(value, rewrite)),
            })
            .collect(),
        Value::Array(items) => items.into_iter().map(|item| rewritten(item, rewrite)).collect(),
        value => value,
    }
}

async fn call_rest(server: &Server, description: &Value, method: &str, request: Value) -> Result<Value, Refusal> {
    let (path, verb, operation) = operation(description, method);
    let Value::Object(mut fields) = request else { panic!("{request}") };
    let mut path = path.to_owned();
    let mut query = BTreeMap::new();
    for parameter in operation["parameters"].as_array().unwrap() {
        let name = parameter["name"].as_str().unwrap();
        let Some(value) = fields.remove(name).filter(|value| !value.is_null()) else { continue };
        let text = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
        let text: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
        match parameter["in"].as_str().unwrap() {
            "path" => path = path.replace(&format!("{{{name}}}"), &text),
            _ => _ = query.insert(name.to_owned(), text),
        }
    }
    let query: Vec<String> = query.iter().map(|(name, text)| format!("{name}={text}")).collect();
    let target = if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) };
    let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
    let body = match schema.get("$ref").and_then(Value::as_str) {
        Some(reference) => fields.remove(&field_of(reference)).unwrap_or_default().to_string(),
        None if schema.is_null() => String::new(),
        None => Value::Object(std::mem::take(&mut fields)).to_string(),
    };
    assert_eq!(fields, Map::new(), "nowhere to put them in {method}");
    let answer = server.send(&verb.to_uppercase(), &target, &[JSON], body).await;
    if answer.status == 200 {
        return Ok(answer.json());
    }
    let error = &answer.json()["error"];
    let violations = error["details"][0]["fieldViolations"].as_array().cloned().unwrap_or_default();
    let fields = violations.iter().map(|violation| violation["field"].as_str().unwrap().to_owned()).collect();
    Err((error["status"].as_str().unwrap().to_owned(), fields))
}

/// The field whose message the schema is of: `cronConfig` of `#/components/schemas/CronConfig`.
fn field_of(reference: &str) -> String {
    let name = reference.rsplit('/').next().unwrap();
    name[..1].to_lowercase() + &name[1..]
}

/// Path, verb and description of the operation.
fn operation<'a>(description: &'a Value, id: &str) -> (&'a str, &'a str, &'a Value) {
    let paths = description["paths"].as_object().unwrap();
    let operations = paths.iter().flat_map(|(path, verbs)| {
        verbs.as_object().unwrap().iter().map(move |(verb, operation)| (path.as_str(), verb.as_str(), operation))
    });
    operations.into_iter().find(|(_, _, operation)| operation["operationId"] == id).unwrap()
}

/// Messages that are encoded already.
#[derive(Clone, Copy, Default)]
struct Bytes;

impl Codec for Bytes {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Bytes {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, item: Vec<u8>, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        to.put_slice(&item);
        Ok(())
    }
}

impl Decoder for Bytes {
    type Item = Vec<u8>;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        let bytes = from.copy_to_bytes(from.remaining());
        Ok(Some(bytes.to_vec()))
    }
}
