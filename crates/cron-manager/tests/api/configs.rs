use serde_json::json;

use crate::client::{JSON, Server, error, invalid};

#[tokio::test]
async fn a_created_config_is_answered_as_the_original_does_and_is_off() {
    let server = Server::start().await;
    let answer = server.post("/v1/cron-config", r#"{"name":"send-invoices"}"#).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
    assert_eq!(answer.header("etag"), "\"1\"");
    let config = &answer.json()["cronConfig"];
    assert_eq!(config["id"], json!(1));
    assert_eq!(config["name"], json!("send-invoices"));
    assert_eq!(config["enabled"], json!(false));
    assert_eq!(config["context"], json!({}));
    assert_eq!(config["etag"], json!("\"1\""));
    assert!(config["createdAt"].as_str().unwrap().ends_with('Z'));
    assert!(config.get("deletedAt").is_none() && config.get("cronExpression").is_none());
}

#[tokio::test]
async fn what_was_written_is_read() {
    let server = Server::start().await;
    let written = server
        .create(
            r#"{"name":"j","enabled":true,"cronExpression":"30 2 * * *","timezone":"Europe/Berlin","dstGap":"skip",
                "catchUp":"none","overlap":"skip","onAbandoned":"report","startDeadline":"90s","timeout":"1.5s"}"#,
        )
        .await;
    assert_eq!(written["cronExpression"], "30 2 * * *");
    assert_eq!(written["timezone"], "Europe/Berlin");
    assert_eq!(written["dstGap"], "skip");
    assert_eq!(written["catchUp"], "none");
    assert_eq!(written["startDeadline"], "90s");
    assert_eq!(written["timeout"], "1.500s");
    assert!(!written["description"].as_str().unwrap().is_empty());

    let read = server.get("/v1/cron-config/1").await;
    assert_eq!((read.json(), read.header("etag")), (written.clone(), "\"1\""));
    assert_eq!(server.get("/v1/cron-config:byName?name=j").await.json(), written);
}

