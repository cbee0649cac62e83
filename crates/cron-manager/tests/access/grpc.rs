//! Refusals as gRPC clients read them.

use std::sync::{Arc, atomic::Ordering};

use crate::source::{SHOWN, Source, access, ask, guarded};

#[tokio::test]
async fn a_refusal_of_a_grpc_request_is_trailers_alone() {
    let source = Source::with_token();
    let router = guarded(access(&source));
    let open = guarded(access(&Arc::new(Source::default())));
    for form in ["application/grpc", "application/grpc+proto", "application/grpc-web+proto", "Application/gRPC"] {
        let form = ("content-type", form);
        let shown = ("authorization", SHOWN);
        for (router, headers, code) in [
            (&router, &[form][..], "16"),
            (&router, &[form, shown, ("origin", "http://evil.example")], "7"),
            (&router, &[form, shown, ("cron-manager-reason", "%ff")], "3"),
            (&open, &[form, ("host", "evil.example")], "7"),
        ] {
            let answer = ask(router, "/cron.v1.Cron/ListCronConfigs", headers).await;
            assert_eq!((answer.status.as_u16(), answer.header("grpc-status")), (200, code), "{headers:?}");
            assert_eq!((answer.header("content-type"), answer.body.as_str()), (form.1, ""));
            assert!(!answer.header("grpc-message").is_empty());
        }
    }
    source.is_away.store(true, Ordering::Relaxed);
    let answer =
        ask(&guarded(access(&source)), "/x", &[("content-type", "application/grpc"), ("authorization", SHOWN)]).await;
    assert_eq!((answer.status.as_u16(), answer.header("grpc-status")), (200, "14"));
}

#[tokio::test]
async fn a_refusal_of_a_rest_request_has_the_form_that_is_asked_for() {
    let router = guarded(access(&Source::with_token()));
    let aip: serde_json::Value = serde_json::from_str(&ask(&router, "/", &[]).await.body).unwrap();
    assert_eq!((aip["error"]["code"].as_u64(), aip["error"]["status"].as_str()), (Some(401), Some("UNAUTHENTICATED")));
    let answer = ask(&router, "/", &[("accept", "application/problem+json")]).await;
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let problem: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!((problem["status"].as_u64(), problem["code"].as_str()), (Some(401), Some("UNAUTHENTICATED")));
}
