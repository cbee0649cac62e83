//! What a caller is told who is turned away before any method is asked, in REST and in gRPC.

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::json;

use super::status::status;
use crate::{Error, ErrorKind};

/// Why a request is turned away.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    word: &'static str,
    message: String,
}

impl Refusal {
    pub(super) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        let (status, word) = status(kind);
        Self::of(status, word, message)
    }

    /// A refusal of the transport: it has no [`ErrorKind`].
    pub(super) fn of(status: StatusCode, word: &'static str, message: impl Into<String>) -> Self {
        Self { status, word, message: message.into() }
    }

    /// The answer to a request with these headers: trailers alone for gRPC, a problem (RFC 9457) for who asks for one, or AIP-193 JSON.
    pub(super) fn respond(&self, request: &HeaderMap) -> Response {
        let text = |name| request.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).unwrap_or_default();
        let form = text(header::CONTENT_TYPE);
        if form.to_ascii_lowercase().starts_with("application/grpc") {
            return self.trailers_only(form);
        }
        let (form, body) = if text(header::ACCEPT).contains("application/problem+json") {
            let title = self.status.canonical_reason();
            let (status, code) = (self.status.as_u16(), self.word);
            let problem =
                json!({"type": "about:blank", "title": title, "status": status, "detail": self.message, "code": code});
            ("application/problem+json", problem)
        } else {
            let error = json!({"code": self.status.as_u16(), "status": self.word, "message": self.message});
            ("application/json", json!({ "error": error }))
        };
        let mut response = (self.status, [(header::CONTENT_TYPE, form)], body.to_string()).into_response();
        self.name_scheme(response.headers_mut());
        response
    }

    /// As gRPC over HTTP/2 has it: status and message in the one block of headers.
    fn trailers_only(&self, form: &str) -> Response {
        /// What must be percent-encoded in `grpc-message`.
        const ENCODED: &AsciiSet = &CONTROLS.add(b'%');
        let mut response = StatusCode::OK.into_response();
        let message = utf8_percent_encode(&self.message, ENCODED).to_string();
        for (name, value) in [("content-type", form), ("grpc-status", self.code()), ("grpc-message", &message)] {
            if let Ok(value) = HeaderValue::from_str(value) {
                response.headers_mut().insert(name, value);
            }
        }
        self.name_scheme(response.headers_mut());
        response
    }

    fn name_scheme(&self, headers: &mut HeaderMap) {
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
    }

    /// The number of its word in `google/rpc/code.proto`.
    fn code(&self) -> &'static str {
        match self.word {
            "INVALID_ARGUMENT" => "3",
            "DEADLINE_EXCEEDED" => "4",
            "PERMISSION_DENIED" => "7",
            "RESOURCE_EXHAUSTED" => "8",
            "UNAVAILABLE" => "14",
            "UNAUTHENTICATED" => "16",
            _ => "13",
        }
    }
}

/// The cause stays here: it may name hosts and users.
impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error.kind() {
            ErrorKind::Internal | ErrorKind::Unavailable => {
                tracing::error!(%error, "nobody can tell who asks");
                Self::new(error.kind(), "tokens cannot be looked up now; try again later")
            }
            kind => Self::new(kind, error.message()),
        }
    }
}
