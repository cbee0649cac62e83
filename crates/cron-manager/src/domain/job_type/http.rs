//! Jobs that call a URL.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use super::HttpFields;
use crate::{Error, Result};

/// What stands in the place of a secret.
pub(super) const MASK: &str = "***";

const URL: &str = "http.url";
const HEADERS: &str = "http.headers";

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

/// How a URL is called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum HttpMethod {
    /// Without a body.
    Get,
    /// With a body.
    #[default]
    Post,
    /// With a body.
    Put,
    /// With a body.
    Patch,
    /// Without a body.
    Delete,
}

impl HttpMethod {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// Whether the call has a body.
    pub fn has_body(self) -> bool {
        !matches!(self, Self::Get | Self::Delete)
    }
}

/// A URL to call.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpJob {
    /// `http` or `https`, without user, password and fragment.
    pub url: String,
    /// How to call it.
    pub method: HttpMethod,
    /// Names in lower case, and their values, some of which may be secret.
    pub headers: BTreeMap<String, String>,
}

/// Without the values of headers that may be secret.
impl fmt::Debug for HttpJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpJob")
            .field("url", &self.url)
            .field("method", &self.method)
            .field("headers", &masked(&self.headers))
            .finish()
    }
}

impl HttpJob {
    /// The longest URL, in bytes.
    pub const MAX_URL: usize = 2 * 1024;
    /// The most headers.
    pub const MAX_HEADERS: usize = 32;
    /// The longest value of a header, in bytes.
    pub const MAX_VALUE: usize = 4 * 1024;

    /// The job for people to see: `***` for the values of headers that may be secret. Sent back, it keeps them.
    pub fn masked(&self) -> Self {
        Self { headers: masked(&self.headers), ..self.clone() }
    }

    /// `old` with these fields in place of its own.
    pub(super) fn changed(fields: &HttpFields, old: Option<Self>) -> Result<Self> {
        let url = fields.url.clone().or_else(|| old.as_ref().map(|job| job.url.clone()));
        let url =
            url.ok_or_else(|| Error::invalid(URL, "an http job needs a URL, such as https://example.org/hook"))?;
        check_url(&url)?;
        let method = fields.method.or(old.as_ref().map(|job| job.method)).unwrap_or_default();
        // Secrets were given for the place they were given for: whoever may move the job must not learn them that way.
        let moved = old.as_ref().is_some_and(|job| origin(&job.url) != origin(&url));
        let kept = old.map(|job| job.headers).unwrap_or_default();
        let headers = match &fields.headers {
            Some(headers) => headers_of(headers, if moved { &EMPTY } else { &kept })?,
            None if moved && kept.keys().any(|name| is_secret(name)) => return Err(ask_again()),
            None => kept,
        };
        Ok(Self { url, method, headers })
    }
}

static EMPTY: BTreeMap<String, String> = BTreeMap::new();

fn ask_again() -> Error {
    Error::invalid(HEADERS, "the URL leads to another place; give the secret headers anew, or `headers` without them")
}

/// Scheme, host and port, as they are written.
fn origin(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let host = rest.split(['/', '?']).next().unwrap_or_default();
    format!("{scheme}://{host}").to_ascii_lowercase()
}

/// The values of headers that may be secret, masked.
pub(super) fn masked(headers: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let shown = |(name, value): (&String, &String)| {
        (name.clone(), if is_secret(name) { MASK.to_owned() } else { value.clone() })
    };
    headers.iter().map(shown).collect()
}

/// Whether the value of a header may be secret.
fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["authorization", "cookie", "key", "token", "secret", "password"].iter().any(|end| name.ends_with(end))
}

fn check_url(url: &str) -> Result<()> {
    let wrong = |why: &str| Err(Error::invalid(URL, why));
    if url.len() > HttpJob::MAX_URL {
        return wrong(&format!("the URL has {} bytes; at most {} fit", url.len(), HttpJob::MAX_URL));
    }
    let scheme = url.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    let rest = match scheme.as_deref() {
        Some("http" | "https") => url.split_once("://").map_or("", |(_, rest)| rest),
        _ => return wrong("the URL must begin with http:// or https://"),
    };
    if url.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return wrong("the URL has a space or a control character in it; write it percent-encoded, such as %20");
    }
    if url.contains('#') {
        return wrong("the URL has a fragment (#…), which is never sent; leave it out");
    }
    let host = rest.split(['/', '?', '\\']).next().unwrap_or_default();
    if host.contains('@') {
        return wrong("the URL has a user or password in it; give a header such as Authorization instead");
    }
    if host.is_empty() || host.starts_with(':') {
        return wrong("the URL names no host");
    }
    #[cfg(feature = "http-jobs")]
    if let Err(error) = url::Url::parse(url) {
        return wrong(&format!("this is no URL: {error}"));
    }
    Ok(())
}

