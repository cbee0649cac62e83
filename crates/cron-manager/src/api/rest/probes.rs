//! Probes: whether the process runs, and whether what it needs answers.

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::answer::json;
use crate::{CronManager, manager::Part};

pub(super) async fn livez() -> Response {
    json(&json!({"alive": true}))
}

pub(super) async fn readyz(State(manager): State<CronManager>) -> Response {
    let readiness = manager.readiness().await;
    let status = if readiness.is_ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let parts: Vec<_> = readiness.parts.iter().map(show_part).collect();
    (status, json(&json!({"ready": readiness.is_ready(), "parts": parts}))).into_response()
}

pub(super) async fn metrics(State(manager): State<CronManager>) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], manager.metrics().await).into_response()
}

/// Whether a part answers; why it does not is for the log, since it may name hosts and users.
fn show_part(part: &Part) -> Value {
    if let Some(error) = &part.error {
        tracing::error!(part = part.name, %error, "not ready");
    }
    let took = prost_types::Duration::try_from(part.took).unwrap_or_default().to_string();
    json!({"name": part.name, "needed": part.needed, "ready": part.error.is_none(), "took": took})
}
