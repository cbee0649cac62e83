use crate::client::{Server, error};

async fn status(host: &str, origin: &str) -> u16 {
    let server = Server::start().await;
    let answer = server.send_as(host, "GET", "/v1/cron-config", &[origin], b"").await;
    if answer.status != 200 {
        assert_eq!(answer.error(), error(403, "PERMISSION_DENIED"));
    }
    answer.status
}

#[tokio::test]
async fn a_request_names_a_loopback_host() {
    for host in ["localhost", "LocalHost:8787", "127.0.0.1", "127.8.9.10:1", "[::1]", "[::1]:8787"] {
        assert_eq!(status(&format!("Host: {host}"), "").await, 200, "{host}");
    }
    for host in [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example:8787",
        "10.0.0.1",
        "0.0.0.0:8787",
        "[::2]",
        "::1",
        "localhost@evil.example",
        "evil.example@localhost",
        "localhost, evil.example",
    ] {
        assert_eq!(status(&format!("Host: {host}"), "").await, 403, "{host}");
    }
    assert_eq!(status("Host: localhost\r\nHost: evil.example", "").await, 403);
    assert_eq!(status("", "").await, 403, "no host");
}

#[tokio::test]
async fn an_absolute_target_names_the_same_host() {
    let server = Server::start().await;
    let get = async |target: &str| server.send_as("Host: localhost:1", "GET", target, &[], b"").await.status;
    assert_eq!(get("http://localhost:1/livez").await, 200);
    assert_eq!(get("http://evil.example/livez").await, 403);
}

#[tokio::test]
async fn a_page_of_another_origin_is_kept_out() {
    for origin in ["http://localhost:8787", "https://localhost:8787", "http://LOCALHOST:8787"] {
        assert_eq!(status("Host: localhost:8787", &format!("Origin: {origin}")).await, 200, "{origin}");
    }
    for origin in [
        "http://evil.example",
        "http://localhost:3000",
        "http://127.0.0.1:8787",
        "http://localhost:8787.evil.example",
        "file://",
        "null",
        "localhost:8787",
        "http://localhost:8787\r\nOrigin: http://evil.example",
    ] {
        assert_eq!(status("Host: localhost:8787", &format!("Origin: {origin}")).await, 403, "{origin}");
    }
}

#[tokio::test]
async fn a_write_that_is_kept_out_writes_nothing() {
    let server = Server::start().await;
    let headers = ["Origin: http://evil.example", "Content-Type: application/json"];
    assert_eq!(server.send("POST", "/v1/cron-config", &headers, r#"{"name":"j"}"#).await.status, 403);
    assert_eq!(server.get("/v1/cron-config/1").await.status, 404);
}

#[tokio::test]
async fn every_answer_says_that_it_is_neither_cached_nor_sniffed() {
    let server = Server::start().await;
    let refused = server.send_as("Host: evil.example", "GET", "/livez", &[], b"").await;
    for answer in [server.get("/livez").await, server.get("/nope").await, refused] {
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("cache-control"), "no-store");
    }
}
