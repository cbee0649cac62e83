//! The body of a request.

use axum::{
    body::to_bytes,
    extract::Request,
    http::{StatusCode, header},
};
use serde_json::Value;

use super::{
    super::wire::{Misfit, parse},
    problem::Problem,
};

/// The largest body, in bytes.
const MAX_BYTES: usize = 1024 * 1024;

/// The JSON that a request carries.
pub(super) async fn json(request: Request) -> Result<Value, Problem> {
    check_type(&request)?;
    Ok(parse(&bytes(request).await?)?)
}

/// Refuses a request that carries more than an empty object.
pub(super) async fn empty(request: Request) -> Result<(), Problem> {
    let typed = check_type(&request);
    let bytes = bytes(request).await?;
    if bytes.is_empty() {
        return Ok(());
    }
    typed?;
    match parse(&bytes)? {
        Value::Object(fields) => match fields.keys().next() {
            None => Ok(()),
            Some(name) => Err(Misfit::new(name, "unknown field: this method takes none").into()),
        },
        _ => Err(Misfit::new("", "the body must be a JSON object").into()),
    }
}

fn check_type(request: &Request) -> Result<(), Problem> {
    let given = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if given.split(';').next().is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json")) {
        return Ok(());
    }
    let given = if given.is_empty() { "missing" } else { given };
    Err(Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "INVALID_ARGUMENT",
        format!(
            "the content type is {given}; add the header \"Content-Type: application/json\" (curl: -H 'Content-Type: application/json')"
        ),
    ))
}

async fn bytes(request: Request) -> Result<axum::body::Bytes, Problem> {
    let too_large = Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "INVALID_ARGUMENT",
        format!("the body is larger than {MAX_BYTES} bytes"),
    );
    to_bytes(request.into_body(), MAX_BYTES).await.map_err(|_| too_large)
}
