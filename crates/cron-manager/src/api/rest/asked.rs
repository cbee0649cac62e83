//! The manager that speaks for the caller, and what the caller may ask of it.

use std::convert::Infallible;

use axum::{
    extract::{FromRequestParts, Request},
    http::{Method, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::problem::Problem;
use crate::{Author, CronManager, Role};

/// The manager, speaking for who asks.
pub(super) struct Asked(pub(super) CronManager);

impl FromRequestParts<CronManager> for Asked {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, manager: &CronManager) -> Result<Self, Infallible> {
        Ok(Self(manager.by(caller(&parts.extensions))))
    }
}

/// Whom nobody has let in may read.
fn caller(extensions: &axum::http::Extensions) -> Author {
    extensions.get().cloned().unwrap_or_else(|| Author::new("anonymous", Role::Viewer))
}

/// Reading is for viewers, triggering for operators, all else for admins.
pub(super) async fn check_role(request: Request, next: Next) -> Response {
    let needed = match (request.method(), request.uri().path()) {
        (&Method::GET | &Method::HEAD | &Method::OPTIONS, _) | (_, "/livez" | "/readyz") => Role::Viewer,
        (_, path) if path.ends_with(":trigger") => Role::Operator,
        _ => Role::Admin,
    };
    match caller(request.extensions()).allows(needed) {
        Ok(()) => next.run(request).await,
        Err(error) => Problem::from(error).into_response(),
    }
}
