use std::sync::Arc;

use serde_json::json;

use crate::{broken::BrokenStore, client::Server};

#[tokio::test]
async fn a_process_that_runs_is_alive_whatever_else_is_broken() {
    let server = Server::over(Arc::new(BrokenStore::new())).await;
    assert_eq!(server.get("/livez").await.status, 200);
}

#[tokio::test]
async fn readiness_names_each_part_and_whether_it_answers() {
    let ready = Server::start().await.get("/readyz").await;
    assert_eq!((ready.status, &ready.json()["ready"]), (200, &json!(true)));
    assert_eq!(ready.json()["parts"][0]["name"], "store");
    assert!(ready.json()["parts"][0]["took"].as_str().unwrap().ends_with('s'));

    let broken = Server::over(Arc::new(BrokenStore::new())).await.get("/readyz").await;
    assert_eq!((broken.status, &broken.json()["ready"]), (503, &json!(false)));
    assert_eq!(broken.json()["parts"][0]["ready"], json!(false));
}

#[tokio::test]
async fn head_answers_as_get_without_the_body() {
    let server = Server::start().await;
    let head = server.send("HEAD", "/livez", &[], "").await;
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    assert_eq!(server.send("HEAD", "/v1/cron-config/7", &[], "").await.status, 404);
}
