//! The one table from kinds of errors to what callers see.

use tonic::Code;
use tonic_types::{ErrorDetails, StatusExt as _};

use super::wire::Misfit;
use crate::{Error, ErrorKind};

/// The gRPC code of `kind`.
pub(super) fn code(kind: ErrorKind) -> Code {
    match kind {
        ErrorKind::InvalidArgument => Code::InvalidArgument,
        ErrorKind::NotFound => Code::NotFound,
        ErrorKind::AlreadyExists => Code::AlreadyExists,
        ErrorKind::Conflict => Code::Aborted,
        ErrorKind::FailedPrecondition => Code::FailedPrecondition,
        ErrorKind::Unauthenticated => Code::Unauthenticated,
        ErrorKind::PermissionDenied => Code::PermissionDenied,
        ErrorKind::ResourceExhausted => Code::ResourceExhausted,
        ErrorKind::Unavailable => Code::Unavailable,
        ErrorKind::Internal => Code::Internal,
    }
}

/// An error on its way to the caller. What a defect is about is for the log only: it may name hosts and users.
impl From<Error> for tonic::Status {
    fn from(error: Error) -> Self {
        let code = code(error.kind());
        let message = match error.kind() {
            ErrorKind::Internal => "something is wrong inside; the server's log says what",
            _ => error.message(),
        };
        if matches!(error.kind(), ErrorKind::Internal | ErrorKind::Unavailable) {
            tracing::error!(%error, "a request failed");
        }
        status(code, error.field().unwrap_or_default(), message)
    }
}

impl From<Misfit> for tonic::Status {
    fn from(Misfit { field, message }: Misfit) -> Self {
        status(Code::InvalidArgument, &field, &message)
    }
}

/// The message names the field, too, for those who read nothing else.
fn status(code: Code, field: &str, message: &str) -> tonic::Status {
    if field.is_empty() {
        return tonic::Status::new(code, message);
    }
    let details = ErrorDetails::with_bad_request_violation(field, message);
    tonic::Status::with_error_details(code, format!("{field}: {message}"), details)
}
