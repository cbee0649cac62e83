//! Looking tokens up, without asking the store for each request.

use std::{collections::HashMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use parking_lot::Mutex;

use crate::{CronManager, Result, Token, TokenId, contracts::Clock, domain::TokenHash};

/// How long an answer counts: a token that is taken back is of use for so long, at the most.
const REMEMBERED: Duration = Duration::from_secs(5);
/// How many answers are remembered.
const MOST: usize = 1_024;

/// Where tokens are looked up.
#[async_trait]
pub trait TokenSource: Send + Sync {
    /// The token that counts, and what is kept of its secret.
    async fn live_token(&self, id: TokenId) -> Result<Option<(Token, TokenHash)>>;

    /// Whether any token counts.
    async fn has_live_token(&self) -> Result<bool>;
}

#[async_trait]
impl TokenSource for CronManager {
    async fn live_token(&self, id: TokenId) -> Result<Option<(Token, TokenHash)>> {
        Self::live_token(self, id).await
    }

    async fn has_live_token(&self) -> Result<bool> {
        Self::has_live_token(self).await
    }
}

type Known = Option<(Token, TokenHash)>;

/// The tokens of a source, each answer remembered for some seconds; failures are not.
pub(super) struct Tokens {
    source: Arc<dyn TokenSource>,
    clock: Arc<dyn Clock>,
    /// By their ids, what was answered, and until when that counts.
    known: Mutex<HashMap<TokenId, (Known, Duration)>>,
    any: Mutex<Option<(bool, Duration)>>,
}

impl Tokens {
    pub(super) fn new(source: Arc<dyn TokenSource>, clock: Arc<dyn Clock>) -> Self {
        Self { source, clock, known: Mutex::default(), any: Mutex::default() }
    }

    pub(super) async fn live(&self, id: TokenId) -> Result<Known> {
        // What was answered is as old as the question.
        let now = self.clock.elapsed();
        if let Some((known, _)) = self.known.lock().get(&id).filter(|(_, until)| now < *until) {
            return Ok(known.clone());
        }
        let found = self.source.live_token(id).await?;
        let mut known = self.known.lock();
        if known.len() >= MOST {
            known.retain(|_, (_, until)| now < *until);
        }
        if known.len() < MOST {
            known.insert(id, (found.clone(), now + REMEMBERED));
        }
        Ok(found)
    }

    pub(super) async fn any_live(&self) -> Result<bool> {
        let now = self.clock.elapsed();
        if let Some((any, _)) = self.any.lock().filter(|(_, until)| now < *until) {
            return Ok(any);
        }
        let any = self.source.has_live_token().await?;
        *self.any.lock() = Some((any, now + REMEMBERED));
        Ok(any)
    }
}
