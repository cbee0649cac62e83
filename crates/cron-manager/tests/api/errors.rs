use std::sync::Arc;

use serde_json::json;

use crate::{
    broken::BrokenStore,
    client::{Server, error},
};

#[tokio::test]
async fn an_error_has_the_shape_of_aip_193() {
    let server = Server::start().await;
    let answer = server.post("/v1/cron-config", r#"{"name":"j","cronExpression":"61 * * * *"}"#).await;
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(
        answer.json(),
        json!({"error": {
            "code": 400,
            "status": "INVALID_ARGUMENT",
            "message": "cronExpression: minute 61 is out of range 0–59\n61 * * * *\n^^",
            "details": [{
                "@type": "type.googleapis.com/google.rpc.BadRequest",
                "fieldViolations": [{"field": "cronExpression", "description": "minute 61 is out of range 0–59\n61 * * * *\n^^"}],
            }],
        }})
    );
}

#[tokio::test]
async fn who_prefers_problem_json_gets_it() {
    let server = Server::start().await;
    let kind = async |accept: &str| {
        let answer = server.send("GET", "/v1/cron-config/7", &[&format!("Accept: {accept}")], "").await;
        (answer.header("content-type").to_owned(), answer.json())
    };
    let (form, problem) = kind("application/problem+json").await;
    assert_eq!(form, "application/problem+json");
    assert_eq!(
        problem,
        json!({"type": "about:blank", "title": "Not Found", "status": 404, "detail": "config 7 was not found", "code": "NOT_FOUND"})
    );
    for accept in ["application/json, application/problem+json", "*/*;q=0.1, Application/Problem+JSON"] {
        assert_eq!(kind(accept).await.0, "application/problem+json", "{accept}");
    }
    for accept in ["*/*", "application/*", "text/html", "application/json, application/problem+json;q=0.5"] {
        assert_eq!(kind(accept).await.0, "application/json", "{accept}");
    }
    let wrong = server.send("GET", "/v1/cron-job?state=x", &["Accept: application/problem+json"], "").await;
    assert_eq!(wrong.json()["fieldViolations"][0]["field"], "state");
}

#[tokio::test]
async fn an_unknown_route_is_not_found() {
    let server = Server::start().await;
    for path in ["/", "/v1", "/v1/cron-config/", "/v1/cron-config/1/x", "/v1/cron-config:nope", "/v2/cron-config"] {
        assert_eq!(server.get(path).await.error(), error(404, "NOT_FOUND"), "{path}");
    }
    assert_eq!(server.post("/v1/cron-config/1:nope", "").await.error(), error(404, "NOT_FOUND"));
}

#[tokio::test]
async fn a_wrong_method_is_refused_with_the_right_ones() {
    let server = Server::start().await;
    for (method, path, allow) in [
        ("DELETE", "/v1/cron-config", "GET,HEAD,POST"),
        ("POST", "/v1/cron-config:byName", "GET,HEAD"),
        ("POST", "/v1/cron-config/1", "DELETE,GET,HEAD,PATCH,PUT"),
        ("GET", "/v1/cron-config/1:trigger", "POST"),
        ("OPTIONS", "/v1/cron-job", "GET,HEAD"),
        ("PUT", "/v1/cron-job/1", "GET,HEAD"),
        ("POST", "/livez", "GET,HEAD"),
    ] {
        let answer = server.send(method, path, &[], "").await;
        assert_eq!(answer.error(), error(405, "UNIMPLEMENTED"), "{method} {path}");
        assert_eq!(answer.header("allow"), allow, "{method} {path}");
    }
}

#[tokio::test]
async fn causes_inside_are_not_told() {
    let server = Server::over(Arc::new(BrokenStore::new())).await;
    let internal = server.get("/v1/cron-config/1").await;
    assert_eq!(internal.error(), error(500, "INTERNAL"));
    let unavailable = server.get("/v1/cron-job/1").await;
    assert_eq!(unavailable.error(), error(503, "UNAVAILABLE"));
    let readyz = server.get("/readyz").await;
    for answer in [internal, unavailable, readyz] {
        assert!(!answer.body.contains("secret"), "{}", answer.body);
    }
}
