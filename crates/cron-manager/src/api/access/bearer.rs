//! The headers that tell who asks, and why.

use axum::http::{HeaderMap, header};
use percent_encoding::percent_decode;

use crate::{ErrorKind, api::problem::Problem, domain::Author};

/// The longest `Authorization` header, in bytes.
const LONGEST: usize = 1024;

/// The header that says why.
const REASON: &str = "cron-manager-reason";

/// The token that the request shows (RFC 6750, section 2.1). `None`: it shows none.
pub(super) fn token(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut given = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = given.next() else { return Ok(None) };
    let text = value.to_str().ok().filter(|text| text.len() <= LONGEST && given.next().is_none());
    let (scheme, token) = text.and_then(|text| text.split_once(' ')).ok_or_else(unknown)?;
    let token = token.trim_matches(' ');
    let is_bearer = scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() && !token.contains(' ');
    if is_bearer { Ok(Some(token)) } else { Err(unknown()) }
}

/// The one answer to all who are not known: it does not tell what was wrong.
pub(super) fn unknown() -> Problem {
    Problem::new(ErrorKind::Unauthenticated, "show a token that counts, in one header: \"Authorization: Bearer TOKEN\"")
}

/// Why the caller asks, in their own words.
pub(super) fn reason(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let wrong = |why: String| Problem::new(ErrorKind::InvalidArgument, format!("the header Cron-Manager-Reason {why}"));
    let mut given = headers.get_all(REASON).iter();
    let Some(value) = given.next() else { return Ok(None) };
    if given.next().is_some() {
        return Err(wrong("is there twice; send one".into()));
    }
    let text = percent_decode(value.as_bytes()).decode_utf8();
    let text = text.map_err(|_| wrong("is no UTF-8; percent-encode it".into()))?;
    if text.len() > Author::REASON_LIMIT {
        return Err(wrong(format!("has {} bytes; at most {} fit", text.len(), Author::REASON_LIMIT)));
    }
    if text.chars().any(char::is_control) {
        return Err(wrong("holds a control character; leave it out".into()));
    }
    Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty()))
}
