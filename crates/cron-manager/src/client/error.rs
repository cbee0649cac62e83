//! Answers as errors: the table of `api/status.rs`, read the other way.

use std::{error, iter};

use tonic::{Code, ConnectError, Status};
use tonic_types::StatusExt as _;

use crate::{Error, ErrorKind};

/// The kind that has this code.
fn kind(code: Code) -> ErrorKind {
    match code {
        Code::InvalidArgument | Code::OutOfRange => ErrorKind::InvalidArgument,
        Code::NotFound => ErrorKind::NotFound,
        Code::AlreadyExists => ErrorKind::AlreadyExists,
        Code::Aborted => ErrorKind::Conflict,
        // A server of another version has no such method.
        Code::FailedPrecondition | Code::Unimplemented => ErrorKind::FailedPrecondition,
        Code::Unauthenticated => ErrorKind::Unauthenticated,
        Code::PermissionDenied => ErrorKind::PermissionDenied,
        Code::ResourceExhausted => ErrorKind::ResourceExhausted,
        // Whoever stands between may have given up.
        Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled => ErrorKind::Unavailable,
        Code::Ok | Code::Unknown | Code::Internal | Code::DataLoss => ErrorKind::Internal,
    }
}

/// What the server at `url` answered, or why there is no answer.
pub(super) fn of(status: &Status, url: &str) -> Error {
    if let Some(cause) = causes(status).last() {
        return Error::unavailable(format!("{url} does not answer: {cause}"));
    }
    let kind = kind(status.code());
    let violations = status.get_details_bad_request().map(|bad| bad.field_violations).unwrap_or_default();
    match violations.into_iter().next() {
        Some(first) => Error::new(kind, first.description).on_field(first.field),
        None => Error::new(kind, status.message()),
    }
}

/// Whether no connection could be made for it.
pub(super) fn was_not_sent(status: &Status) -> bool {
    causes(status).any(|cause| cause.is::<ConnectError>())
}

/// Whether no server answered it.
pub(super) fn has_no_answer(status: &Status) -> bool {
    causes(status).next().is_some()
}

/// What it comes from, the nearest first; nothing when a server answered it.
fn causes(status: &Status) -> impl Iterator<Item = &(dyn error::Error + 'static)> {
    iter::successors(error::Error::source(status), |cause| cause.source())
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "http://here";

    #[test]
    fn every_kind_comes_back_as_it_was_sent() {
        use ErrorKind as K;
        for kind in [
            K::InvalidArgument,
            K::NotFound,
            K::AlreadyExists,
            K::Conflict,
            K::FailedPrecondition,
            K::Unauthenticated,
            K::PermissionDenied,
            K::ResourceExhausted,
            K::Unavailable,
        ] {
            let back = of(&Error::new(kind, "so").into(), URL);
            assert_eq!((back.kind(), back.field(), back.message()), (kind, None, "so"));
            let back = of(&Error::new(kind, "so: not").on_field("a.b").into(), URL);
            assert_eq!((back.kind(), back.field(), back.message()), (kind, Some("a.b"), "so: not"));
        }
        let defect = of(&Error::internal("the password is hush").into(), URL);
        assert_eq!(defect.kind(), ErrorKind::Internal);
        assert!(!defect.to_string().contains("hush"), "a defect stays with the server");
    }

    #[test]
    fn what_no_server_of_ours_answers_is_told_apart_too() {
        assert_eq!(of(&Status::deadline_exceeded("late"), URL).kind(), ErrorKind::Unavailable);
        assert_eq!(of(&Status::unimplemented("no such method"), URL).kind(), ErrorKind::FailedPrecondition);
        assert_eq!(of(&Status::unknown("odd"), URL).kind(), ErrorKind::Internal);
    }
}
