//! Encrypted connections.

use std::{fs, path::PathBuf, process::Command};

use cron_manager::{
    Client, CronManager, ErrorKind,
    api::{
        access::Access,
        serve::{ServeOptions, Tls},
    },
};

use crate::support::Server;

#[tokio::test]
async fn a_server_is_believed_by_the_certificates_that_were_given_and_no_others() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("client-tls-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let (cert, key) = (folder.join("cert.pem"), folder.join("key.pem"));
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test"]);
    openssl.args(["-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE"]);
    assert!(openssl.arg("-keyout").arg(&key).arg("-out").arg(&cert).output().unwrap().status.success());
    let manager = CronManager::builder().build().await.unwrap();
    let tls = Some(Tls::read(&cert, &key).unwrap());
    let options = ServeOptions { tls, ..ServeOptions::new(Access::new(&manager)) };
    let server = Server::with(manager, options).await;
    let url = format!("https://localhost:{}", server.address.port());
    let pem = fs::read_to_string(&cert).unwrap();
    fs::remove_dir_all(&folder).unwrap();
    let believes = Client::builder(&url).ca(pem).build().await.unwrap();
    assert_eq!(believes.replicas().await.unwrap(), []);
    let doubts = Client::connect(&url).await.unwrap();
    let error = doubts.replicas().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
}
