//! Who may ask, and who changed what.

use jiff::Timestamp;

use super::CronManager;
use crate::{
    AuditRecord, Error, Result, Role, SecretToken, Token, TokenId,
    contracts::AuditQuery,
    domain::{NewToken, TokenHash, secret_text},
};

impl CronManager {
    /// Makes a token for somebody of that role, which counts until `expires_at`, by the store's clock. Its text is not kept: it is shown here,
    /// once.
    ///
    /// Errors: permission denied (only an admin may), invalid argument (`name`; `expiresAt` lies in the past).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> cron_manager::Result<()> {
    /// use cron_manager::{CronManager, Role};
    ///
    /// let manager = CronManager::builder().build().await?;
    /// let (token, secret) = manager.create_token("deploys", Role::Operator, None).await?;
    /// assert!(secret.expose().starts_with("cm_1_"));
    /// manager.revoke_token(token.id).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn create_token(
        &self,
        name: &str,
        role: Role,
        expires_at: Option<Timestamp>,
    ) -> Result<(Token, SecretToken)> {
        self.author.allows(Role::Admin)?;
        let mut bytes = [0; 32];
        // Not by the contract `Randomness`, whose values need not be secret.
        getrandom::fill(&mut bytes)
            .map_err(|error| Error::unavailable("this machine gives no random bytes").with_source(error))?;
        let secret = secret_text(&bytes);
        let new = NewToken::new(name, role, expires_at, TokenHash::of(&secret))?;
        let token = self.replica.store().create_token(&new, &self.author).await?;
        let secret = SecretToken::new(token.id, secret);
        Ok((token, secret))
    }

    /// All tokens, in the order of their ids; those that were taken back or have expired, too.
    ///
    /// Errors: permission denied (only an admin may).
    pub async fn tokens(&self) -> Result<Vec<Token>> {
        self.author.allows(Role::Admin)?;
        self.replica.store().tokens().await
    }

    /// Takes a token back: who shows it is refused, within some seconds on every replica. One that was taken back before stays as it is.
    ///
    /// Errors: permission denied (only an admin may), not found.
    pub async fn revoke_token(&self, id: TokenId) -> Result<Token> {
        self.author.allows(Role::Admin)?;
        let revoked = self.replica.store().revoke_token(id, &self.author).await?;
        revoked.ok_or_else(|| Error::not_found(format!("token {id}")))
    }

    /// The token that counts, and what is kept of its secret: for who asks callers for theirs. `None`: there is none, or it was taken back, or
    /// has expired.
    pub async fn live_token(&self, id: TokenId) -> Result<Option<(Token, TokenHash)>> {
        self.replica.store().live_token(id).await
    }

    /// Whether any token counts.
    pub async fn has_live_token(&self) -> Result<bool> {
        self.replica.store().has_live_token().await
    }

    /// Who changed what, when and why: newest first.
    pub async fn audit(&self, query: &AuditQuery) -> Result<Vec<AuditRecord>> {
        self.replica.store().audit(query).await
    }
}
