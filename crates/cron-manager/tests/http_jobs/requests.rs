//! What is sent.

use cron_manager::{CronConfigFields, Handler, HttpFields, HttpMethod};
use serde_json::{Value, json};

use crate::{
    server::Server,
    support::{call, open, run, to},
};

const OK: &str = "HTTP/1.1 204 No Content\r\n\r\n";

#[tokio::test]
async fn a_call_tells_whose_run_it_is_in_head_and_body() {
    let mut server = Server::saying(OK).await;
    let http = HttpFields { headers: Some([("X-Shop".into(), "seven".into())].into()), ..to(&server.url()) };
    let fields = CronConfigFields { http: Some(http), ..CronConfigFields::default() };
    let run = run(fields.context(json!({"z": 1, "a": {"b": "c"}})));
    open().call(run.clone()).await.unwrap();
    let request = server.request().await;
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let mut lines: Vec<_> = head.lines().collect();
    assert_eq!(lines.remove(0), "POST /hook?a=b HTTP/1.1");
    for line in [
        &*format!("host: {}", server.address),
        "cron-manager-job: job",
        "cron-manager-run: 0",
        "cron-manager-due-at: 2025-06-01T12:00:00Z",
        "cron-manager-attempt: 1",
        "cron-manager-fence: 7",
        "idempotency-key: 0/2025-06-01T12:00:00Z",
        &*format!("traceparent: {}", run.run().traceparent()),
        &*format!("user-agent: cron-manager/{}", env!("CARGO_PKG_VERSION")),
        "content-type: application/json",
        "x-shop: seven",
    ] {
        assert!(lines.contains(&line), "{line} is not in {head}");
    }
    let told: Value = serde_json::from_str(body).unwrap();
    let expected = json!({
        "job": "job", "run": "0", "dueAt": "2025-06-01T12:00:00Z", "attempt": 1, "fence": "7",
        "idempotencyKey": "0/2025-06-01T12:00:00Z",
        "window": {"start": "2025-06-01T11:55:00Z", "end": "2025-06-01T12:00:00Z"},
        "context": {"z": 1, "a": {"b": "c"}},
    });
    assert_eq!(told.to_string(), expected.to_string());
}

#[tokio::test]
async fn a_trace_is_of_one_claim_and_written_as_w3c_has_it() {
    let run = run(CronConfigFields { http: Some(to("http://a.example")), ..CronConfigFields::default() });
    let parent = run.run().traceparent();
    let parts: Vec<_> = parent.split('-').collect();
    assert_eq!((parts[0], parts[1], parts[3]), ("00", "0123456789abcdef0000000000000000", "01"));
    assert!(parts[2].len() == 16 && parts[2] != "0000000000000000", "{parent}");
}

#[tokio::test]
async fn a_method_that_has_no_body_sends_none() {
    for method in [HttpMethod::Get, HttpMethod::Delete, HttpMethod::Put, HttpMethod::Patch] {
        let mut server = Server::saying(OK).await;
        call(HttpFields { method: Some(method), ..to(&server.url()) }).await.unwrap();
        let request = server.request().await;
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with(method.as_str()), "{head}");
        assert_eq!(
            (body.is_empty(), head.contains("content-length")),
            (!method.has_body(), method.has_body()),
            "{head}"
        );
    }
}
