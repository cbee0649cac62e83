//! What a caller sees of an error: AIP-193 JSON, or `application/problem+json` (RFC 9457) for who prefers it.

use axum::{
    extract::Request,
    http::{HeaderMap, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::super::{status::status, wire::Misfit};
use crate::{Error, ErrorKind};

/// An error on its way to the caller. It travels in the response's extensions until [`render`] knows the form that is wanted.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    status: StatusCode,
    word: &'static str,
    message: String,
    field: Option<String>,
    allow: Option<&'static str>,
}

impl Problem {
    /// An error of the transport: it has no [`ErrorKind`].
    pub(super) fn new(status: StatusCode, word: &'static str, message: impl Into<String>) -> Self {
        Self { status, word, message: message.into(), field: None, allow: None }
    }

    pub(super) fn no_route() -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", "there is nothing at this path")
    }

    pub(super) fn method_not_allowed() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "UNIMPLEMENTED", "this path does not take this method")
    }

    /// The methods that the path takes.
    pub(super) fn allow(self, allow: &'static str) -> Self {
        Self { allow: Some(allow), ..self }
    }

    /// The message with the field's name, as it stands alone.
    fn full_message(&self) -> String {
        match &self.field {
            Some(field) => format!("{field}: {}", self.message),
            None => self.message.clone(),
        }
    }

    fn to_aip(&self) -> Value {
        let mut error = json!({"code": self.status.as_u16(), "status": self.word, "message": self.full_message()});
        if self.field.is_some() {
            error["details"] = json!([{
                "@type": "type.googleapis.com/google.rpc.BadRequest",
                "fieldViolations": self.violations(),
            }]);
        }
        json!({ "error": error })
    }

    fn to_rfc9457(&self) -> Value {
        let mut problem = json!({
            "type": "about:blank",
            "title": self.status.canonical_reason(),
            "status": self.status.as_u16(),
            "detail": self.full_message(),
            "code": self.word,
        });
        if self.field.is_some() {
            problem["fieldViolations"] = self.violations();
        }
        problem
    }

    fn violations(&self) -> Value {
        json!([{"field": self.field, "description": self.message}])
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let (status, word) = status(error.kind());
        let message = match error.kind() {
            ErrorKind::Internal => "something is wrong inside; the server's log says what",
            _ => error.message(),
        };
        if status.is_server_error() {
            tracing::error!(%error, "a request failed");
        }
        Self { field: error.field().map(Into::into), ..Self::new(status, word, message) }
    }
}

impl From<Misfit> for Problem {
    fn from(Misfit { field, message }: Misfit) -> Self {
        let (status, word) = status(ErrorKind::InvalidArgument);
        Self { field: Some(field).filter(|field| !field.is_empty()), ..Self::new(status, word, message) }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        if let Some(allow) = self.allow {
            response.headers_mut().insert(header::ALLOW, header::HeaderValue::from_static(allow));
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// Writes the body of an error.
pub(super) async fn render(request: Request, next: Next) -> Response {
    let rfc9457 = prefers_problem_json(request.headers());
    let mut response = next.run(request).await;
    let Some(problem) = response.extensions_mut().remove::<Problem>() else { return response };
    let (form, body) = match rfc9457 {
        true => ("application/problem+json", problem.to_rfc9457()),
        false => ("application/json", problem.to_aip()),
    };
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(form));
    *response.body_mut() = body.to_string().into();
    response
}

/// Whether `application/problem+json` is asked for by name, no less than plain JSON: who names both wants JSON, and errors as
/// problems.
fn prefers_problem_json(headers: &HeaderMap) -> bool {
    let accept: Vec<_> = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(media_range)
        .collect();
    let quality = |names: &[&str]| {
        names.iter().find_map(|name| accept.iter().find(|(range, _)| range.eq_ignore_ascii_case(name))).map(|(_, q)| *q)
    };
    let problem = quality(&["application/problem+json"]).unwrap_or(0.0);
    problem > 0.0 && problem >= quality(&["application/json", "application/*", "*/*"]).unwrap_or(0.0)
}

/// A media range and its quality.
fn media_range(text: &str) -> (&str, f32) {
    let mut parts = text.split(';').map(str::trim);
    let range = parts.next().unwrap_or_default();
    let quality = parts.find_map(|part| part.strip_prefix("q=")).and_then(|q| q.parse().ok());
    (range, quality.unwrap_or(1.0))
}
