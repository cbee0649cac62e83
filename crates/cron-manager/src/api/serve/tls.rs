//! Certificate and key.

use std::{io, path::Path, sync::Arc};

use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::{Error, Result};

/// A certificate and its key, for TLS 1.2 and 1.3.
#[derive(Clone)]
pub struct Tls(TlsAcceptor);

impl Tls {
    /// Reads PEM files: the certificate, followed by those that vouch for it, and its key.
    ///
    /// Errors: invalid argument (`tlsCert`, `tlsKey`): a file cannot be read, or holds no such thing, or the two do not belong together.
    pub fn read(cert: &Path, key: &Path) -> Result<Self> {
        let wrong = |field, file: &Path, why: &dyn std::fmt::Display| {
            Error::invalid(field, format!("{}: {why}", file.display()))
        };
        let chain: Vec<_> = CertificateDer::pem_file_iter(cert)
            .and_then(Iterator::collect)
            .map_err(|error| wrong("tlsCert", cert, &error))?;
        if chain.is_empty() {
            return Err(wrong(
                "tlsCert",
                cert,
                &"there is no certificate in it; it has to begin with BEGIN CERTIFICATE",
            ));
        }
        let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| wrong("tlsKey", key, &error))?;
        let together = |error: rustls::Error| {
            let why = format!("is not the key of the certificate in {}, or cannot be used ({error})", cert.display());
            wrong("tlsKey", key, &why)
        };
        // TLS 1.2 and 1.3 are those that are safe.
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| Error::internal("TLS cannot be set up").with_source(error))?
            .with_no_client_auth()
            .with_single_cert(chain, secret)
            .map_err(together)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self(Arc::new(config).into()))
    }

    pub(super) async fn accept(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        self.0.accept(stream).await
    }
}
