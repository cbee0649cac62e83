//! Secrets of jobs, over both faces.

use base64::{Engine, engine::general_purpose::STANDARD};
use cron_manager::CronManager;
use serde_json::{Value, json};

use crate::{client::Server, face::Face};

pub(crate) fn key(id: &str, byte: u8) -> String {
    format!("{id}:{}", STANDARD.encode([byte; 32]))
}

fn call() -> Value {
    json!({"name": "call", "http": {"url": "https://shop.example/hook", "headers": {"X-Api-Key": "hush"}}})
}

/// A server of its own for each face.
async fn faces(keys: Option<&str>) -> [(&'static Server, Face); 2] {
    let server = async || match keys {
        Some(keys) => Server::keyed(keys).await,
        None => Server::start().await,
    };
    let (grpc, rest): (&Server, &Server) = (Box::leak(Box::new(server().await)), Box::leak(Box::new(server().await)));
    [(grpc, Face::grpc(grpc).await), (rest, Face::rest(rest).await)]
}

#[tokio::test]
async fn secrets_are_encrypted_anew_with_the_first_key() {
    let (old, new) = (key("old", 1), key("new", 2));
    for (server, face) in faces(Some(&format!("{new},{old}"))).await {
        let before = CronManager::builder().store(server.store.clone()).encryption_keys(&*old).build().await.unwrap();
        let fields = serde_json::from_value(call()).unwrap();
        let id = before.create_cron_config(&fields).await.unwrap().id;
        for changed in [1, 0] {
            assert_eq!(face.call("ReencryptCronConfigs", json!({})).await, Ok(json!({"changed": changed})));
        }
        let config = server.manager.cron_config(id).await.unwrap();
        assert!(config.job_type.secrets(&config.name)[0].sealed.0.starts_with("new:"));
    }
}

#[tokio::test]
async fn what_needs_a_key_is_refused_without_one_and_its_field_named() {
    for (_, face) in faces(None).await {
        let query = json!({"name": "count", "query": {"connection": "reports", "sql": "SELECT 'hush'"}});
        for (config, field) in [(call(), "http.headers"), (query, "query.sql")] {
            let refused = face.call("CreateCronConfig", json!({ "cronConfig": config })).await;
            assert_eq!(refused, Err(("FAILED_PRECONDITION".into(), vec![field.into()])));
            let refused = face.call("ValidateCronConfig", json!({ "cronConfig": config })).await;
            assert_eq!(refused, Err(("FAILED_PRECONDITION".into(), vec![field.into()])));
        }
        let refused = face.call("ReencryptCronConfigs", json!({})).await;
        assert_eq!(refused, Err(("FAILED_PRECONDITION".into(), Vec::new())));
    }
}

#[tokio::test]
async fn a_value_in_the_wrong_place_is_not_repeated() {
    let server = Server::start().await;
    for (config, field) in [
        (json!({"name": "j", "http": "hush"}), "http"),
        (json!({"name": "j", "http": {"headers": "hush, expected"}}), "http.headers"),
        (json!({"name": "j", "http": {"headers": {"Authorization": ["hush"]}}}), "http.headers.Authorization"),
        (json!({"name": "j", "query": {"sql": {"hush": "hush"}}}), "query.sql"),
        (
            json!({"name": "j", "http": {"url": "https://a.example", "headers": {"Authorization: hush": "hush"}}}),
            "http.headers",
        ),
    ] {
        let answer = server.post("/v1/cron-config", &config.to_string()).await;
        assert_eq!(answer.status, 400, "{}", answer.body);
        assert!(answer.body.contains(&format!("\"{field}\"")) && !answer.body.contains("hush"), "{}", answer.body);
    }
}
