//! What comes back.

use http_body_util::BodyExt;
use hyper::{Response, StatusCode, body::Incoming, header};
use serde_json::{Value, json};

use crate::{HandlerResult, Outcome};

/// How much of an answer is read.
const KEPT: usize = 256 * 1024;
/// How much of it an error quotes.
const QUOTED: usize = 1024;

/// An answer's body, as far as it was read.
struct Body {
    bytes: Vec<u8>,
    cut: bool,
}

/// What a run makes of an answer: JSON or text is its result; a status of 400 and above, or one that leads elsewhere, is a failure.
pub(super) async fn judge(response: Response<Incoming>) -> HandlerResult {
    let (status, headers) = (response.status(), response.headers().clone());
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if status.is_redirection() {
        let to = text(header::LOCATION).chars().take(200).collect::<String>();
        return Err(format!(
            "the answer was {status}, which leads to {to:?}; redirects are not followed: set the URL to where it leads"
        ));
    }
    if !status.is_success() {
        let Body { bytes, .. } = read(response, QUOTED).await?;
        return Err(format!("the answer was {status}: {}", String::from_utf8_lossy(&bytes)));
    }
    let is_json = is_json(text(header::CONTENT_TYPE));
    let body = read(response, KEPT).await.map_err(|error| format!("the answer was {status}, and then {error}"))?;
    Ok(value(body, is_json, status))
}

async fn read(response: Response<Incoming>, limit: usize) -> Result<Body, String> {
    let mut incoming = response.into_body();
    let mut body = Body { bytes: Vec::new(), cut: false };
    while let Some(frame) = incoming.frame().await {
        let frame = frame.map_err(|error| format!("the answer broke off: {error}"))?;
        let Ok(data) = frame.into_data() else { continue };
        let room = limit - body.bytes.len();
        body.bytes.extend_from_slice(&data[..data.len().min(room)]);
        if data.len() > room {
            body.cut = true;
            break;
        }
    }
    Ok(body)
}

/// `application/json`, and all that is written like it (RFC 6839).
fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || essence.ends_with("+json")
}

fn value(body: Body, is_json: bool, status: StatusCode) -> Value {
    if body.bytes.is_empty() {
        return json!({ "status": status.as_u16() });
    }
    match serde_json::from_slice(&body.bytes) {
        Ok(value) if is_json && !body.cut => value,
        _ => text(String::from_utf8_lossy(&body.bytes).into_owned(), body.cut),
    }
}

/// A text, or the beginning of it, that fits into a result.
fn text(mut text: String, mut cut: bool) -> Value {
    while json!(text).to_string().len() > Outcome::RESULT_LIMIT - QUOTED {
        let end = (0..=text.len() / 2).rfind(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
        cut = true;
    }
    if cut { json!({ "truncated": true, "text": text }) } else { Value::String(text) }
}
