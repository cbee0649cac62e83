//! Requests that only ask what would be (AIP-163), over both faces.

use cron_manager::{Revision, manager::AuditQuery};
use serde_json::{Value, json};

use crate::{
    client::Server,
    face::{Face, Refusal},
    secrets::key,
};

/// A server of its own behind each face.
async fn faces() -> [(Face, &'static Server); 2] {
    let (grpc, rest) = (server().await, server().await);
    [(Face::grpc(grpc).await, grpc), (Face::rest(rest).await, rest)]
}

async fn server() -> &'static Server {
    Box::leak(Box::new(Server::keyed(&key("a", 1)).await))
}

async fn dry(face: &Face, method: &str, mut request: Value) -> Result<Value, Refusal> {
    request["validateOnly"] = json!(true);
    face.call(method, request).await
}

/// The configs `live` and `other`, and one called `gone` that was deleted.
async fn fill(face: &Face) {
    for name in ["live", "other", "gone"] {
        let config = json!({"name": name, "enabled": true, "every": "60s"});
        face.call("CreateCronConfig", json!({ "cronConfig": config })).await.unwrap();
    }
    face.call("DeleteCronConfig", json!({"id": 3})).await.unwrap();
}

/// All that a store can tell of configs.
async fn told(server: &Server) -> String {
    let look = server.store.look(Revision(0), &[]).await.unwrap();
    let configs: Vec<_> = look.changed.iter().map(|standing| (&standing.config, standing.watermark)).collect();
    let audit = server.store.audit(&AuditQuery { limit: 100, ..AuditQuery::default() }).await.unwrap();
    format!("{:?} {configs:?} {audit:?}", look.revision)
}

/// The config in an answer, without what nobody can foretell.
fn foretold(mut answer: Value, unknown: &[&str]) -> Value {
    let mut config = if answer.get("cronConfig").is_some() { answer["cronConfig"].take() } else { answer };
    let fields = config.as_object_mut().unwrap();
    unknown.iter().for_each(|field| _ = fields.remove(*field));
    config
}

#[tokio::test]
async fn a_dry_run_changes_nothing_and_answers_what_then_comes_true() {
    for (face, server) in faces().await {
        fill(&face).await;
        let http = json!({"url": "https://a.example/b", "headers": {"Authorization": "hush"}});
        let create =
            json!({"cronConfig": {"name": "new", "cronExpression": "@daily", "http": http}, "requestId": "one"});
        let update =
            json!({"id": 1, "cronConfig": {"name": "renamed", "every": "90s"}, "updateMask": "name,every,enabled"});
        let calls = [
            ("CreateCronConfig", create, &["id", "etag", "createdAt", "updatedAt"][..]),
            ("UpdateCronConfig", update, &["updatedAt"]),
            ("DeleteCronConfig", json!({"id": 2}), &["updatedAt", "deletedAt"]),
        ];
        let before = told(server).await;
        let mut foreseen = Vec::new();
        for (method, request, unknown) in &calls {
            let answer = dry(&face, method, request.clone()).await.unwrap();
            assert!(!answer.to_string().contains("hush"), "{answer}");
            foreseen.push(foretold(answer, unknown));
        }
        assert_eq!(told(server).await, before);
        assert_eq!((foreseen[0].get("id"), foreseen[0].get("etag")), (None, None));
        for ((method, request, unknown), foreseen) in calls.into_iter().zip(foreseen) {
            let came = foretold(face.call(method, request).await.unwrap(), unknown);
            assert_eq!(foreseen.as_object().unwrap().len(), came.as_object().unwrap().len(), "{foreseen} {came}");
            assert_eq!(foreseen, came, "{method}");
        }
        assert_ne!(told(server).await, before);
    }
}

#[tokio::test]
async fn a_dry_run_is_refused_as_the_call_itself_is() {
    for (face, server) in faces().await {
        fill(&face).await;
        let before = told(server).await;
        for (method, request) in [
            ("CreateCronConfig", json!({"cronConfig": {"name": "live"}})),
            ("CreateCronConfig", json!({"cronConfig": {"name": "gone"}})),
            ("CreateCronConfig", json!({"cronConfig": {}})),
            ("CreateCronConfig", json!({"cronConfig": {"name": "new", "cronExpression": "61 * * * *"}})),
            ("CreateCronConfig", json!({"cronConfig": {"name": "new", "query": {"connection": "a", "sql": "COMMIT"}}})),
            ("CreateCronConfig", json!({"cronConfig": {"name": "new"}, "requestId": "a b"})),
            ("CreateCronConfig", json!({"cronConfig": {"name": "new", "calendars": ["none"]}})),
            ("UpdateCronConfig", json!({"id": 1, "cronConfig": {"calendars": ["none"]}})),
            ("UpdateCronConfig", json!({"id": 1, "cronConfig": {"name": "other"}})),
            ("UpdateCronConfig", json!({"id": 1, "cronConfig": {"name": "gone"}})),
            ("UpdateCronConfig", json!({"id": 1, "cronConfig": {"enabled": false, "etag": "\"7\""}})),
            ("UpdateCronConfig", json!({"id": 1, "cronConfig": {"timeout": "-1s"}})),
            ("UpdateCronConfig", json!({"id": 1, "cronConfig": {}, "updateMask": "nope"})),
            ("UpdateCronConfig", json!({"id": 3, "cronConfig": {"enabled": false}})),
            ("UpdateCronConfig", json!({"id": 7, "cronConfig": {"enabled": false}})),
            ("DeleteCronConfig", json!({"id": 1, "etag": "\"7\""})),
            ("DeleteCronConfig", json!({"id": 3})),
            ("DeleteCronConfig", json!({"id": 7})),
        ] {
            let refused = dry(&face, method, request.clone()).await;
            assert!(refused.is_err(), "{method} {request}: {refused:?}");
            assert_eq!(refused, face.call(method, request.clone()).await, "{method} {request}");
        }
        assert_eq!(told(server).await, before);
        // Its own name is no name of another's.
        dry(&face, "UpdateCronConfig", json!({"id": 1, "cronConfig": {"name": "live"}})).await.unwrap();
    }
}
