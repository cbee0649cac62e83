//! Tokens, and the records of changes.

use jiff::Timestamp;

use super::{
    Misfit, Page,
    scalar::{show_time, show_word, time, word},
};
use crate::{AuditRecord, CronConfigId, Role, Token, api::proto, contracts::AuditQuery, domain::AuditId};

pub(crate) fn show_token(token: &Token) -> proto::Token {
    proto::Token {
        id: token.id.0,
        name: token.name.clone(),
        role: show_word(token.role),
        created_at: Some(show_time(token.created_at)),
        expires_at: token.expires_at.map(show_time),
        revoked_at: token.revoked_at.map(show_time),
    }
}

/// Whose token is to be made, what they may do, and until when.
pub(crate) fn new_token(asked: proto::CreateTokenRequest) -> Result<(String, Role, Option<Timestamp>), Misfit> {
    let expires_at = asked.expires_at.map(|end| time("expiresAt", end)).transpose()?;
    Ok((asked.name, word("role", asked.role)?, expires_at))
}

pub(crate) fn show_record(record: &AuditRecord) -> proto::AuditRecord {
    proto::AuditRecord {
        id: record.id.0,
        at: Some(show_time(record.at)),
        actor: record.actor.clone(),
        role: show_word(record.role),
        reason: record.reason.clone(),
        action: record.action.clone(),
        config_id: record.config_id.map(|id| id.0),
        resource: record.resource.clone(),
        difference: record.difference.to_json(),
        truncated: record.difference.is_truncated(),
    }
}

/// Which records are asked for.
pub(crate) fn audit_query(asked: proto::ListAuditRecordsRequest, page: &Page) -> Result<AuditQuery, Misfit> {
    let instant = |field, given: Option<_>| given.map(|given| time(field, given)).transpose();
    Ok(AuditQuery {
        config_id: asked.config_id.map(CronConfigId),
        actor: Some(asked.actor).filter(|actor| !actor.is_empty()),
        from: instant("from", asked.from)?,
        to: instant("to", asked.to)?,
        before: page.after.map(AuditId),
        limit: page.limit(),
    })
}
