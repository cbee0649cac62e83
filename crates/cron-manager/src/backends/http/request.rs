//! What is sent.

use http_body_util::Full;
use hyper::{
    Request,
    body::Bytes,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use serde_json::{Value, json};
use url::{Position, Url};

use super::headers::Opened;
use crate::{ActiveRun, HttpMethod};

/// The request of a run. What the library says of the run counts more than what the job says.
///
/// Errors: a text that says what does not fit into a request.
pub(super) fn request(
    url: &Url,
    method: HttpMethod,
    given: &Opened,
    run: &ActiveRun,
) -> Result<Request<Full<Bytes>>, String> {
    let body = if method.has_body() { Bytes::from(body(run).to_string()) } else { Bytes::new() };
    let mut headers = HeaderMap::new();
    put(&mut headers, "user-agent", concat!("cron-manager/", env!("CARGO_PKG_VERSION")))?;
    put(&mut headers, "accept", "application/json, text/*;q=0.9, */*;q=0.8")?;
    if method.has_body() {
        put(&mut headers, "content-type", "application/json")?;
    }
    for (name, value) in given {
        put(&mut headers, name, value)?;
    }
    let row = run.run();
    put(&mut headers, "host", &url[Position::BeforeHost..Position::AfterPort])?;
    put(&mut headers, "cron-manager-job", row.name.as_str())?;
    put(&mut headers, "cron-manager-run", &row.id.to_string())?;
    put(&mut headers, "cron-manager-due-at", &row.due_at.to_string())?;
    put(&mut headers, "cron-manager-attempt", &row.attempt.to_string())?;
    put(&mut headers, "cron-manager-fence", &row.fence.to_string())?;
    put(&mut headers, "idempotency-key", &row.idempotency_key())?;
    put(&mut headers, "traceparent", &row.outgoing_trace().to_string())?;
    let path = &url[Position::BeforePath..Position::AfterQuery];
    let request = Request::builder().method(method.as_str()).uri(path);
    let mut request = request.body(Full::new(body)).map_err(|error| format!("no request can be made: {error}"))?;
    *request.headers_mut() = headers;
    Ok(request)
}

fn put(headers: &mut HeaderMap, name: &str, value: &str) -> Result<(), String> {
    let name: HeaderName = name.parse().map_err(|_| format!("{name:?} is no name of a header"))?;
    let mut value: HeaderValue = value.parse().map_err(|_| format!("the value of the header {name} cannot be sent"))?;
    value.set_sensitive(true);
    headers.insert(name, value);
    Ok(())
}

/// The run as JSON.
fn body(run: &ActiveRun) -> Value {
    let (row, window) = (run.run(), run.window());
    json!({
        "job": row.name.as_str(),
        "run": row.id.to_string(),
        "dueAt": row.due_at.to_string(),
        "attempt": row.attempt,
        "fence": row.fence.to_string(),
        "idempotencyKey": row.idempotency_key(),
        "window": { "start": window.start.map(|start| start.to_string()), "end": window.end.to_string() },
        "context": run.context().to_value(),
    })
}
