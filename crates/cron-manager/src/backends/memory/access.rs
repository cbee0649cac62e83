//! Tokens and the audit.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::{
    AuditId, AuditRecord, Result, Token, TokenId,
    contracts::AuditQuery,
    domain::{NewToken, TokenHash},
};

/// The tokens that were handed out.
#[derive(Default)]
pub(super) struct Tokens(BTreeMap<TokenId, (Token, TokenHash)>);

impl Tokens {
    pub(super) fn create(&mut self, new: &NewToken, now: Timestamp) -> Result<Token> {
        let id = TokenId(self.0.last_key_value().map_or(1, |(id, _)| id.0 + 1));
        let token = new.begin(id, now)?;
        self.0.insert(id, (token.clone(), new.hash()));
        Ok(token)
    }

    /// The token as it now is, and whether it is taken back only now.
    pub(super) fn revoke(&mut self, id: TokenId, now: Timestamp) -> Option<(Token, bool)> {
        let (token, _) = self.0.get_mut(&id)?;
        let is_new = token.revoked_at.is_none();
        token.revoked_at.get_or_insert(now);
        Some((token.clone(), is_new))
    }

    pub(super) fn all(&self) -> Vec<Token> {
        self.0.values().map(|(token, _)| token.clone()).collect()
    }

    pub(super) fn live(&self, now: Timestamp) -> impl Iterator<Item = &(Token, TokenHash)> {
        self.0.values().filter(move |(token, _)| token.is_live(now))
    }
}

/// The records, the oldest first.
#[derive(Default)]
pub(super) struct Audit(Vec<AuditRecord>);

impl Audit {
    pub(super) fn add(&mut self, record: AuditRecord, now: Timestamp) {
        let id = AuditId(self.0.last().map_or(1, |last| last.id.0 + 1));
        self.0.push(AuditRecord { id, at: now, ..record });
    }

    pub(super) fn list(&self, query: &AuditQuery) -> Vec<AuditRecord> {
        self.0.iter().rev().filter(|record| query.matches(record)).take(query.limit).cloned().collect()
    }
}
