use serde_json::json;

use crate::client::{JSON, Server, error, invalid};

#[tokio::test]
async fn each_wrong_field_is_named() {
    let server = Server::start().await;
    for (body, field) in [
        (r#"{"name":"j","cronExpresion":"* * * * *"}"#, "cronExpresion"),
        (r#"{"name":"j","cronexpression":null}"#, "cronexpression"),
        (r#"{"name":"j","enabled":"yes"}"#, "enabled"),
        (r#"{"name":7}"#, "name"),
        (r#"{"name":"two words"}"#, "name"),
        ("{}", "name"),
        (r#"{"name":"j","timeout":90}"#, "timeout"),
        (r#"{"name":"j","timeout":"-1s"}"#, "timeout"),
        (r#"{"name":"j","every":"1 h"}"#, "every"),
        (r#"{"name":"j","at":"tomorrow"}"#, "at"),
        (r#"{"name":"j","overlap":"queue"}"#, "overlap"),
        (r#"{"name":"j","context":[1]}"#, "context"),
        (r#"{"name":"j","context":{"ttl":-5}}"#, "context.ttl"),
        (r#"{"name":"j","cronExpression":"0 0 30 2 *"}"#, "cronExpression"),
        (r#"{"name":"j","cronExpression":"* * * * *","timezone":"Mars/Base"}"#, "timezone"),
        (r#"{"name":"j","name":"k"}"#, "name"),
        (r#"{"name":"j","context":{"a":{"b":1,"b":2}}}"#, "context.a.b"),
        (r#"{"name":"j","context":{"n":1e400}}"#, "context.n"),
        (r#"{"cronConfig":{"name":"j"},"enabled":true}"#, "cronConfig"),
        (r#"{"cronConfig":7}"#, "cronConfig"),
        (r#"{"cronConfig":{"cronConfig":{}}}"#, "cronConfig"),
    ] {
        assert_eq!(server.post("/v1/cron-config", body).await.error(), invalid(field), "{body}");
    }
    assert_eq!(server.get("/v1/cron-config?showDeleted=true").await.json()["cronConfigs"], json!([]));
}

#[tokio::test]
async fn what_is_not_json_is_refused() {
    let server = Server::start().await;
    let whole = |body: &[u8]| server.send("POST", "/v1/cron-config", &[JSON], body.to_vec());
    let bodies: [&[u8]; 9] =
        [b"", b"[]", b"7", b"\"j\"", b"null", b"{", b"{\"name\":\"j\"} x", b"{'name':'j'}", b"{\"name\":\"\xff\"}"];
    for body in bodies {
        assert_eq!(whole(body).await.error(), invalid(""), "{}", body.escape_ascii());
    }
}

#[tokio::test]
async fn json_is_nested_64_deep_at_most() {
    let server = Server::start().await;
    let body = |name: &str, depth: usize| {
        format!(r#"{{"name":"{name}","context":{{"a":{}{}}}}}"#, "[".repeat(depth - 2), "]".repeat(depth - 2))
    };
    assert_eq!(server.post("/v1/cron-config", &body("fits", 64)).await.status, 200);
    assert_eq!(server.post("/v1/cron-config", &body("deep", 65)).await.error(), invalid("context.a"));
    assert_eq!(server.post("/v1/cron-config", &body("deeper", 200_000)).await.error(), invalid("context.a"));
}

#[tokio::test]
async fn a_body_over_a_megabyte_is_refused() {
    let server = Server::start().await;
    let body = |bytes: usize| format!(r#"{{"name":"j"{}}}"#, " ".repeat(bytes - 12));
    let too_large = server.post("/v1/cron-config", &body(1024 * 1024 + 1)).await;
    assert_eq!(too_large.error(), error(413, "INVALID_ARGUMENT"));
    assert_eq!(server.post("/v1/cron-config", &body(8 * 1024 * 1024)).await.status, 413);
    assert_eq!(server.post("/v1/cron-config", &body(1024 * 1024)).await.status, 200);
}

#[tokio::test]
async fn a_body_may_be_as_large_as_was_settled() {
    let server = Server::with_max_body(2 * 1024 * 1024).await;
    let body = |bytes: usize| format!(r#"{{"name":"j"{}}}"#, " ".repeat(bytes - 12));
    assert_eq!(server.post("/v1/cron-config", &body(2 * 1024 * 1024 + 1)).await.status, 413);
    assert_eq!(server.post("/v1/cron-config", &body(2 * 1024 * 1024)).await.status, 200);
}

#[tokio::test]
async fn a_form_is_refused_with_the_header_to_add() {
    let server = Server::start().await;
    for header in ["Content-Type: application/x-www-form-urlencoded", "Content-Type: text/plain", ""] {
        for path in ["/v1/cron-config", "/v1/cron-config/1:trigger"] {
            let answer = server.send("POST", path, &[header], r#"{"name":"j"}"#).await;
            assert_eq!(answer.error(), error(415, "INVALID_ARGUMENT"));
            assert!(answer.body.contains("Content-Type: application/json"), "{}", answer.body);
        }
    }
    let answer = server.send("POST", "/v1/cron-config", &["Content-Type: Application/JSON; charset=utf-8"], "{}").await;
    assert_eq!(answer.error(), invalid("name"));
}

#[tokio::test]
async fn an_id_is_a_whole_number() {
    let server = Server::start().await;
    for path in ["/v1/cron-config/x", "/v1/cron-config/99999999999", "/v1/cron-config/1.5", "/v1/cron-config/%ff"] {
        assert_eq!(server.get(path).await.error(), invalid("id"), "{path}");
    }
}

#[tokio::test]
async fn unknown_parameters_are_named_on_every_route() {
    let server = Server::start().await;
    for path in ["/v1/cron-config", "/v1/cron-config/1", "/v1/cron-config:byName", "/v1/cron-job", "/v1/cron-job/1"] {
        assert_eq!(server.get(&format!("{path}?page_size=3")).await.error(), invalid("page_size"), "{path}");
    }
    assert_eq!(server.post("/v1/cron-config?name=j", "{}").await.error(), invalid("name"));
    assert_eq!(server.post("/v1/cron-config/1:trigger?force=1", "").await.error(), invalid("force"));
}
