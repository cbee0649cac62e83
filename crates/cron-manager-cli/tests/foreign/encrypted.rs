//! Clients over TLS, which trust the server's certificate and show a token.

use std::path::Path;

use crate::{
    curl::ask,
    program::Program,
    python,
    tools::{curl, output},
};

const TOKEN: &str = "correct-horse-battery-staple";

/// A program with a certificate of its own, `cert.pem` in its folder, and a token.
fn start() -> Program {
    Program::with(|folder| {
        certify(folder);
        let file = |name: &str| folder.join(name).display().to_string();
        vec![
            ("CRON_MANAGER_TLS_CERT", file("cert.pem")),
            ("CRON_MANAGER_TLS_KEY", file("key.pem")),
            ("CRON_MANAGER_TOKEN", TOKEN.to_owned()),
        ]
    })
}

/// Makes a certificate for this machine, and its key.
fn certify(folder: &Path) {
    let mut openssl = std::process::Command::new("openssl");
    openssl.args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test"]);
    openssl.args(["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]);
    openssl.arg("-keyout").arg(folder.join("key.pem")).arg("-out").arg(folder.join("cert.pem"));
    crate::tools::must(&mut openssl, "openssl made no certificate");
}

#[test]
fn curl_asks_over_tls_in_both_versions_of_http() {
    let program = start();
    let url = format!("https://{}/v1/cron-config/1", program.address);
    let cert = program.folder().join("cert.pem").display().to_string();
    let token = format!("Authorization: Bearer {TOKEN}");
    for (version, head) in [("--http1.1", "HTTP/1.1 200"), ("--http2", "HTTP/2 200")] {
        let answer = ask(&url, &[version, "--cacert", &cert, "--header", &token]);
        assert!(answer.head.starts_with(head), "{}", answer.head);
        assert_eq!(answer.json()["name"], "greet");
        assert_eq!(ask(&url, &[version, "--cacert", &cert]).status(), 401);
    }
    // curl(1): 60, the peer is not authenticated by a known CA.
    assert_eq!(output(curl().arg(&url)).status.code(), Some(60));
    assert!(!output(curl().arg(program.url("/v1/cron-config/1"))).status.success(), "nothing is answered unencrypted");
}

#[test]
fn a_grpc_client_asks_over_tls_with_a_token() {
    let program = start();
    let cert = program.folder().join("cert.pem");
    python::holds_for(&program, "tls", "the_token_counts", python::OURS, &[cert.to_str().unwrap(), TOKEN]);
}