#[tokio::test]
async fn intervals_and_instants_are_schedules_too() {
    let server = Server::start().await;
    assert_eq!(server.create(r#"{"name":"a","every":"90s"}"#).await["every"], "90s");
    let at = server.create(r#"{"name":"b","at":"2031-01-02T03:04:05+02:00"}"#).await;
    assert_eq!(at["at"], "2031-01-02T01:04:05Z");
}

#[tokio::test]
async fn the_context_keeps_its_key_order_and_may_come_as_text() {
    let server = Server::start().await;
    let order = r#""context":{"z":1,"a":{"y":2,"b":[null]}}"#;
    for (name, body) in [("a", order), ("b", r#""context":"{\"z\":1,\"a\":{\"y\":2,\"b\":[null]}}""#)] {
        let answer = server.post("/v1/cron-config", &format!(r#"{{"name":"{name}",{body}}}"#)).await;
        assert!(answer.body.contains(order), "{}", answer.body);
    }
    assert!(server.get("/v1/cron-config/1").await.body.contains(order));
}

#[tokio::test]
async fn an_update_changes_what_is_present_and_nothing_else() {
    let server = Server::start().await;
    server.create(r#"{"name":"j","enabled":true,"every":"60s","context":{"shop":7}}"#).await;
    for method in ["PUT", "PATCH"] {
        let enabled = method == "PATCH";
        let body = json!({"enabled": enabled}).to_string();
        let answer = server.send(method, "/v1/cron-config/1", &[JSON], body).await;
        let config = &answer.json()["cronConfig"];
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(config["enabled"], json!(enabled));
        assert_eq!((&config["every"], &config["context"]), (&json!("60s"), &json!({"shop": 7})));
    }
}

#[tokio::test]
async fn an_answer_can_be_sent_back() {
    let server = Server::start().await;
    server.create(r#"{"name":"j","cronExpression":"0 4 * * *","timeout":"90s"}"#).await;
    let read = server.get("/v1/cron-config/1").await.body;
    let wrapped = server.put("/v1/cron-config/1", &read).await;
    assert_eq!(wrapped.header("etag"), "\"1\"", "{}", wrapped.body);
    assert_eq!(server.put("/v1/cron-config/1", &wrapped.body).await.body, wrapped.body);
}

#[tokio::test]
async fn a_field_in_the_mask_and_not_in_the_body_is_cleared() {
    let server = Server::start().await;
    server.create(r#"{"name":"j","enabled":true,"every":"60s","timeout":"9s","context":{"shop":7}}"#).await;
    let path = "/v1/cron-config/1?updateMask=enabled,context,timeout";
    let config =
        server.patch(path, r#"{"timeout":"8s","every":"5s","enabled":null}"#).await.json()["cronConfig"].take();
    assert_eq!(config["enabled"], json!(false));
    assert_eq!(config["context"], json!({}));
    assert_eq!(config["timeout"], "8s");
    assert_eq!(config["every"], "60s", "in the body, but not in the mask");
}

#[tokio::test]
async fn a_mask_of_all_replaces_the_config() {
    let server = Server::start().await;
    server.create(r#"{"name":"j","enabled":true,"every":"60s","timeout":"9s","catchUp":"none"}"#).await;
    let path = "/v1/cron-config/1?updateMask=*";
    let body = r#"{"name":"k","cronExpression":"0 4 * * *"}"#;
    let config = server.patch(path, body).await.json()["cronConfig"].take();
    assert_eq!((&config["name"], &config["cronExpression"]), (&json!("k"), &json!("0 4 * * *")));
    assert_eq!((&config["enabled"], &config["catchUp"]), (&json!(false), &json!("latest")));
    assert!(config.get("every").is_none() && config.get("timeout").is_none());
    assert_eq!(server.patch(path, "{}").await.error(), invalid("name"), "a name cannot be cleared");
}

#[tokio::test]
async fn a_mask_names_fields_that_can_be_set() {
    let server = Server::start().await;
    server.create(r#"{"name":"j"}"#).await;
    for mask in ["nope", "cron_expression", "context.ttl", "createdAt", "etag"] {
        let answer = server.patch(&format!("/v1/cron-config/1?updateMask={mask}"), "{}").await;
        assert_eq!(answer.error(), invalid("updateMask"), "{mask}");
    }
}

#[tokio::test]
async fn a_write_with_an_old_etag_is_aborted_and_changes_nothing() {
    let server = Server::start().await;
    server.create(r#"{"name":"j"}"#).await;
    let path = "/v1/cron-config/1";
    let written = server.send("PUT", path, &[JSON, "If-Match: \"1\""], r#"{"enabled":true}"#).await;
    assert_eq!((written.status, written.header("etag")), (200, "\"2\""));

    let stale = server.send("PUT", path, &[JSON, "If-Match: \"1\""], r#"{"enabled":false}"#).await;
    assert_eq!(stale.error(), error(409, "ABORTED"));
    let stale = server.patch(path, r#"{"enabled":false,"etag":"\"1\""}"#).await;
    assert_eq!(stale.error(), error(409, "ABORTED"));
    assert_eq!(server.get(path).await.json()["enabled"], json!(true));

    let any = server.send("PUT", path, &[JSON, "If-Match: *"], r#"{"enabled":false}"#).await;
    assert_eq!(any.header("etag"), "\"3\"");
    assert_eq!(server.put(path, r#"{"enabled":true,"etag":"\"3\""}"#).await.header("etag"), "\"4\"");
}

#[tokio::test]
async fn an_etag_that_none_was_is_wrong_input() {
    let server = Server::start().await;
    server.create(r#"{"name":"j"}"#).await;
    for etag in ["If-Match: ", "If-Match: x", "If-Match: W/\"1\"", "If-Match: \"1\", \"2\""] {
        let answer = server.send("PUT", "/v1/cron-config/1", &[JSON, etag], "{}").await;
        assert_eq!(answer.error(), invalid("etag"), "{etag}");
    }
    let wrong = server.send("PUT", "/v1/cron-config/1", &[JSON, "If-Match: \"1\""], r#"{"etag":{}}"#).await;
    assert_eq!(wrong.error(), invalid("etag"), "the header hides nothing");
    let two = server.send("PUT", "/v1/cron-config/1", &[JSON, "If-Match: \"1\""], r#"{"etag":"\"2\""}"#).await;
    assert_eq!(two.error(), invalid("etag"));
}

#[tokio::test]
async fn the_id_in_the_body_is_that_of_the_path() {
    let server = Server::start().await;
    server.create(r#"{"name":"j"}"#).await;
    assert_eq!(server.put("/v1/cron-config/1", r#"{"id":1,"enabled":true}"#).await.status, 200);
    assert_eq!(server.put("/v1/cron-config/1", r#"{"id":2,"enabled":false}"#).await.error(), invalid("id"));
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let server = Server::start().await;
    assert_eq!(server.get("/v1/cron-config/7").await.error(), error(404, "NOT_FOUND"));
    assert_eq!(server.put("/v1/cron-config/7", "{}").await.error(), error(404, "NOT_FOUND"));
    assert_eq!(server.get("/v1/cron-config:byName?name=x").await.error(), error(404, "NOT_FOUND"));
    assert_eq!(server.get("/v1/cron-config:byName").await.error(), invalid("name"));
}

#[tokio::test]
async fn a_name_is_taken_once() {
    let server = Server::start().await;
    server.create(r#"{"name":"j"}"#).await;
    assert_eq!(server.post("/v1/cron-config", r#"{"name":"j"}"#).await.error(), error(409, "ALREADY_EXISTS"));
}
