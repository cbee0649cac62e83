//! Who asks, by the token they show.

use std::sync::{Arc, atomic::Ordering};

use cron_manager::{
    CronManager, Role,
    api::access::{Access, TokenSource},
    domain::TokenHash,
};

use crate::source::{SHOWN, SOME_SECONDS, Source, access, ask, ask_from, clock, guarded};

#[tokio::test]
async fn who_shows_no_token_that_counts_is_told_nothing_else() {
    let router = guarded(access(&Source::with_token()));
    let long = format!("Bearer cm_1_{}", "x".repeat(1024));
    let wrong: [&[(&str, &str)]; 15] = [
        &[],
        &[("authorization", "")],
        &[("authorization", "Bearer")],
        &[("authorization", "Bearer ")],
        &[("authorization", "Basic hush")],
        &[("authorization", "cm_1_hush")],
        &[("authorization", "Bearer cm_1_hush x")],
        &[("authorization", "Bearer cm_1_Hush")],
        &[("authorization", "Bearer cm_1_")],
        &[("authorization", "Bearer cm_2_hush")],
        &[("authorization", "Bearer hush")],
        &[("authorization", "Bearer ü")],
        &[("authorization", &long)],
        &[("authorization", SHOWN), ("authorization", SHOWN)],
        &[("origin", "http://evil.example")],
    ];
    let first = ask(&router, "/", &[]).await;
    for headers in wrong {
        for path in ["/", "/livez/", "/v1/x"] {
            let answer = ask(&router, path, headers).await;
            assert_eq!((answer.status.as_u16(), answer.header("www-authenticate")), (401, "Bearer"), "{headers:?}");
            assert_eq!(answer.body, first.body, "{headers:?}");
        }
    }
}

#[tokio::test]
async fn a_token_that_counts_tells_its_owner_and_role() {
    let router = guarded(access(&Source::with_token()));
    for shown in [SHOWN, "bearer cm_1_hush", "BEARER   cm_1_hush "] {
        let answer = ask(&router, "/", &[("authorization", shown), ("host", "jobs.example")]).await;
        assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, "ci#1 operator "), "{shown}");
    }
}

#[tokio::test]
async fn the_operator_is_known_also_while_the_store_is_away() {
    let source = Source::with_token();
    let router = guarded(access(&source).operator(TokenHash::of("an-operator-s-own")));
    source.is_away.store(true, Ordering::Relaxed);
    let answer = ask(&router, "/", &[("authorization", "Bearer an-operator-s-own")]).await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, "operator admin "));
    assert_eq!(ask(&router, "/", &[("authorization", "Bearer an-operator-s-owm")]).await.status, 401);
    assert_eq!(ask(&router, "/", &[]).await.status, 401);
}

#[tokio::test]
async fn nobody_passes_because_a_token_cannot_be_looked_up() {
    let source = Source::with_token();
    let router = guarded(access(&source));
    source.is_away.store(true, Ordering::Relaxed);
    for headers in [&[][..], &[("authorization", SHOWN)]] {
        let answer = ask(&router, "/", headers).await;
        assert_eq!(answer.status, 503);
        assert!(!answer.body.contains("secret.example"), "{}", answer.body);
    }
    // A failure is not remembered.
    source.is_away.store(false, Ordering::Relaxed);
    assert_eq!(ask(&router, "/", &[("authorization", SHOWN)]).await.status, 200);
}

#[tokio::test]
async fn a_token_that_is_taken_back_counts_for_some_seconds_at_the_most() {
    let (source, clock) = (Source::with_token(), clock());
    let router = guarded(Access::by(Arc::clone(&source) as Arc<dyn TokenSource>, Arc::new(clock.clone())));
    let status = async || ask(&router, "/", &[("authorization", SHOWN)]).await.status.as_u16();
    for _ in 0..9 {
        assert_eq!(status().await, 200);
    }
    assert_eq!(source.asked.load(Ordering::Relaxed), 1, "the store is not asked for each request");
    source.tokens.lock().clear();
    clock.advance(SOME_SECONDS);
    assert_eq!(status().await, 401);
}

#[tokio::test]
async fn without_a_token_requests_of_this_machine_are_anonymous_until_there_is_one() {
    let (source, clock) = (Arc::new(Source::default()), clock());
    let router = guarded(Access::by(Arc::clone(&source) as Arc<dyn TokenSource>, Arc::new(clock.clone())));
    let answer = ask(&router, "/", &[]).await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, "anonymous admin "));
    assert_eq!(ask(&router, "/", &[("authorization", SHOWN)]).await.status, 401, "who shows one is held to it");
    assert_eq!(ask(&router, "/", &[("host", "evil.example")]).await.status, 403);
    for peer in ["10.0.0.1:9", "[2001:db8::1]:9", "[::ffff:10.0.0.1]:9"] {
        assert_eq!(ask_from(peer, &router, "POST", "/", &[]).await.status, 401, "{peer}");
    }
    *source.tokens.lock() = Source::with_token().tokens.lock().clone();
    clock.advance(SOME_SECONDS);
    assert_eq!(ask(&router, "/", &[]).await.status, 401);
}

