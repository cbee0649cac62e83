//! What is sent.

use cron_manager::{ClaimToken, CronConfigFields, CronRun, Fence, Handler, HttpFields, HttpMethod, TraceParent};
use serde_json::{Value, json};

use crate::{
    server::Server,
    support::{asked_in, call, open, run, to},
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
        &*format!("traceparent: {}", run.run().own_trace()),
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
    let parent = run.run().outgoing_trace().to_string();
    let parts: Vec<_> = parent.split('-').collect();
    assert_eq!((parts[0], parts[1].len(), parts[2].len(), parts[3]), ("00", 32, 16, "01"), "{parent}");
    let again = CronRun { fence: Fence(8), ..run.run().clone() };
    assert_ne!(again.own_trace().trace_id(), parts[1]);
    let told_apart_by_its_secret = CronRun { token: ClaimToken(1), ..run.run().clone() };
    assert_eq!(told_apart_by_its_secret.own_trace(), run.run().own_trace(), "a trace tells nothing of the token");
}

#[tokio::test]
async fn a_call_goes_on_in_the_trace_in_which_its_run_was_asked_for() {
    for flags in ["00", "01", "03"] {
        let mut server = Server::saying(OK).await;
        let fields = CronConfigFields { http: Some(to(&server.url())), ..CronConfigFields::default() };
        let asked: TraceParent =
            format!("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-{flags}").parse().unwrap();
        let run = asked_in(Some(asked), fields);
        open().call(run.clone()).await.unwrap();
        let request = server.request().await;
        let sent = request.lines().find_map(|line| line.strip_prefix("traceparent: ")).unwrap();
        let span = run.run().own_trace().span_id();
        assert_eq!(sent, format!("00-4bf92f3577b34da6a3ce929d0e0e4736-{span}-{flags}"));
        assert_ne!(span, asked.span_id(), "a span of its own");
    }
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
