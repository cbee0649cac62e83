//! What a caller sees of an error: AIP-193 JSON, `application/problem+json` (RFC 9457) for who prefers it, or trailers for gRPC.

use std::time::Duration;

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use tonic::{Code, Status};
use tonic_types::{FieldViolation, StatusExt as _};

use super::{status::code, wire::Misfit};
use crate::{Error, ErrorKind};

/// An error on its way to the caller.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    code: Code,
    status: StatusCode,
    message: String,
    violations: Vec<FieldViolation>,
    header: Option<Box<(HeaderName, HeaderValue)>>,
}

impl Problem {
    /// An error of this kind.
    pub(super) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Status::new(code(kind), message).into()
    }

    pub(super) fn no_route() -> Self {
        Self::new(ErrorKind::NotFound, "there is nothing at this path")
    }

    /// The path takes other methods: these.
    pub(super) fn method_not_allowed(allowed: &[&Method]) -> Self {
        let mut allowed: Vec<&str> = allowed.iter().map(|method| method.as_str()).collect();
        if allowed.contains(&"GET") {
            allowed.push("HEAD");
        }
        allowed.sort_unstable();
        allowed.dedup();
        let status = Status::unimplemented("this path does not take this method");
        Self::from(status).with_status(StatusCode::METHOD_NOT_ALLOWED).with_header(header::ALLOW, &allowed.join(","))
    }

    /// The body is of another type than JSON.
    pub(super) fn not_json(given: &str) -> Self {
        let given = if given.is_empty() { "missing" } else { given };
        let message = format!(
            "the content type is {given}; add the header \"Content-Type: application/json\" (curl: -H 'Content-Type: application/json')"
        );
        Self::new(ErrorKind::InvalidArgument, message).with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE)
    }

    pub(super) fn too_large(limit: usize) -> Self {
        let message = format!("the body is larger than {limit} bytes");
        Self::new(ErrorKind::InvalidArgument, message).with_status(StatusCode::PAYLOAD_TOO_LARGE)
    }

    pub(super) fn too_slow(limit: Duration) -> Self {
        let message = format!("the body did not arrive within {limit:?}");
        Self::from(Status::deadline_exceeded(message)).with_status(StatusCode::REQUEST_TIMEOUT)
    }

    /// The same under a status of HTTP that says more than that of its kind.
    fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// With a header in its answer.
    pub(super) fn with_header(self, name: HeaderName, value: &str) -> Self {
        Self { header: HeaderValue::from_str(value).ok().map(|value| Box::new((name, value))), ..self }
    }

    /// The answer to a request with these headers.
    pub(super) fn respond(&self, request: &HeaderMap) -> Response {
        let content_type = request.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
        let mut response = if content_type.to_ascii_lowercase().starts_with(b"application/grpc") {
            let mut response = Status::new(self.code, &self.message).into_http();
            // What the caller speaks, as gRPC-Web, it is answered in.
            if let Some(form) = request.get(header::CONTENT_TYPE) {
                response.headers_mut().insert(header::CONTENT_TYPE, form.clone());
            }
            response
        } else {
            let (form, body) = match prefers_problem_json(request) {
                true => ("application/problem+json", self.to_rfc9457()),
                false => ("application/json", self.to_aip()),
            };
            (self.status, [(header::CONTENT_TYPE, form)], body.to_string()).into_response()
        };
        response.headers_mut().extend(self.header.as_deref().cloned());
        response
    }

    pub(super) fn to_aip(&self) -> Value {
        let mut error = json!({"code": self.status.as_u16(), "status": http(self.code).1, "message": self.message});
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
            "code": http(self.code).1,
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
        let bad_request = status.get_details_bad_request();
        let violations = bad_request.map(|bad| bad.field_violations).unwrap_or_default();
        let (code, message) = (status.code(), status.message().to_owned());
        let this = Self { code, status: http(code).0, message, violations, header: None };
        if code == Code::Unauthenticated { this.with_header(header::WWW_AUTHENTICATE, "Bearer") } else { this }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Status::from(error).into()
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

/// It travels in the response's extensions until [`render`] knows the form that is wanted.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Writes the body of an error.
pub(super) async fn render(request: Request, next: Next) -> Response {
    let headers = request.headers().clone();
    let mut response = next.run(request).await;
    match response.extensions_mut().remove::<Problem>() {
        Some(problem) => problem.respond(&headers),
        None => response,
    }
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