#[tokio::test]
async fn probes_need_no_token_also_while_the_store_is_away() {
    let source = Source::with_token();
    let router = guarded(access(&source));
    for is_away in [false, true] {
        source.is_away.store(is_away, Ordering::Relaxed);
        for path in ["/livez", "/readyz"] {
            let answer = ask_from("10.0.0.1:9", &router, "GET", path, &[("host", "10.0.0.2:8787")]).await;
            assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, "nobody"));
        }
    }
}

#[tokio::test]
async fn a_reason_is_text_of_at_most_1_kib() {
    let router = guarded(access(&Source::with_token()));
    let told = async |reason: &str| {
        let headers = [("authorization", SHOWN), ("cron-manager-reason", reason)];
        let answer = ask(&router, "/", &headers).await;
        (answer.status.as_u16(), answer.body.trim_start_matches("ci#1 operator ").to_owned())
    };
    for (sent, text) in [("an incident", "an incident"), ("gr%C3%BCn, 5%", "grün, 5%"), ("grün", "grün"), (" ", "")]
    {
        assert_eq!(told(sent).await, (200, text.to_owned()));
    }
    assert_eq!(told(&"x".repeat(1024)).await.0, 200);
    for wrong in [&*"x".repeat(1025), &"%C3%BC".repeat(513), "%ff", "a%0Ab", "a%00"] {
        let (status, body) = told(wrong).await;
        assert_eq!(status, 400, "{wrong}");
        assert!(body.contains("Cron-Manager-Reason"), "{body}");
    }
}

#[tokio::test]
async fn a_manager_s_own_tokens_let_in() {
    let manager = CronManager::builder().build().await.unwrap();
    let (token, secret) = manager.create_token("ada", Role::Viewer, None).await.unwrap();
    let router = guarded(Access::new(&manager));
    let shown = format!("Bearer {}", secret.expose());
    let answer = ask(&router, "/", &[("authorization", &shown)]).await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, "ada#1 viewer "));
    manager.revoke_token(token.id).await.unwrap();
    let router = guarded(Access::new(&manager));
    assert_eq!(ask(&router, "/", &[("authorization", &shown)]).await.status, 401);
}

#[tokio::test]
async fn only_an_admin_handles_tokens() {
    use cron_manager::{Author, ErrorKind, TokenId};
    let manager = CronManager::builder().build().await.unwrap();
    for role in [Role::Viewer, Role::Operator] {
        let manager = manager.by(Author::new("ada", role));
        let errors = [
            manager.create_token("x", Role::Viewer, None).await.map(drop),
            manager.tokens().await.map(drop),
            manager.revoke_token(TokenId(1)).await.map(drop),
        ];
        assert!(errors.into_iter().all(|done| done.unwrap_err().kind() == ErrorKind::PermissionDenied));
    }
    assert_eq!(manager.revoke_token(TokenId(1)).await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn a_rest_caller_does_what_the_role_allows_and_is_named_in_the_audit() {
    use cron_manager::{CronConfigFields, api::rest, manager::AuditQuery};
    let manager = CronManager::builder().build().await.unwrap();
    let fields = CronConfigFields::named("j").enabled(true);
    let config = manager.create_cron_config(&fields).await.unwrap();
    let path = format!("/v1/cron-config/{}", config.id);
    let trigger = format!("{path}:trigger");
    // 415 and 400: let in, and told what is wrong with the request.
    for (role, read, triggered, written, token) in
        [(Role::Viewer, 200, 403, 403, 403), (Role::Operator, 200, 200, 415, 403), (Role::Admin, 200, 200, 415, 400)]
    {
        let (_, secret) = manager.create_token("ada", role, None).await.unwrap();
        let router = rest::router(manager.clone());
        let shown = format!("Bearer {}", secret.expose());
        let headers = [("authorization", &*shown), ("cron-manager-reason", "so")];
        let status = async |method, path| ask_from("10.0.0.1:9", &router, method, path, &headers).await.status.as_u16();
        assert_eq!(status("GET", &path).await, read, "{role}");
        assert_eq!(status("POST", &trigger).await, triggered, "{role}");
        assert_eq!(status("PUT", &path).await, written, "{role}");
        assert_eq!(status("POST", "/v1/token").await, token, "{role}");
    }
    let query = AuditQuery { config_id: Some(config.id), limit: 9, ..AuditQuery::default() };
    let told: Vec<_> =
        manager.audit(&query).await.unwrap().into_iter().map(|r| (r.action, r.actor, r.reason)).collect();
    let by = |action: &str, actor: &str, reason: Option<&str>| (action.into(), actor.into(), reason.map(str::to_owned));
    let expected = [by("trigger", "ada#3", Some("so")), by("trigger", "ada#2", Some("so")), by("create", "code", None)];
    assert_eq!(told, expected);
}
