//! Encrypted connections. What is trusted is said by the environment, which a process of its own is given.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use cron_manager::ErrorKind;
use servers::Redis;

use crate::{
    server::{Outsider, unique},
    support::{TTL, ask, live, locker, signal, take},
};

/// A folder with a certificate for 127.0.0.1, which is removed in the end.
struct Certificate(PathBuf);

impl Certificate {
    fn new() -> Self {
        let folder = env::temp_dir().join(unique("certificate"));
        fs::create_dir(&folder).unwrap();
        let mut openssl = Command::new("openssl");
        openssl.args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test"]);
        openssl.args(["-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE"]);
        openssl.current_dir(&folder).args(["-keyout", "key", "-out", "certificate"]);
        assert!(openssl.output().unwrap().status.success());
        // Redis runs as somebody else.
        let open = <fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o644);
        fs::set_permissions(folder.join("key"), open).unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Certificate {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

/// Lets a server listen on a port for encrypted connections, too.
async fn encrypt(server: &Redis, certificate: &Certificate) -> String {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let (file, key) = (certificate.path("certificate"), certificate.path("key"));
    let set =
        ["CONFIG", "SET", "tls-cert-file", &file, "tls-key-file", &key, "tls-auth-clients", "no", "tls-port", &port];
    let _: String = Outsider::at(&server.url()).await.ask(&set).await;
    format!("rediss://127.0.0.1:{port}")
}

/// Runs the ignored test of that name in a process of its own.
fn in_a_process(name: &str, url: &str, trusted: Option<&Path>) {
    let mut test = Command::new(env::current_exe().unwrap());
    test.args(["--exact", "--ignored", &format!("tls::{name}")]).env("ENCRYPTED_REDIS_URL", url);
    test.env_remove("SSL_CERT_FILE").env_remove("SSL_CERT_DIR");
    if let Some(trusted) = trusted {
        test.env("SSL_CERT_FILE", trusted);
    }
    let output = test.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_whose_certificate_is_trusted_is_used_and_another_is_not() {
    let (server, certificate) = (Redis::start().unwrap(), Certificate::new());
    let url = encrypt(&server, &certificate).await;
    in_a_process("trusted", &url, Some(Path::new(&certificate.path("certificate"))));
    in_a_process("untrusted", &url, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run by the test above"]
async fn trusted() {
    let url = env::var("ENCRYPTED_REDIS_URL").unwrap();
    let lease = take(&locker(url.as_str()), "job", 1).await;
    assert!(lease.extend(TTL).await.unwrap());
    live(&signal(url)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run by the test above"]
async fn untrusted() {
    let error = ask(&locker(env::var("ENCRYPTED_REDIS_URL").unwrap()), "job", 1).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.to_string().contains("certificate"), "{error}");
}
