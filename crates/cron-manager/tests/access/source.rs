//! Tokens for tests, and routes behind them that tell who asks.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use axum::{
    Extension, Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Request, StatusCode},
};
use cron_manager::{
    Author, Error, Result, Role, Token, TokenId,
    api::access::{Access, Peer, TokenSource},
    domain::TokenHash,
    testing::ManualClock,
};
use jiff::Timestamp;
use parking_lot::Mutex;
use tower::ServiceExt;

/// The token that counts, in full.
pub(crate) const SHOWN: &str = "Bearer cm_1_hush";

/// A source whose tokens and failures a test holds in its hand.
#[derive(Default)]
pub(crate) struct Source {
    pub(crate) tokens: Mutex<Vec<(Token, TokenHash)>>,
    pub(crate) is_away: AtomicBool,
    pub(crate) asked: AtomicUsize,
}

impl Source {
    /// With the token of [`SHOWN`], an operator's.
    pub(crate) fn with_token() -> Arc<Self> {
        let source = Self::default();
        let token = Token {
            id: TokenId(1),
            name: "ci".into(),
            role: Role::Operator,
            created_at: Timestamp::UNIX_EPOCH,
            expires_at: None,
            revoked_at: None,
        };
        source.tokens.lock().push((token, TokenHash::of("hush")));
        Arc::new(source)
    }

    fn answer<T>(&self, answer: T) -> Result<T> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let is_away = self.is_away.load(Ordering::Relaxed);
        if is_away { Err(Error::unavailable("away").with_source("secret.example:5432")) } else { Ok(answer) }
    }
}

#[async_trait]
impl TokenSource for Source {
    async fn live_token(&self, id: TokenId) -> Result<Option<(Token, TokenHash)>> {
        self.answer(self.tokens.lock().iter().find(|(token, _)| token.id == id).cloned())
    }

    async fn has_live_token(&self) -> Result<bool> {
        self.answer(!self.tokens.lock().is_empty())
    }
}

pub(crate) fn clock() -> ManualClock {
    ManualClock::new(Timestamp::UNIX_EPOCH)
}

pub(crate) fn access(source: &Arc<Source>) -> Access {
    Access::by(Arc::clone(source) as Arc<dyn TokenSource>, Arc::new(clock()))
}

/// Routes that tell who asks, and why.
pub(crate) fn guarded(access: Access) -> Router {
    let tell = async |author: Option<Extension<Author>>| match author {
        Some(Extension(Author { actor, role, reason })) => format!("{actor} {role} {}", reason.unwrap_or_default()),
        None => "nobody".into(),
    };
    Arc::new(access).guard(Router::new().fallback(tell))
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// Sends a request with these headers, from this machine.
pub(crate) async fn ask(router: &Router, path: &str, headers: &[(&str, &str)]) -> Answer {
    ask_from("127.0.0.1:9", router, "POST", path, headers).await
}

pub(crate) async fn ask_from(
    peer: &str,
    router: &Router,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
) -> Answer {
    let mut request = Request::builder().method(method).uri(path).extension(Peer(peer.parse::<SocketAddr>().unwrap()));
    if !headers.iter().any(|(name, _)| *name == "host") {
        request = request.header("host", "localhost:1");
    }
    for (name, value) in headers {
        request = request.header(*name, value.as_bytes());
    }
    let response = router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let (head, body) = response.into_parts();
    let body = String::from_utf8(to_bytes(body, usize::MAX).await.unwrap().to_vec()).unwrap();
    Answer { status: head.status, headers: head.headers, body }
}

pub(crate) const SOME_SECONDS: Duration = Duration::from_secs(5);
