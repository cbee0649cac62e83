//! Who asks, by the token they show.

use axum::http::request::Parts;

use super::{Access, Peer, bearer, place};
use crate::{
    Role,
    api::problem::Problem,
    domain::{Author, SecretToken, TokenHash},
};

impl Access {
    /// Who asks. `None`: it does not matter.
    pub(super) async fn admit(&self, head: &Parts) -> Result<Option<Author>, Problem> {
        let (uri, headers) = (&head.uri, &head.headers);
        if is_probe(uri.path()) {
            // Probes go on while the store is away.
            if !self.asks_for_token().await.unwrap_or(true) {
                place::check_host(uri, headers)?;
            }
            place::check_origin(&self.origins, uri, headers)?;
            return Ok(None);
        }
        let author = match bearer::token(headers)? {
            Some(text) => self.known(text).await?,
            None if self.asks_for_token().await? || !is_near(head) => return Err(bearer::unknown()),
            None => {
                place::check_host(uri, headers)?;
                Author::new("anonymous", Role::Admin)
            }
        };
        place::check_origin(&self.origins, uri, headers)?;
        Ok(Some(Author { reason: bearer::reason(headers)?, ..author }))
    }

    async fn known(&self, text: &str) -> Result<Author, Problem> {
        if self.operator == Some(TokenHash::of(text)) {
            return Ok(Author::new("operator", Role::Admin));
        }
        let shown = SecretToken::parse(text).ok_or_else(bearer::unknown)?;
        match self.tokens.live(shown.id()).await? {
            Some((token, hash)) if hash == shown.hash() => Ok(Author::new(token.actor(), token.role)),
            _ => Err(bearer::unknown()),
        }
    }
}

/// They tell those who watch the process whether it is well, and nothing else.
fn is_probe(path: &str) -> bool {
    matches!(path, "/livez" | "/readyz") || path.starts_with("/grpc.health.v1.Health/")
}

/// Whether it comes from this machine, as far as is known: a server of somebody else's may not say.
fn is_near(head: &Parts) -> bool {
    head.extensions.get::<Peer>().is_none_or(|Peer(address)| address.ip().to_canonical().is_loopback())
}
