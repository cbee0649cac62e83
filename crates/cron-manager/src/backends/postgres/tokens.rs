//! Rows of `cron_tokens`.

use sqlx::postgres::PgRow;

use super::{audit, column::Instant, error::Failure, fields::Fields, session::Session};
use crate::{
    AuditRecord, Author, Error, Token, TokenId,
    domain::{NewToken, TokenHash},
};

/// The columns of a token, in the order of [`token`].
macro_rules! token_columns {
    () => {
        "id, name, role, created_at, expires_at, revoked_at"
    };
}

/// The condition for those that count.
macro_rules! live {
    () => {
        "revoked_at IS NULL AND (expires_at IS NULL OR expires_at > @cron_now())"
    };
}

pub(super) async fn create(on: &mut Session, new: &NewToken, by: &Author) -> Result<Token, Failure> {
    let query = on.query("SELECT nextval('@cron_tokens_id_seq'), @cron_now()");
    let row = on.row(query).await?;
    let mut fields = Fields::of(&row);
    let token = new.begin(fields.take()?, fields.instant()?)?;
    let query = on.query(
        "INSERT INTO @cron_tokens (id, name, role, hash, created_at, expires_at) OVERRIDING SYSTEM VALUE \
         VALUES ($1, $2, $3, $4, $5, $6)",
    );
    let query = query
        .bind(token.id)
        .bind(&token.name)
        .bind(token.role)
        .bind(&new.hash().as_bytes()[..])
        .bind(Instant(token.created_at))
        .bind(token.expires_at.map(Instant));
    on.run(query).await?;
    audit::add(on, vec![AuditRecord::token_created(&token, by)], token.created_at).await?;
    Ok(token)
}

pub(super) async fn revoke(on: &mut Session, id: TokenId, by: &Author) -> Result<Option<Token>, Failure> {
    let query = on.query(concat!(
        "UPDATE @cron_tokens SET revoked_at = @cron_now() WHERE id = $1 AND revoked_at IS NULL RETURNING ",
        token_columns!()
    ));
    if let Some(row) = on.row_or_none(query.bind(id)).await? {
        let token = token(&row)?;
        let at = token.revoked_at.unwrap_or_default();
        audit::add(on, vec![AuditRecord::token_revoked(&token, by)], at).await?;
        return Ok(Some(token));
    }
    let query = on.query(concat!("SELECT ", token_columns!(), " FROM @cron_tokens WHERE id = $1"));
    Ok(on.row_or_none(query.bind(id)).await?.as_ref().map(token).transpose()?)
}

pub(super) async fn all(on: &mut Session) -> Result<Vec<Token>, Failure> {
    let query = on.query(concat!("SELECT ", token_columns!(), " FROM @cron_tokens ORDER BY id"));
    Ok(on.rows(query).await?.iter().map(token).collect::<sqlx::Result<_>>()?)
}

pub(super) async fn live(on: &mut Session, id: TokenId) -> Result<Option<(Token, TokenHash)>, Failure> {
    let query = on.query(concat!("SELECT ", token_columns!(), ", hash FROM @cron_tokens WHERE id = $1 AND ", live!()));
    let Some(row) = on.row_or_none(query.bind(id)).await? else { return Ok(None) };
    let hash: Vec<u8> = sqlx::Row::try_get(&row, "hash")?;
    let hash = hash.try_into().map_err(|_| Error::internal("a token's hash has the wrong length"))?;
    Ok(Some((token(&row)?, TokenHash::from_bytes(hash))))
}

pub(super) async fn has_live(on: &mut Session) -> Result<bool, Failure> {
    let query = on.query(concat!("SELECT EXISTS (SELECT FROM @cron_tokens WHERE ", live!(), ")"));
    Ok(Fields::of(&on.row(query).await?).take()?)
}

fn token(row: &PgRow) -> sqlx::Result<Token> {
    let mut fields = Fields::of(row);
    Ok(Token {
        id: fields.take()?,
        name: fields.take()?,
        role: fields.take()?,
        created_at: fields.instant()?,
        expires_at: fields.instant_or_none()?,
        revoked_at: fields.instant_or_none()?,
    })
}
