//! Who asks: from a request to its [`Author`](crate::Author).
//!
//! | file | does |
//! |---|---|
//! | `caller` | tells who asks, by the token they show |
//! | `bearer` | reads the headers that tell it |
//! | `place` | keeps web pages out |
//! | `tokens` | looks tokens up, and remembers them for some seconds |

mod bearer;
mod caller;
mod place;
mod tokens;

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderValue, header},
    middleware::{self, Next},
    response::Response,
};

pub use tokens::TokenSource;

use crate::{CronManager, Result, contracts::Clock, domain::TokenHash};
use place::Sharing;
use tokens::Tokens;

/// Who may ask, and how they show it.
///
/// Where a token is configured, the operator's or one in the store, each request must show one; without any, requests of this machine are
/// `anonymous`, with the role admin. Only `/livez` and `/readyz` are for everybody.
pub struct Access {
    tokens: Tokens,
    operator: Option<TokenHash>,
    origins: Vec<String>,
    clock: Arc<dyn Clock>,
}

/// The other end of a connection, in the extensions of its requests.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

impl Access {
    /// By the tokens in the manager's store.
    pub fn new(manager: &CronManager) -> Self {
        Self::by(Arc::new(manager.clone()), Arc::clone(manager.clock()))
    }

    /// By the tokens of `source`, which are remembered by `clock`.
    pub fn by(source: Arc<dyn TokenSource>, clock: Arc<dyn Clock>) -> Self {
        Self { tokens: Tokens::new(source, Arc::clone(&clock)), operator: None, origins: Vec::new(), clock }
    }

    /// The operator's own token, known by its hash, too: whoever shows it is `operator`, with the role admin.
    #[must_use]
    pub fn operator(self, token: TokenHash) -> Self {
        Self { operator: Some(token), ..self }
    }

    /// Lets web pages of these origins ask, such as `https://jobs.example`, besides those of the server's own.
    #[must_use]
    pub fn allow_origins(self, origins: impl IntoIterator<Item = String>) -> Self {
        Self { origins: origins.into_iter().collect(), ..self }
    }

    /// Whether requests must show a token.
    ///
    /// Errors: unavailable (the tokens cannot be looked up).
    pub async fn asks_for_token(&self) -> Result<bool> {
        Ok(self.operator.is_some() || self.tokens.any_live().await?)
    }

    /// The routes, behind this: each request that reaches them has its [`Author`](crate::Author) in its extensions. No answer may be cached or taken for
    /// something else than it says it is.
    pub fn guard(self: Arc<Self>, router: Router) -> Router {
        router.layer(middleware::from_fn_with_state(self, check))
    }

    pub(super) fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }
}

async fn check(State(access): State<Arc<Access>>, request: Request, next: Next) -> Response {
    let (mut head, body) = request.into_parts();
    let sharing = Sharing::of(&access.origins, &head.headers);
    let mut response = if sharing.is_preflight(&head) {
        Response::default()
    } else {
        match access.admit(&head).await {
            Ok(author) => {
                author.map(|author| head.extensions.insert(author));
                next.run(Request::from_parts(head, body)).await
            }
            Err(problem) => problem.respond(&head.headers),
        }
    };
    sharing.add(response.headers_mut());
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
