//! Methods of tokens and of the audit.

use tonic::Status;

use crate::{
    CronManager,
    api::{
        proto,
        wire::{Page, audit_query, new_token, show_record, show_token},
    },
    domain::TokenId,
};

pub(super) async fn list_records(
    manager: &CronManager,
    mut asked: proto::ListAuditRecordsRequest,
) -> Result<proto::ListAuditRecordsResponse, Status> {
    let (size, token) = (std::mem::take(&mut asked.page_size), std::mem::take(&mut asked.page_token));
    let page = Page::new("audit_records", &asked, size, &token)?;
    let records = manager.audit(&audit_query(asked, &page)?).await?;
    let (audit_records, next_page_token) = page.show(&records, show_record, |record| record.id.0);
    Ok(proto::ListAuditRecordsResponse { audit_records, next_page_token })
}

pub(super) async fn create_token(
    manager: &CronManager,
    asked: proto::CreateTokenRequest,
) -> Result<proto::CreateTokenResponse, Status> {
    let (name, role, expires_at) = new_token(asked)?;
    let (token, secret) = manager.create_token(&name, role, expires_at).await?;
    Ok(proto::CreateTokenResponse { token: Some(show_token(&token)), secret: secret.expose() })
}

pub(super) async fn list_tokens(
    manager: &CronManager,
    _asked: proto::ListTokensRequest,
) -> Result<proto::ListTokensResponse, Status> {
    Ok(proto::ListTokensResponse { tokens: manager.tokens().await?.iter().map(show_token).collect() })
}

pub(super) async fn revoke_token(
    manager: &CronManager,
    asked: proto::RevokeTokenRequest,
) -> Result<proto::Token, Status> {
    Ok(show_token(&manager.revoke_token(TokenId(asked.id)).await?))
}
