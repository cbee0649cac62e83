//! Headers of jobs that call a URL: which may be given, and which are secret.

use std::collections::BTreeMap;

use super::{
    HttpJob,
    secret::{Secret, UnsealedText},
};
use crate::{Error, Result};

/// What stands in the place of a secret.
pub(super) const MASK: &str = "***";

pub(super) const HEADERS: &str = "http.headers";

/// Headers that are the connection's own (RFC 9110, section 7.6.1), or the library's.
const REFUSED: [&str; 15] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "idempotency-key",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "traceparent",
    "tracestate",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// The values of headers that may be secret, masked.
pub(super) fn masked(headers: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let shown = |(name, value): (&String, &String)| {
        (name.clone(), if is_secret(name) { MASK.to_owned() } else { value.clone() })
    };
    headers.iter().map(shown).collect()
}

/// Whether the value of a header may be secret.
pub(super) fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["authorization", "cookie", "key", "token", "secret", "password"].iter().any(|end| name.ends_with(end))
}

/// Headers by their names in lower case.
#[derive(Default)]
pub(super) struct Headers {
    pub(super) plain: BTreeMap<String, String>,
    pub(super) secret: BTreeMap<String, UnsealedText>,
}

impl Headers {
    /// What was given. A secret that was sent back masked is the one that is kept.
    pub(super) fn given(given: &BTreeMap<String, String>, mut kept: BTreeMap<String, Secret>) -> Result<Self> {
        let wrong = |name: &str, why: &str| {
            // What is no name may be a whole line, with a value that is secret.
            let shown = name.split(|c| !is_token(c)).next().unwrap_or_default();
            Error::invalid(HEADERS, format!("{shown:?}: {why}"))
        };
        if given.len() > HttpJob::MAX_HEADERS {
            let message = format!("there are {} headers; at most {} fit", given.len(), HttpJob::MAX_HEADERS);
            return Err(Error::invalid(HEADERS, message));
        }
        let mut headers = Self::default();
        for (name, value) in given {
            check_name(name).and_then(|()| check_value(value)).map_err(|why| wrong(name, why))?;
            let lower = name.to_ascii_lowercase();
            if headers.plain.contains_key(&lower) || headers.secret.contains_key(&lower) {
                return Err(wrong(name, "is given twice; names differ in more than their case"));
            }
            if !is_secret(name) {
                headers.plain.insert(lower, value.clone());
                continue;
            }
            let text = match kept.remove(&lower) {
                Some(secret) if value == MASK => UnsealedText::Kept(secret),
                None if value == MASK => {
                    return Err(wrong(name, "*** keeps a stored value, and there is none; give the value"));
                }
                _ => UnsealedText::Given(value.clone()),
            };
            headers.secret.insert(lower, text);
        }
        Ok(headers)
    }

    /// All that is kept.
    pub(super) fn kept(plain: BTreeMap<String, String>, secret: BTreeMap<String, Secret>) -> Self {
        Self { plain, secret: secret.into_iter().map(|(name, kept)| (name, UnsealedText::Kept(kept))).collect() }
    }
}

/// What a token is of (RFC 9110, section 5.6.2).
fn is_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c)
}

/// A token that is the caller's to set.
fn check_name(name: &str) -> Result<(), &'static str> {
    let lower = name.to_ascii_lowercase();
    if name.is_empty() || name.len() > 128 || !name.chars().all(is_token) {
        Err("is no name of a header; use up to 128 letters, digits and - _ .")
    } else if REFUSED.contains(&&*lower) || lower.starts_with("cron-manager-") {
        Err("is set by the connection or by the library; leave it out")
    } else {
        Ok(())
    }
}

fn check_value(value: &str) -> Result<(), &'static str> {
    if value.len() > HttpJob::MAX_VALUE {
        Err("the value is longer than 4096 bytes")
    } else if value.chars().all(|c| c == '\t' || c == ' ' || c.is_ascii_graphic()) {
        Ok(())
    } else {
        Err("the value has a line break or another character that headers cannot hold; use printable ASCII")
    }
}
