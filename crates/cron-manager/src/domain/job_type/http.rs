//! Jobs that call a URL.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use super::{
    HttpFields, Sealed,
    headers::{HEADERS, Headers, MASK, is_secret, masked},
    secret::{Seal, Secret, Unsealed},
};
use crate::{Error, JobName, Result};

const URL: &str = "http.url";
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
    /// Names in lower case, and their values, which are not secret.
    pub headers: BTreeMap<String, String>,
    /// The headers whose values are secret, sealed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets: BTreeMap<String, Sealed>,
}

/// Without the values of headers that are secret by their names, whoever has put them there.
impl fmt::Debug for HttpJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpJob")
            .field("url", &self.url)
            .field("method", &self.method)
            .field("headers", &masked(&self.headers))
            .field("secrets", &self.secrets)
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

    /// What the sealed value of a header is bound to: the job's name, the header, and where the URL leads.
    pub fn place(name: &str, header: &str, url: &str) -> String {
        // None can hold a line break.
        format!("http\n{name}\n{header}\n{}", origin(url))
    }

    /// The headers for people to see: `***` for the values of secret ones. Sent back, it keeps them.
    pub fn shown_headers(&self) -> BTreeMap<String, String> {
        let secrets = self.secrets.keys().map(|name| (name.clone(), MASK.to_owned()));
        masked(&self.headers).into_iter().chain(secrets).collect()
    }

    /// A header that is secret by its name, and yet not sealed. It must not be sent: nobody knows who has put it there, or read it since.
    pub fn unsealed_secret(&self) -> Option<&str> {
        self.headers.keys().map(String::as_str).find(|name| is_secret(name))
    }

    /// What of it is secret, by the header.
    pub(super) fn secrets(&self, name: &JobName) -> BTreeMap<String, Secret> {
        let secret = |(header, sealed): (&String, &Sealed)| {
            let place = Self::place(name.as_str(), header, &self.url);
            (header.clone(), Secret { place, sealed: sealed.clone() })
        };
        self.secrets.iter().map(secret).collect()
    }

    /// `old`, which was of a job of that name, with these fields in place of its own, for the job `name`.
    pub(super) fn changed(
        fields: &HttpFields,
        old: Option<(&JobName, Self)>,
        name: &JobName,
        seal: Seal<'_>,
    ) -> Result<Self> {
        let mut kept = old.as_ref().map(|(old_name, job)| job.secrets(old_name)).unwrap_or_default();
        let old = old.map(|(_, job)| job);
        let url = fields.url.clone().or_else(|| old.as_ref().map(|job| job.url.clone()));
        let url =
            url.ok_or_else(|| Error::invalid(URL, "an http job needs a URL, such as https://example.org/hook"))?;
        check_url(&url)?;
        let method = fields.method.or(old.as_ref().map(|job| job.method)).unwrap_or_default();
        // Secrets were given for the place they were given for: whoever may move the job must not learn them that way.
        let moved = old.as_ref().is_some_and(|job| origin(&job.url) != origin(&url));
        let has_secrets = !kept.is_empty() || old.as_ref().is_some_and(|job| job.unsealed_secret().is_some());
        if moved {
            kept.clear();
        }
        let given = match &fields.headers {
            Some(headers) => Headers::given(headers, kept)?,
            None if moved && has_secrets => return Err(ask_again()),
            None => Headers::kept(old.map(|job| job.headers).unwrap_or_default(), kept),
        };
        let mut secrets = BTreeMap::new();
        for (header, text) in given.secret {
            let place = Self::place(name.as_str(), &header, &url);
            let what = format!("the value of {header:?}");
            secrets.insert(header, seal(Unsealed { place, text, field: HEADERS, what })?);
        }
        Ok(Self { url, method, headers: given.plain, secrets })
    }
}

fn ask_again() -> Error {
    Error::invalid(HEADERS, "the URL leads to another place; give the secret headers anew, or `headers` without them")
}

