//! Web pages that ask.

use std::sync::Arc;

use crate::source::{SHOWN, Source, access, ask, ask_from, guarded};

#[tokio::test]
async fn a_page_asks_from_the_server_s_own_origin_or_one_that_is_allowed() {
    let with = guarded(access(&Source::with_token()).allow_origins(["https://jobs.example".into()]));
    let without = guarded(access(&Arc::new(Source::default())).allow_origins(["https://jobs.example".into()]));
    for (router, shown) in [(&with, &[("authorization", SHOWN)][..]), (&without, &[])] {
        for (origin, status) in [
            ("http://localhost:1", 200),
            ("https://LOCALHOST:1", 200),
            ("https://jobs.example", 200),
            ("http://jobs.example", 403),
            ("https://jobs.example.evil.example", 403),
            ("http://localhost:2", 403),
            ("null", 403),
            ("file://", 403),
        ] {
            let answer = ask(router, "/", &[shown, &[("origin", origin)]].concat()).await;
            assert_eq!(answer.status.as_u16(), status, "{origin}");
            let shared = if origin == "https://jobs.example" { origin } else { "" };
            assert_eq!(answer.header("access-control-allow-origin"), shared);
        }
        let twice = [shown, &[("origin", "https://jobs.example"), ("origin", "http://evil.example")]].concat();
        assert_eq!(ask(router, "/", &twice).await.status, 403);
    }
}

#[tokio::test]
async fn a_browser_asks_without_a_token_whether_a_page_may_ask() {
    let router = guarded(access(&Source::with_token()).allow_origins(["https://jobs.example".into()]));
    let preflight = async |origin| {
        let headers = [("origin", origin), ("access-control-request-method", "POST")];
        ask_from("10.0.0.1:9", &router, "OPTIONS", "/v1/cron-config", &headers).await
    };
    let answer = preflight("https://jobs.example").await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, ""));
    assert_eq!(answer.header("access-control-allow-origin"), "https://jobs.example");
    assert!(answer.header("access-control-allow-headers").contains("Authorization"));
    assert_eq!(answer.header("vary"), "Origin");
    let answer = preflight("https://evil.example").await;
    assert_eq!((answer.status.as_u16(), answer.header("access-control-allow-origin")), (401, ""));
    let not_one = ask_from("10.0.0.1:9", &router, "OPTIONS", "/", &[("origin", "https://jobs.example")]).await;
    assert_eq!(not_one.status, 401);
}

#[tokio::test]
async fn the_target_and_the_host_header_agree() {
    let router = guarded(access(&Arc::new(Source::default())));
    for (target, host, status) in [
        ("http://localhost:1/", "localhost:1", 200),
        ("http://localhost:1/", "localhost:2", 403),
        ("http://evil.example/", "localhost:1", 403),
        ("http://evil.example/", "evil.example", 403),
    ] {
        assert_eq!(ask(&router, target, &[("host", host)]).await.status, status, "{target} {host}");
    }
}
