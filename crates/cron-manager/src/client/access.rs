//! Tokens, and who changed what.

use futures_util::Stream;
use jiff::Timestamp;

use super::{Client, pages, proto};
use crate::{CronConfigId, Error, Result, Role, SecretToken, TokenId, api::wire::show_time};

/// Which records of changes to list.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// Only of this config.
    pub config_id: Option<CronConfigId>,
    /// Only by this actor.
    pub actor: Option<String>,
    /// Only made at or after this instant.
    pub from: Option<Timestamp>,
    /// Only made before this instant.
    pub to: Option<Timestamp>,
}

impl Client {
    /// Who changed what, when and why: newest first, page by page.
    pub fn audit(&self, filter: &AuditFilter) -> impl Stream<Item = Result<proto::AuditRecord>> + Send + use<> {
        let client = self.clone();
        let asked = proto::ListAuditRecordsRequest {
            config_id: filter.config_id.map(|id| id.0),
            actor: filter.actor.clone().unwrap_or_default(),
            from: filter.from.map(show_time),
            to: filter.to.map(show_time),
            page_size: pages::PAGE,
            page_token: String::new(),
        };
        pages::rows(move |page_token| {
            let (client, asked) = (client.clone(), proto::ListAuditRecordsRequest { page_token, ..asked.clone() });
            async move {
                let ask = |mut grpc: super::call::Grpc, asked| async move { grpc.list_audit_records(asked).await };
                let page = client.read(asked, ask).await?;
                Ok((page.audit_records, page.next_page_token))
            }
        })
    }

    /// Makes a token for somebody of that role, which counts until `expires_at`. Its secret is shown here, once.
    ///
    /// Errors: permission denied (only an admin may), invalid argument (`name`; `expiresAt` lies in the past).
    pub async fn create_token(
        &self,
        name: &str,
        role: Role,
        expires_at: Option<Timestamp>,
    ) -> Result<(proto::Token, SecretToken)> {
        let asked = proto::CreateTokenRequest {
            name: name.to_owned(),
            role: role.to_string(),
            expires_at: expires_at.map(show_time),
        };
        let answer = self.write(asked, |mut grpc, asked| async move { grpc.create_token(asked).await }).await?;
        let made = answer.token.zip(SecretToken::parse(&answer.secret));
        made.ok_or_else(|| Error::internal("the server's answer has no token in it"))
    }

    /// All tokens, without their secrets.
    ///
    /// Errors: permission denied (only an admin may).
    pub async fn tokens(&self) -> Result<Vec<proto::Token>> {
        let asked = proto::ListTokensRequest {};
        let answer = self.read(asked, |mut grpc, asked| async move { grpc.list_tokens(asked).await }).await?;
        Ok(answer.tokens)
    }

    /// Takes a token back.
    ///
    /// Errors: permission denied (only an admin may), not found.
    pub async fn revoke_token(&self, id: TokenId) -> Result<proto::Token> {
        let asked = proto::RevokeTokenRequest { id: id.0 };
        self.write(asked, |mut grpc, asked| async move { grpc.revoke_token(asked).await }).await
    }
}
