//! Encrypted calls.

use std::{env, fs, process::Stdio};

use cron_manager::Handler;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
};

use crate::support::{calling, open, to};

#[tokio::test]
async fn a_server_whose_certificate_nobody_trusts_is_told_nothing() {
    let folder = env::temp_dir().join(format!("http-jobs-{}", std::process::id()));
    fs::create_dir(&folder).unwrap();
    let openssl = || {
        let mut openssl = Command::new("openssl");
        openssl.current_dir(&folder).kill_on_drop(true);
        openssl
    };
    let mut made = openssl();
    made.args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test"]);
    made.args(["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key", "-out", "certificate"]);
    assert!(made.output().await.unwrap().status.success());
    let mut served = openssl();
    served.args(["s_server", "-accept", "127.0.0.1:0", "-cert", "certificate", "-key", "key"]);
    let mut server = served.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let port = loop {
        let line = lines.next_line().await.unwrap().unwrap();
        if let Some(address) = line.strip_prefix("ACCEPT ") {
            break address.rsplit_once(':').unwrap().1.to_owned();
        }
    };
    let error = open().call(calling(to(&format!("https://127.0.0.1:{port}/")))).await.unwrap_err();
    assert!(error.contains("certificate"), "{error}");
    server.kill().await.unwrap();
    let said = lines.next_line().await.unwrap().unwrap_or_default();
    assert!(!said.contains("POST"), "{said}");
    fs::remove_dir_all(&folder).unwrap();
}
