//! What gRPC clients expect beside the service itself.

use std::path::PathBuf;

use cron_manager::api::{OriginalService, proto::cron_manager_client::CronManagerClient};
use prost::Message;
use serde_json::{Value, json};
use tonic::transport::{Channel, Endpoint};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use tonic_reflection::pb::{v1, v1alpha};

use crate::{
    client::{JSON, Server},
    face::call_grpc,
};

async fn channel(server: &Server) -> Channel {
    Endpoint::from_shared(format!("http://{}", server.address())).unwrap().connect().await.unwrap()
}

#[tokio::test]
async fn a_typed_client_is_answered() {
    let server = Server::start().await;
    server.create(r#"{"name":"j","context":{"z":1,"a":2}}"#).await;
    let mut client = CronManagerClient::new(channel(&server).await);
    let config = client.get_cron_config(cron_manager::api::proto::GetCronConfigRequest { id: 1 }).await.unwrap();
    assert_eq!(config.into_inner().context.as_deref(), Some(r#"{"z":1,"a":2}"#));
}

#[tokio::test]
async fn reflection_tells_of_our_services_in_both_versions() {
    let server = Server::with(&[OriginalService::named("inventory").unwrap()]).await;
    let channel = channel(&server).await;
    let ask = v1::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(v1::server_reflection_request::MessageRequest::ListServices(String::new())),
    };
    let mut client = v1::server_reflection_client::ServerReflectionClient::new(channel.clone());
    let mut answers = client.server_reflection_info(tokio_stream::once(ask)).await.unwrap().into_inner();
    let told = format!("{:?}", answers.message().await.unwrap().unwrap());
    let ask = v1alpha::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(v1alpha::server_reflection_request::MessageRequest::FileContainingSymbol(
            "cron.InventoryService".to_owned(),
        )),
    };
    let mut client = v1alpha::server_reflection_client::ServerReflectionClient::new(channel);
    let mut answers = client.server_reflection_info(tokio_stream::once(ask)).await.unwrap().into_inner();
    let file = format!("{:?}", answers.message().await.unwrap().unwrap());
    for service in ["cron.CronManager", "cron.InventoryService", "grpc.health.v1.Health"] {
        assert!(told.contains(service), "{told}");
    }
    assert!(file.contains("FileDescriptorResponse"), "{file}");
}

#[tokio::test]
async fn health_is_readiness() {
    let server = Server::start().await;
    let mut client = HealthClient::new(channel(&server).await);
    for service in ["", "cron.CronManager"] {
        let request = HealthCheckRequest { service: service.to_owned() };
        assert_eq!(client.check(request).await.unwrap().into_inner().status, 1, "serving");
    }
    let unknown = client.check(HealthCheckRequest { service: "nope".to_owned() }).await.unwrap_err();
    assert_eq!(unknown.code(), tonic::Code::NotFound);
    let mut changes = client.watch(HealthCheckRequest::default()).await.unwrap().into_inner();
    assert_eq!(changes.message().await.unwrap().unwrap().status, 1);
}

#[tokio::test]
async fn a_web_page_asks_by_grpc_web() {
    let server = Server::start().await;
    server.create(r#"{"name":"j"}"#).await;
    let message = cron_manager::api::proto::GetCronConfigRequest { id: 1 }.encode_to_vec();
    let body = [&[0, 0, 0, 0, u8::try_from(message.len()).unwrap()][..], &message].concat();
    let answer = server
        .send_raw("POST", "/cron.CronManager/GetCronConfig", &["Content-Type: application/grpc-web+proto"], &body)
        .await;
    let text = String::from_utf8_lossy(&answer);
    assert!(text.starts_with("HTTP/1.1 200"), "{text}");
    assert!(text.contains("grpc-status:0"), "the trailers stand in the body: {text}");
}

/// The original's documented request, byte for byte but for its host.
const DOCUMENTED: &str = "{\n  \"name\": \"doSomething\",\n  \"enabled\": true,\n  \"context\": \"{\n    \\\"distributed\\\": true,\n    \
                          \\\"ttl\\\": 20,\n\t\\\"batch\\\": 10\n  }\"\n}";

#[tokio::test]
async fn the_documented_request_of_the_original_works_byte_for_byte() {
    let server = Server::with(&[OriginalService::named("inventory").unwrap()]).await;
    let answer = server.post("/v1/inventory/cron-config", DOCUMENTED).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let config = answer.json()["cronConfig"].take();
    assert_eq!((&config["id"], &config["enabled"]), (&json!(1), &json!(true)));
    assert_eq!(config["context"], r#"{"distributed":true,"ttl":20,"batch":10}"#, "a string, as there");
    let changed = server.put("/v1/inventory/cron-config/1", r#"{"enabled":false,"context":{"shop":7}}"#).await;
    assert_eq!(changed.json()["cronConfig"]["context"], r#"{"shop":7}"#);
    assert_eq!(
        server.get("/v1/cron-config/1").await.json()["context"],
        json!({"shop": 7}),
        "an object on our own paths"
    );
    assert_eq!(server.get("/v1/inventory/cron-config/1").await.json()["context"], r#"{"shop":7}"#);
    let unknown = server.post("/v1/inventory/cron-config", r#"{"name":"j","nope":1}"#).await;
    assert_eq!(unknown.error(), crate::client::invalid("nope"));
}

#[tokio::test]
async fn the_originals_methods_are_under_the_name_of_the_users_service() {
    let server = Server::with(&[OriginalService::named("inventory").unwrap()]).await;
    let channel = channel(&server).await;
    let call = async |method: &str, request: Value| {
        call_grpc(channel.clone(), "cron.InventoryService", method, &request).await
    };
    let created =
        call("CreateCronConfig", json!({"name": "j", "enabled": true, "context": {"ttl": 20}})).await.unwrap();
    assert_eq!((&created["cronConfig"]["id"], &created["cronConfig"]["enabled"]), (&json!(1), &json!(true)));
    let updated = call("UpdateCronConfig", json!({"id": 1, "enabled": false})).await.unwrap();
    assert_eq!(updated["cronConfig"]["enabled"], false);
    assert_eq!(updated["cronConfig"]["context"], json!({"ttl": 20}));
    let refused = call("UpdateCronConfig", json!({"enabled": false})).await;
    assert_eq!(refused, Err(("INVALID_ARGUMENT".to_owned(), vec!["id".to_owned()])), "not an arbitrary first row");
    let unknown = call("ListCronConfigs", json!({})).await.unwrap_err();
    assert_eq!(unknown.0, "UNIMPLEMENTED");
}

/// A team's own proto: other numbers, other types, other names of messages, its own paths, and a file that it imports.
fn stock_proto() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/api/protos/stock.proto")
}

#[tokio::test]
async fn a_teams_own_proto_is_followed_field_by_field_by_name() {
    let server = Server::with(&[OriginalService::of_proto(&stock_proto()).unwrap()]).await;
    let answer = server.post("/api/stock/jobs", r#"{"name":"j","enabled":true,"context":"{\"ttl\": 20}"}"#).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.json()["cronConfig"]["context"], r#"{"ttl":20}"#);
    let off = server.send("PATCH", "/api/stock/jobs/1", &[JSON], r#"{"enabled":false}"#).await;
    assert_eq!(off.json()["cronConfig"]["enabled"], false, "over REST, false is not lost");

    let files = protox::Compiler::new([
        stock_proto().parent().unwrap(),
        &PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/proto")),
    ])
    .unwrap()
    .include_imports(true)
    .open_file("stock.proto")
    .unwrap()
    .descriptor_pool();
    let request = files.get_message_by_name("stock.NewJob").unwrap();
    let request = prost_reflect::DynamicMessage::deserialize(
        request,
        json!({"name": "k", "enabled": true, "context": "{\"a\": 1}"}),
    )
    .unwrap();
    let answer = crate::face::call_bytes(
        channel(&server).await,
        "/stock.StockService/CreateCronConfig",
        request.encode_to_vec(),
    )
    .await
    .unwrap();
    let answer =
        prost_reflect::DynamicMessage::decode(files.get_message_by_name("stock.JobReply").unwrap(), &*answer).unwrap();
    let shown = serde_json::to_value(&answer).unwrap();
    assert_eq!(shown, json!({"cronConfig": {"id": "2", "name": "k", "enabled": true, "context": "{\"a\":1}"}}));
    let refused = crate::face::call_bytes(channel(&server).await, "/stock.StockService/CreateCronConfig", Vec::new())
        .await
        .unwrap_err();
    assert_eq!(refused, ("INVALID_ARGUMENT".to_owned(), vec!["name".to_owned()]));
}

#[test]
fn a_proto_that_cannot_be_followed_is_refused_with_the_reason() {
    let folder = std::env::temp_dir().join(format!("cron-manager-proto-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    for (proto, reason) in [
        ("syntax = \"proto3\"; service A {", "expected"),
        ("syntax = \"proto3\"; message A {}", "CreateCronConfig"),
        (
            "syntax = \"proto3\"; message A { string colour = 1; } message C { string name = 1; } message B { C cron_config = 1; } \
             service S { rpc CreateCronConfig(A) returns (B); }",
            "A.colour",
        ),
        (
            "syntax = \"proto3\"; message A { string name = 1; } service S { rpc CreateCronConfig(A) returns (A); }",
            "A.name",
        ),
        ("syntax = \"proto3\"; import \"nowhere.proto\"; message A {}", "nowhere.proto"),
    ] {
        let path = folder.join("a.proto");
        std::fs::write(&path, proto).unwrap();
        let error = OriginalService::of_proto(&path).unwrap_err();
        assert_eq!(error.field(), Some("proto"));
        assert!(error.message().contains(reason), "{error}");
    }
    let missing = OriginalService::of_proto(&folder.join("missing.proto")).unwrap_err();
    assert!(missing.message().contains("missing.proto"), "{missing}");
    std::fs::remove_dir_all(folder).unwrap();
}
