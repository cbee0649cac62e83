//! What a caller sees of an error: AIP-193 JSON, or `application/problem+json` (RFC 9457) for who prefers it.

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use tonic::{Code, Status};
use tonic_types::{FieldViolation, StatusExt as _};

use crate::api::wire::Misfit;

/// An error on its way to the caller. It travels in the response's extensions until [`render`] knows the form that is wanted.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    status: StatusCode,
    word: &'static str,
    message: String,
    violations: Vec<FieldViolation>,
    allow: Option<HeaderValue>,
}

impl Problem {
    /// An error of the transport: no method was called.
    pub(super) fn new(status: StatusCode, word: &'static str, message: impl Into<String>) -> Self {
        Self { status, word, message: message.into(), violations: Vec::new(), allow: None }
    }

    pub(super) fn no_route() -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", "there is nothing at this path")
    }

    /// The path takes other methods: these.
    pub(super) fn method_not_allowed(allowed: &[&Method]) -> Self {
        let mut allowed: Vec<&str> = allowed.iter().map(|method| method.as_str()).collect();
        if allowed.contains(&"GET") {
            allowed.push("HEAD");
        }
        allowed.sort_unstable();
        let allow = HeaderValue::from_str(&allowed.join(",")).ok();
        let message = "this path does not take this method";
        Self { allow, ..Self::new(StatusCode::METHOD_NOT_ALLOWED, "UNIMPLEMENTED", message) }
    }

    /// The body is of another type than JSON.
    pub(super) fn not_json(given: &str) -> Self {
        let given = if given.is_empty() { "missing" } else { given };
        let message = format!(
            "the content type is {given}; add the header \"Content-Type: application/json\" (curl: -H 'Content-Type: application/json')"
        );
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "INVALID_ARGUMENT", message)
    }

    pub(super) fn too_large(limit: usize) -> Self {
        let message = format!("the body is larger than {limit} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "INVALID_ARGUMENT", message)
    }

    fn to_aip(&self) -> Value {
        let mut error = json!({"code": self.status.as_u16(), "status": self.word, "message": self.message});
        if !self.violations.is_empty() {
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
            "detail": self.message,
            "code": self.word,
        });
        if !self.violations.is_empty() {
            problem["fieldViolations"] = self.violations();
        }
        problem
    }

    fn violations(&self) -> Value {
        let violation =
            |violation: &FieldViolation| json!({"field": violation.field, "description": violation.description});
        self.violations.iter().map(violation).collect()
    }
}

impl From<Status> for Problem {
    fn from(status: Status) -> Self {
        let (http, word) = http(status.code());
        let bad_request = status.get_details_bad_request();
        let violations = bad_request.map(|bad| bad.field_violations).unwrap_or_default();
        Self { violations, ..Self::new(http, word, status.message()) }
    }
}

impl From<Misfit> for Problem {
    fn from(misfit: Misfit) -> Self {
        Status::from(misfit).into()
    }
}

/// The HTTP status of a gRPC code, and its name, as `google/rpc/code.proto` pairs them.
fn http(code: Code) -> (StatusCode, &'static str) {
    match code {
        Code::Ok => (StatusCode::OK, "OK"),
        Code::Cancelled => (StatusCode::from_u16(499).unwrap_or(StatusCode::BAD_REQUEST), "CANCELLED"),
        Code::InvalidArgument => (StatusCode::BAD_REQUEST, "INVALID_ARGUMENT"),
        Code::DeadlineExceeded => (StatusCode::GATEWAY_TIMEOUT, "DEADLINE_EXCEEDED"),
        Code::NotFound => (StatusCode::NOT_FOUND, "NOT_FOUND"),
        Code::AlreadyExists => (StatusCode::CONFLICT, "ALREADY_EXISTS"),
        Code::PermissionDenied => (StatusCode::FORBIDDEN, "PERMISSION_DENIED"),
        Code::ResourceExhausted => (StatusCode::TOO_MANY_REQUESTS, "RESOURCE_EXHAUSTED"),
        Code::FailedPrecondition => (StatusCode::BAD_REQUEST, "FAILED_PRECONDITION"),
        Code::Aborted => (StatusCode::CONFLICT, "ABORTED"),
        Code::OutOfRange => (StatusCode::BAD_REQUEST, "OUT_OF_RANGE"),
        Code::Unimplemented => (StatusCode::NOT_IMPLEMENTED, "UNIMPLEMENTED"),
        Code::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE"),
        Code::Unauthenticated => (StatusCode::UNAUTHORIZED, "UNAUTHENTICATED"),
        Code::Unknown => (StatusCode::INTERNAL_SERVER_ERROR, "UNKNOWN"),
        Code::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL"),
        Code::DataLoss => (StatusCode::INTERNAL_SERVER_ERROR, "DATA_LOSS"),
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        if let Some(allow) = self.allow.clone() {
            response.headers_mut().insert(header::ALLOW, allow);
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
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(form));
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
