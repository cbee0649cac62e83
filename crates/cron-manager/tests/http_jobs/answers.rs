//! What becomes of an answer.

use serde_json::json;

use crate::{
    server::Server,
    support::{call, to},
};

async fn answered(answer: &str) -> Result<serde_json::Value, String> {
    let server = Server::saying(answer).await;
    call(to(&server.url())).await
}

#[tokio::test]
async fn json_is_the_result_and_other_text_is_kept_as_text() {
    let json = "HTTP/1.1 200 OK\r\ncontent-type: application/problem+json; charset=utf-8\r\n\r\n{\"z\": 1, \"a\": [2]}";
    assert_eq!(answered(json).await.unwrap().to_string(), r#"{"z":1,"a":[2]}"#);
    let chunked = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n";
    assert_eq!(answered(chunked).await.unwrap(), json!("abcd"));
    let broken = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{";
    assert_eq!(answered(broken).await.unwrap(), json!("{"));
    assert_eq!(answered("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap(), json!({"status": 200}));
}

#[tokio::test]
async fn a_status_of_400_and_above_is_a_failure_that_quotes_the_answer() {
    let error = answered("HTTP/1.1 503 Busy\r\ncontent-length: 9\r\n\r\ntry later").await.unwrap_err();
    assert_eq!(error, "the answer was 503 Service Unavailable: try later");
    let long = format!("HTTP/1.1 404 Not Found\r\n\r\n{}{}", "x".repeat(1024), "y".repeat(100_000));
    let error = answered(&long).await.unwrap_err();
    assert!(error.ends_with("xxx") && error.len() < 1_100, "{} bytes", error.len());
    // Never taken for events, whatever it is.
    assert!(
        serde_json::from_str::<serde_json::Value>(&answered("HTTP/1.1 400 No\r\n\r\n[1]").await.unwrap_err()).is_err()
    );
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let target = Server::saying("HTTP/1.1 204 No Content\r\n\r\n").await;
    for status in [301, 302, 303, 307, 308] {
        let answer = format!("HTTP/1.1 {status} Elsewhere\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n", target.url());
        let error = answered(&answer).await.unwrap_err();
        assert!(error.contains("redirects are not followed") && error.contains(&target.url()), "{error}");
    }
    assert_eq!(target.unseen(), 0);
}

#[tokio::test]
async fn what_is_no_http_is_a_failure() {
    for answer in
        ["", "SSH-2.0-OpenSSH_9.9\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc", "HTTP/1.1 999999 ?\r\n\r\n"]
    {
        answered(answer).await.unwrap_err();
    }
}
