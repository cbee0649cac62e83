use std::future::ready;

use cron_manager::{CronManager, ErrorKind, api::rest};
use tokio::{io::AsyncReadExt, net::TcpListener};

use crate::client::Server;

#[tokio::test]
async fn a_listener_that_other_machines_reach_is_refused() {
    for address in ["0.0.0.0:0", "[::]:0"] {
        let Ok(listener) = TcpListener::bind(address).await else { continue };
        let manager = CronManager::builder().build().await.unwrap();
        let refused = rest::serve(listener, manager, ready(())).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::FailedPrecondition, "{address}");
    }
}

#[tokio::test]
async fn serving_ends_when_it_is_told_to() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let manager = CronManager::builder().build().await.unwrap();
    rest::serve(listener, manager, ready(())).await.unwrap();
}

#[tokio::test]
async fn a_connection_serves_many_requests() {
    use tokio::io::AsyncWriteExt;
    let server = Server::start().await;
    let mut stream = tokio::net::TcpStream::connect(server.address()).await.unwrap();
    for close in ["", "Connection: close\r\n"] {
        stream.write_all(format!("GET /livez HTTP/1.1\r\nHost: localhost\r\n{close}\r\n").as_bytes()).await.unwrap();
    }
    let mut answers = String::new();
    stream.read_to_string(&mut answers).await.unwrap();
    assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 2);
}