/// What was given, names in lower case, secrets that were sent back masked put in their place.
fn headers_of(given: &BTreeMap<String, String>, stored: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>> {
    let wrong = |name: &str, why: &str| Error::invalid(HEADERS, format!("{name:?}: {why}"));
    if given.len() > HttpJob::MAX_HEADERS {
        let message = format!("there are {} headers; at most {} fit", given.len(), HttpJob::MAX_HEADERS);
        return Err(Error::invalid(HEADERS, message));
    }
    let mut headers = BTreeMap::new();
    for (name, value) in given {
        check_name(name).map_err(|why| wrong(name, why))?;
        let lower = name.to_ascii_lowercase();
        let value = match stored.get(&lower) {
            Some(stored) if value == MASK && is_secret(name) => stored,
            None if value == MASK && is_secret(name) => {
                return Err(wrong(name, "*** keeps a stored value, and there is none; give the value"));
            }
            _ => value,
        };
        check_value(value).map_err(|why| wrong(name, why))?;
        if headers.insert(lower, value.clone()).is_some() {
            return Err(wrong(name, "is given twice; names differ in more than their case"));
        }
    }
    Ok(headers)
}

/// A token (RFC 9110, section 5.6.2) that is the caller's to set.
fn check_name(name: &str) -> Result<(), &'static str> {
    let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
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

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(url: &str, headers: &[(&str, &str)]) -> HttpFields {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        HttpFields { url: Some(url.into()), headers: Some(headers), ..HttpFields::default() }
    }

    fn job(url: &str, headers: &[(&str, &str)]) -> Result<HttpJob> {
        HttpJob::changed(&fields(url, headers), None)
    }

    #[test]
    fn a_url_that_is_not_plainly_http_is_refused_on_write() {
        for url in ["http://a.example", "HTTPS://a.example:8443/b?c=d", "http://[2001:db8::1]/"] {
            assert!(job(url, &[]).is_ok(), "{url}");
        }
        let long = format!("http://a.example/{}", "x".repeat(HttpJob::MAX_URL));
        for url in [
            "",
            "a.example",
            "file:///etc/passwd",
            "ftp://a.example",
            "unix:/run/docker.sock",
            "http:///b",
            "http://:80/",
            "http://me:hush@a.example/",
            "http://me@a.example/",
            "http://a.example/#b",
            "http://a.example/b c",
            "http://a.example/\r\nHost: b",
            "http://a.example\0",
            &long,
        ] {
            let error = job(url, &[]).unwrap_err();
            assert_eq!(error.field(), Some(URL), "{url}");
            assert!(!error.to_string().contains("hush"), "{error}");
        }
        assert_eq!(HttpJob::changed(&HttpFields::default(), None).unwrap_err().field(), Some(URL));
    }

    #[test]
    fn a_header_that_is_not_the_callers_or_would_split_the_head_is_refused() {
        for (name, value) in [
            ("Host", "b"),
            ("content-length", "1"),
            ("Transfer-Encoding", "chunked"),
            ("CONNECTION", "close"),
            ("Cron-Manager-Fence", "9"),
            ("Idempotency-Key", "mine"),
            ("traceparent", "00"),
            ("", "b"),
            ("a b", "c"),
            ("a:", "c"),
            ("a\r\nb", "c"),
            ("a", "b\r\nc: d"),
            ("a", "b\nc"),
            ("a", "b\0"),
            ("a", "ä"),
        ] {
            assert_eq!(job("http://a.example", &[(name, value)]).unwrap_err().field(), Some(HEADERS), "{name:?}");
        }
        assert!(job("http://a.example", &[("A", "b"), ("a", "c")]).is_err());
        let many: Vec<_> = (0..33).map(|n| format!("h{n}")).collect();
        let many: Vec<_> = many.iter().map(|name| (&**name, "v")).collect();
        assert!(job("http://a.example", &many[..32]).is_ok());
        assert!(job("http://a.example", &many).is_err());
    }

    #[test]
    fn a_secret_is_shown_masked_and_kept_when_it_is_sent_back() {
        let secret = [("Authorization", "Bearer hush"), ("X-Api-Key", "hush"), ("Accept", "text/plain")];
        let stored = job("https://a.example/b", &secret).unwrap();
        assert!(!format!("{stored:?} {:?}", fields("http://a.example", &secret)).contains("hush"));
        let shown = stored.masked();
        let values: Vec<_> = shown.headers.values().map(String::as_str).collect();
        assert_eq!(values, ["text/plain", MASK, MASK]);
        let back = HttpFields { headers: Some(shown.headers), ..HttpFields::default() };
        assert_eq!(HttpJob::changed(&back, Some(stored)).unwrap().headers["x-api-key"], "hush");
        assert!(job("https://a.example/b", &[("X-Token", MASK)]).is_err());
        assert_eq!(job("https://a.example/b", &[("Accept", MASK)]).unwrap().headers["accept"], MASK);
    }

    #[test]
    fn a_stored_secret_does_not_follow_the_url_to_another_place() {
        let stored = job("https://a.example/b", &[("Authorization", "Bearer hush")]).unwrap();
        let change = |fields: &HttpFields| HttpJob::changed(fields, Some(stored.clone()));
        let url = |url: &str| HttpFields { url: Some(url.into()), ..HttpFields::default() };
        assert_eq!(change(&url("https://A.example/c")).unwrap().headers, stored.headers);
        for other in ["https://b.example/b", "http://a.example/b", "https://a.example:444/b"] {
            assert_eq!(change(&url(other)).unwrap_err().field(), Some(HEADERS), "{other}");
            assert!(change(&fields(other, &[("Authorization", MASK)])).is_err(), "{other}");
            assert!(change(&fields(other, &[])).unwrap().headers.is_empty());
        }
    }
}
