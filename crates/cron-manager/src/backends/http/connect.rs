//! A connection to one of the addresses that were checked.

use std::{io, net::SocketAddr, sync::Arc};

use rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;
use url::{Host, Url};

/// What a call goes over.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Whose certificates are trusted.
///
/// Errors: the cryptography of this build does not fit together.
pub(super) fn trusting(roots: RootCertStore) -> Result<Arc<ClientConfig>, rustls::Error> {
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = builder.with_safe_default_protocol_versions()?.with_root_certificates(roots);
    Ok(Arc::new(config.with_no_client_auth()))
}

/// Mozilla's list.
pub(super) fn public_roots() -> RootCertStore {
    RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() }
}

/// Connects to the first address that answers, and encrypts if the URL asks for it.
///
/// Errors: a text that says what was tried.
pub(super) async fn connect(
    url: &Url,
    addresses: &[SocketAddr],
    tls: &Arc<ClientConfig>,
) -> Result<Box<dyn Stream>, String> {
    let stream = reach(addresses).await?;
    if url.scheme() != "https" {
        return Ok(Box::new(stream));
    }
    let name = match url.host() {
        Some(Host::Domain(name)) => ServerName::try_from(name.trim_end_matches('.').to_owned()).ok(),
        Some(Host::Ipv4(address)) => Some(ServerName::IpAddress(address.into())),
        Some(Host::Ipv6(address)) => Some(ServerName::IpAddress(address.into())),
        None => None,
    };
    let name = name.ok_or("the URL's host is no name that a certificate could have")?;
    let encrypted = TlsConnector::from(Arc::clone(tls)).connect(name, stream).await;
    Ok(Box::new(encrypted.map_err(|error| format!("no encrypted connection: {error}"))?))
}

async fn reach(addresses: &[SocketAddr]) -> Result<TcpStream, String> {
    let mut last = (None, io::Error::other("no address"));
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = (Some(address), error),
        }
    }
    Err(match last {
        (Some(address), error) => format!("cannot connect to {address}: {error}"),
        (None, error) => error.to_string(),
    })
}