/// Scheme, host and port, as they are written.
fn origin(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let host = rest.split(['/', '?']).next().unwrap_or_default();
    format!("{scheme}://{host}").to_ascii_lowercase()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::UnsealedText;

    fn fields(url: &str, headers: &[(&str, &str)]) -> HttpFields {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        HttpFields { url: Some(url.into()), headers: Some(headers), ..HttpFields::default() }
    }

    /// As if it were sealed: the text itself, behind its place.
    fn seal(secret: Unsealed) -> Result<Sealed> {
        let text = match secret.text {
            UnsealedText::Given(text) => text,
            UnsealedText::Kept(kept) => kept.sealed.0.rsplit('=').next().unwrap().to_owned(),
        };
        Ok(Sealed(format!("{}={text}", secret.place)))
    }

    fn changed(fields: &HttpFields, old: Option<HttpJob>) -> Result<HttpJob> {
        let name = JobName::new("j").unwrap();
        HttpJob::changed(fields, old.map(|job| (&name, job)), &name, &mut seal)
    }

    fn job(url: &str, headers: &[(&str, &str)]) -> Result<HttpJob> {
        changed(&fields(url, headers), None)
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
        assert_eq!(changed(&HttpFields::default(), None).unwrap_err().field(), Some(URL));
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
        for (name, value) in [("Authorization: Bearer hush", ""), ("Authorization", "hush\n"), ("X-Key", "hush\u{e4}")]
        {
            let error = job("http://a.example", &[(name, value)]).unwrap_err().to_string();
            assert!(!error.contains("hush"), "{error}");
        }
        let many: Vec<_> = (0..33).map(|n| format!("h{n}")).collect();
        let many: Vec<_> = many.iter().map(|name| (&**name, "v")).collect();
        assert!(job("http://a.example", &many[..32]).is_ok());
        assert!(job("http://a.example", &many).is_err());
    }

    #[test]
    fn a_secret_is_shown_masked_and_kept_when_it_is_sent_back() {
        let secret = [("Authorization", "Bearer hush"), ("X-Api-Key", "hush"), ("Accept", "text/plain")];
        let stored = job("https://a.example/b", &secret).unwrap();
        assert_eq!(stored.headers.keys().collect::<Vec<_>>(), ["accept"], "the others are sealed");
        assert!(!format!("{:?}", fields("http://a.example", &secret)).contains("hush"));
        let shown = stored.shown_headers();
        let values: Vec<_> = shown.values().map(String::as_str).collect();
        assert_eq!(values, ["text/plain", MASK, MASK]);
        let back = HttpFields { headers: Some(shown), ..HttpFields::default() };
        assert_eq!(changed(&back, Some(stored.clone())).unwrap(), stored);
        assert_eq!(stored.secrets["x-api-key"].0, "http\nj\nx-api-key\nhttps://a.example=hush");
        assert!(job("https://a.example/b", &[("X-Token", MASK)]).is_err());
        assert_eq!(job("https://a.example/b", &[("Accept", MASK)]).unwrap().headers["accept"], MASK);
    }

    #[test]
    fn a_secret_goes_with_its_job_to_another_name() {
        let (old, new) = (JobName::new("j").unwrap(), JobName::new("k").unwrap());
        let stored = job("https://a.example/b", &[("X-Api-Key", "hush")]).unwrap();
        for headers in [None, Some(stored.shown_headers())] {
            let fields = HttpFields { headers, ..HttpFields::default() };
            let moved = HttpJob::changed(&fields, Some((&old, stored.clone())), &new, &mut seal).unwrap();
            assert_eq!(moved.secrets["x-api-key"].0, "http\nk\nx-api-key\nhttps://a.example=hush");
        }
    }

    #[test]
    fn a_secret_that_lies_in_plain_text_is_not_shown_kept_or_moved() {
        let headers = [("authorization".to_owned(), "Bearer hush".to_owned())].into();
        let stored = HttpJob { headers, ..job("https://a.example/b", &[]).unwrap() };
        assert_eq!(stored.unsealed_secret(), Some("authorization"));
        assert!(!format!("{stored:?} {:?}", stored.shown_headers()).contains("hush"));
        let back = HttpFields { headers: Some(stored.shown_headers()), ..HttpFields::default() };
        assert_eq!(changed(&back, Some(stored.clone())).unwrap_err().field(), Some(HEADERS));
        let away = HttpFields { url: Some("https://b.example".into()), ..HttpFields::default() };
        assert_eq!(changed(&away, Some(stored)).unwrap_err().field(), Some(HEADERS));
    }

    #[test]
    fn a_stored_secret_does_not_follow_the_url_to_another_place() {
        let stored = job("https://a.example/b", &[("Authorization", "Bearer hush")]).unwrap();
        let change = |fields: &HttpFields| changed(fields, Some(stored.clone()));
        let url = |url: &str| HttpFields { url: Some(url.into()), ..HttpFields::default() };
        assert_eq!(change(&url("https://A.example/c")).unwrap().secrets, stored.secrets);
        for other in ["https://b.example/b", "http://a.example/b", "https://a.example:444/b"] {
            assert_eq!(change(&url(other)).unwrap_err().field(), Some(HEADERS), "{other}");
            assert!(change(&fields(other, &[("Authorization", MASK)])).is_err(), "{other}");
            assert!(change(&fields(other, &[])).unwrap().secrets.is_empty());
        }
    }
}
