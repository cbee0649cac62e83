//! Where the server is, and how to ask it.

use std::{sync::Arc, time::Duration};

use tonic::transport::{Endpoint, Uri};

use super::Client;
use crate::{Error, Result, backends::system::SystemClock, contracts::Clock};

/// The parts of a [`Client`].
pub struct ClientBuilder {
    url: String,
    token: Option<String>,
    ca: Option<String>,
    user_agent: String,
    connect_timeout: Duration,
    call_timeout: Duration,
    repeats: u32,
    clock: Arc<dyn Clock>,
}

impl ClientBuilder {
    pub(super) fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            token: None,
            ca: None,
            user_agent: concat!("cron-manager/", env!("CARGO_PKG_VERSION")).to_owned(),
            connect_timeout: Duration::from_secs(5),
            call_timeout: Duration::from_secs(30),
            repeats: 3,
            clock: Arc::new(SystemClock),
        }
    }

    /// The token to show: that of the server's settings, or the secret of one that was created.
    #[must_use]
    pub fn token(self, token: impl Into<String>) -> Self {
        Self { token: Some(token.into()), ..self }
    }

    /// Certificates in PEM that vouch for the server's, in place of Mozilla's list. Needs the feature `client-tls`, as `https` does.
    #[must_use]
    pub fn ca(self, pem: impl Into<String>) -> Self {
        Self { ca: Some(pem.into()), ..self }
    }

    /// What the server is told about who asks; `cron-manager/VERSION` by default.
    #[must_use]
    pub fn user_agent(self, user_agent: impl Into<String>) -> Self {
        Self { user_agent: user_agent.into(), ..self }
    }

    /// How long it may take to connect; 5 s by default.
    #[must_use]
    pub fn connect_timeout(self, connect_timeout: Duration) -> Self {
        Self { connect_timeout, ..self }
    }

    /// How long a call may take with all that is asked again; 30 s by default. Of a stream, until it begins.
    #[must_use]
    pub fn call_timeout(self, call_timeout: Duration) -> Self {
        Self { call_timeout, ..self }
    }

    /// How often a call without an answer is made again, at the most, if that does no harm: see [`Client`]. 3 by default; 0: never.
    #[must_use]
    pub fn repeats(self, repeats: u32) -> Self {
        Self { repeats, ..self }
    }

    /// The clock by which it waits; the machine's by default.
    #[must_use]
    pub fn clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..self }
    }

    /// The client. It must be built where tokio runs, and is not connected yet.
    ///
    /// Errors: invalid argument (`url`, `token`, `ca`, `userAgent`).
    pub async fn build(self) -> Result<Client> {
        let endpoint = Endpoint::new(uri(&self.url)?)
            .and_then(|endpoint| endpoint.user_agent(&*self.user_agent))
            .map_err(|error| Error::invalid("userAgent", "no header can carry it").with_source(error))?
            .connect_timeout(self.connect_timeout)
            .http2_keep_alive_interval(KEEP_ALIVE)
            .keep_alive_while_idle(false);
        let endpoint = encrypted(endpoint, &self.url, self.ca.as_deref())?;
        let bearer = |token: String| {
            let value = format!("Bearer {token}").parse();
            value.map_err(|_| Error::invalid("token", "holds a character that its header cannot carry"))
        };
        let authorization = self.token.map(bearer).transpose()?.map(|mut value: tonic::metadata::MetadataValue<_>| {
            value.set_sensitive(true);
            value
        });
        Ok(Client {
            channel: endpoint.connect_lazy(),
            url: self.url.into(),
            authorization,
            reason: None,
            asked_in: None,
            call_timeout: self.call_timeout,
            repeats: self.repeats,
            clock: self.clock,
        })
    }
}

/// How often a connection on which a call is under way is asked whether it lives; one that is dead is noticed so.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

fn uri(url: &str) -> Result<Uri> {
    let wrong = |why: &str| Error::invalid("url", format!("{why}; write one such as http://127.0.0.1:8787"));
    let uri: Uri = url.parse().map_err(|_| wrong("is no URL"))?;
    let is_whole = uri.authority().is_some_and(|authority| !authority.as_str().contains('@'));
    match uri.scheme_str() {
        Some("http" | "https") if is_whole && matches!(uri.path(), "" | "/") && uri.query().is_none() => Ok(uri),
        Some("http" | "https") => Err(wrong("is scheme, host and port alone")),
        _ => Err(wrong("has to begin with http:// or https://")),
    }
}

#[cfg(feature = "client-tls")]
fn encrypted(endpoint: Endpoint, url: &str, ca: Option<&str>) -> Result<Endpoint> {
    use tonic::transport::{Certificate, ClientTlsConfig};

    if !url.starts_with("https:") {
        return Ok(endpoint);
    }
    let config = match ca {
        Some(pem) => ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem)),
        None => ClientTlsConfig::new().with_webpki_roots(),
    };
    endpoint.tls_config(config).map_err(|error| Error::invalid("ca", "holds no certificate in PEM").with_source(error))
}

#[cfg(not(feature = "client-tls"))]
fn encrypted(endpoint: Endpoint, url: &str, ca: Option<&str>) -> Result<Endpoint> {
    match url.starts_with("https:") || ca.is_some() {
        true => Err(Error::invalid("url", "https needs the feature client-tls of this crate")),
        false => Ok(endpoint),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_scheme_host_and_port() {
        for right in ["http://localhost:8787", "http://[::1]:80/", "https://jobs.example"] {
            assert!(uri(right).is_ok(), "{right}");
        }
        for wrong in ["", "localhost:8787", "ftp://a", "http://", "http://me:hush@a", "http://a/v1", "http://a/?b"] {
            let error = uri(wrong).unwrap_err();
            assert_eq!(error.field(), Some("url"), "{wrong}");
            assert!(!error.to_string().contains("hush"), "{error}");
        }
    }
}
