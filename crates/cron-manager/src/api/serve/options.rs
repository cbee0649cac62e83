//! How to serve, and whether that may be.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use super::super::access::Access;
#[cfg(feature = "settings")]
use crate::{CronManager, settings::HttpSettings};
use crate::{Error, ErrorKind, Result};

/// How much a client may ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest body of a request, in bytes.
    pub body: usize,
    /// The largest head of a request, in bytes; of HTTP/1 at least 8 KiB.
    pub head: usize,
    /// How long a client may take from its connection to the end of its first head, and in HTTP/1 for each head after.
    pub head_timeout: Duration,
    /// How long a client may take to send a body.
    pub body_timeout: Duration,
    /// How many connections may be open at once; more wait to be accepted.
    pub connections: usize,
    /// How many requests may be worked on at once; more are refused. Answers that go on, as streams do, are not counted.
    pub requests: usize,
    /// How many requests an HTTP/2 connection may have under way.
    pub streams: u32,
    /// How many streams that the client has taken back an HTTP/2 connection may have in the queue (CVE-2023-44487).
    pub reset_streams: usize,
    /// How often an HTTP/2 client that says nothing is asked whether it is there, and how long it may take to answer.
    pub ping_every: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: 1024 * 1024,
            head: 16 * 1024,
            head_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            connections: 1_000,
            requests: 500,
            streams: 128,
            reset_streams: 20,
            ping_every: Duration::from_secs(20),
        }
    }
}

/// How to serve.
pub struct ServeOptions {
    /// Who may ask.
    pub access: Arc<Access>,
    /// How much they may ask for.
    pub limits: Limits,
    /// Lets other machines send tokens unencrypted, as where a proxy before this server sees to it that nobody can listen in.
    pub insecure: bool,
    /// The certificate. `None`: unencrypted.
    #[cfg(feature = "rest-tls")]
    pub tls: Option<super::Tls>,
}

impl ServeOptions {
    /// Unencrypted, with the limits that fit most.
    pub fn new(access: Access) -> Self {
        Self {
            access: Arc::new(access),
            limits: Limits::default(),
            insecure: false,
            #[cfg(feature = "rest-tls")]
            tls: None,
        }
    }

    /// As the settings say, by the tokens in the manager's store and the settings' own.
    ///
    /// Errors: invalid argument (`tlsCert`, `tlsKey`).
    #[cfg(feature = "settings")]
    pub fn by(settings: &HttpSettings, manager: &CronManager) -> Result<Self> {
        let access = Access::new(manager).allow_origins(settings.allowed_origins.iter().cloned());
        let access = match settings.token {
            Some(token) => access.operator(token),
            None => access,
        };
        let limits = Limits {
            body: settings.max_body,
            head: settings.max_head,
            head_timeout: settings.head_timeout,
            body_timeout: settings.body_timeout,
            connections: settings.max_connections,
            requests: settings.max_requests,
            streams: u32::try_from(settings.max_streams).unwrap_or(u32::MAX),
            ..Limits::default()
        };
        let options = Self { limits, insecure: settings.insecure, ..Self::new(access) };
        match (&settings.tls_cert, &settings.tls_key) {
            (None, None) => Ok(options),
            (Some(_), None) => Err(Error::invalid("tlsKey", "is missing: the certificate needs its key")),
            (None, Some(_)) => Err(Error::invalid("tlsCert", "is missing: the key needs its certificate")),
            (Some(cert), Some(key)) => options.encrypted(cert, key),
        }
    }

    #[cfg(all(feature = "settings", feature = "rest-tls"))]
    fn encrypted(self, cert: &std::path::Path, key: &std::path::Path) -> Result<Self> {
        Ok(Self { tls: Some(super::Tls::read(cert, key)?), ..self })
    }

    /// Who asked for encryption must not be left without.
    #[cfg(all(feature = "settings", not(feature = "rest-tls")))]
    fn encrypted(self, _: &std::path::Path, _: &std::path::Path) -> Result<Self> {
        Err(Error::invalid("tlsCert", "this build has no TLS; it comes with the feature rest-tls"))
    }

    /// Whether connections are encrypted.
    pub fn is_encrypted(&self) -> bool {
        #[cfg(feature = "rest-tls")]
        return self.tls.is_some();
        #[cfg(not(feature = "rest-tls"))]
        false
    }

    /// Refuses to serve on an address that other machines can reach, unless tokens are asked for, and nobody can listen in.
    ///
    /// Errors: failed precondition, unavailable (the tokens cannot be looked up).
    pub async fn check(&self, address: SocketAddr) -> Result<()> {
        if address.ip().to_canonical().is_loopback() {
            return Ok(());
        }
        let refused = |why| {
            let message = format!("{address} can be reached from other machines, and {why}; or listen on 127.0.0.1");
            Err(Error::new(ErrorKind::FailedPrecondition, message))
        };
        if !self.is_encrypted() && !self.insecure {
            return refused(
                "tokens would travel unencrypted: set tls_cert and tls_key, or insecure where a proxy encrypts or nobody can listen in",
            );
        }
        if !self.access.asks_for_token().await? {
            return refused("no token is asked for: set token (CRON_MANAGER_TOKEN)");
        }
        Ok(())
    }
}
