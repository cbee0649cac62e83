//! Encrypted connections.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use cron_manager::{
    CronManager,
    api::serve::{Limits, ServeOptions, Tls},
    settings::HttpSettings,
};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsConnector;

use crate::wire::{SOON, Serving, open, routes};

/// A folder with a certificate for localhost, which is removed in the end.
struct Certificate(PathBuf);

impl Certificate {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("access-tls-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&folder).unwrap();
        let mut openssl = Command::new("openssl");
        openssl.args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test"]);
        openssl.args(["-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE"]);
        openssl.arg("-keyout").arg(folder.join("key.pem")).arg("-out").arg(folder.join("cert.pem"));
        let made = openssl.output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        Self(folder)
    }

    fn cert(&self) -> PathBuf {
        self.0.join("cert.pem")
    }

    fn key(&self) -> PathBuf {
        self.0.join("key.pem")
    }

    /// A client that trusts it, and speaks these protocols.
    fn client(&self, protocols: &[&str]) -> TlsConnector {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(self.cert()).unwrap()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let config = config.with_safe_default_protocol_versions().unwrap().with_root_certificates(roots);
        let mut config = config.with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        Arc::new(config).into()
    }

    async fn serve(&self, limits: Limits) -> Serving {
        let tls = Some(Tls::read(&self.cert(), &self.key()).unwrap());
        Serving::with(ServeOptions { limits, tls, ..ServeOptions::new(open()) }, routes()).await
    }
}

impl Drop for Certificate {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

fn localhost() -> ServerName<'static> {
    ServerName::try_from("localhost").unwrap()
}

#[tokio::test]
async fn both_versions_of_http_are_served_encrypted() {
    let certificate = Certificate::new();
    let serving = certificate.serve(Limits::default()).await;
    let connect = async |protocols: &[&str]| {
        let stream = serving.connect().await;
        certificate.client(protocols).connect(localhost(), stream).await.unwrap()
    };
    let mut one = connect(&["http/1.1"]).await;
    assert_eq!(one.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    one.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    one.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("hello"), "{answer}");
    let two = connect(&["http/1.1", "h2"]).await;
    assert_eq!(two.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (mut client, connection) = h2::client::handshake(two).await.unwrap();
    #[expect(clippy::disallowed_methods, reason = "a test on a runtime of its own")]
    tokio::spawn(connection);
    let request = axum::http::Request::get("https://localhost/").body(()).unwrap();
    let (response, _) = client.send_request(request, true).unwrap();
    assert_eq!(response.await.unwrap().status(), 200);
}

#[tokio::test]
async fn who_does_not_encrypt_is_not_answered_and_who_does_not_go_on_is_cut_off() {
    let certificate = Certificate::new();
    let serving = certificate.serve(Limits { head_timeout: SOON, ..Limits::default() }).await;
    let plain = serving.answer(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert!(!plain.contains("HTTP"), "{plain}");
    assert_eq!(serving.answer(b"").await, "", "a handshake that never begins");
    let mut silent = certificate.client(&[]).connect(localhost(), serving.connect().await).await.unwrap();
    let mut answer = Vec::new();
    let _ = silent.read_to_end(&mut answer).await;
    assert!(answer.is_empty());
}

#[tokio::test]
async fn files_that_are_no_certificate_and_key_are_refused_by_name() {
    let (one, other) = (Certificate::new(), Certificate::new());
    let absent = Path::new("/nonexistent/cert.pem");
    let refused = |cert: &Path, key: &Path| {
        let error = Tls::read(cert, key).err().expect("refused");
        (error.field().unwrap_or_default().to_owned(), error.to_string())
    };
    for (cert, key, field, told) in [
        (absent, &*one.key(), "tlsCert", "/nonexistent/cert.pem"),
        (&*one.cert(), absent, "tlsKey", "/nonexistent/cert.pem"),
        (&one.key(), &one.key(), "tlsCert", "no certificate in it"),
        (&one.cert(), &one.cert(), "tlsKey", "cert.pem"),
        (&one.cert(), &other.key(), "tlsKey", "is not the key of the certificate"),
    ] {
        let (wrong, text) = refused(cert, key);
        assert_eq!(wrong, field, "{text}");
        assert!(text.contains(told), "{text}");
    }
    let manager = CronManager::builder().build().await.unwrap();
    let by = |tls_cert: Option<PathBuf>, tls_key: Option<PathBuf>| {
        ServeOptions::by(&HttpSettings { tls_cert, tls_key, ..HttpSettings::default() }, &manager)
    };
    assert!(by(Some(one.cert()), Some(one.key())).unwrap().is_encrypted());
    assert_eq!(by(Some(one.cert()), None).err().unwrap().field(), Some("tlsKey"));
    assert_eq!(by(None, Some(one.key())).err().unwrap().field(), Some("tlsCert"));
}
