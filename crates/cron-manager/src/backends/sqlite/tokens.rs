//! Rows of `cron_tokens`.

use jiff::Timestamp;
use sqlx::{Row, SqliteConnection, SqliteExecutor, sqlite::SqliteRow};

use super::error::from_sqlx;
use crate::{
    Error, Result, Role, Token, TokenId,
    domain::{NewToken, TokenHash},
};

/// The query for tokens that meet a condition.
macro_rules! tokens {
    ($condition:literal) => {
        concat!("SELECT id, name, role, created_at, expires_at, revoked_at, hash FROM cron_tokens WHERE ", $condition)
    };
}

/// The condition for those that count at `?1`.
macro_rules! live {
    () => {
        "revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?1)"
    };
}

pub(super) async fn create(on: &mut SqliteConnection, new: &NewToken, now: Timestamp) -> Result<Token> {
    let next = "SELECT coalesce(max(seq), 0) + 1 FROM sqlite_sequence WHERE name = 'cron_tokens'";
    let id = TokenId(sqlx::query_scalar(next).fetch_one(&mut *on).await.map_err(from_sqlx)?);
    let token = new.begin(id, now)?;
    let sql = "INSERT INTO cron_tokens (id, name, role, hash, created_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let query = sqlx::query(sql)
        .bind(token.id.0)
        .bind(&token.name)
        .bind(token.role.as_str())
        .bind(new.hash().as_bytes().to_vec())
        .bind(token.created_at.as_microsecond())
        .bind(token.expires_at.map(Timestamp::as_microsecond));
    query.execute(on).await.map_err(from_sqlx)?;
    Ok(token)
}

/// The token as it now is, and whether it is taken back only now.
pub(super) async fn revoke(on: &mut SqliteConnection, id: TokenId, now: Timestamp) -> Result<Option<(Token, bool)>> {
    let sql = "UPDATE cron_tokens SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL";
    let query = sqlx::query(sql).bind(id.0).bind(now.as_microsecond());
    let is_new = query.execute(&mut *on).await.map_err(from_sqlx)?.rows_affected() > 0;
    let found = sqlx::query(tokens!("id = ?1")).bind(id.0).fetch_optional(on).await.map_err(from_sqlx)?;
    found.map(|row| Ok((token(&row)?, is_new))).transpose()
}

pub(super) async fn all(on: impl SqliteExecutor<'_>) -> Result<Vec<Token>> {
    let rows = sqlx::query(tokens!("true ORDER BY id")).fetch_all(on).await.map_err(from_sqlx)?;
    rows.iter().map(token).collect()
}

pub(super) async fn live(
    on: impl SqliteExecutor<'_>,
    id: TokenId,
    now: Timestamp,
) -> Result<Option<(Token, TokenHash)>> {
    let query = sqlx::query(concat!(tokens!("id = ?2 AND "), live!())).bind(now.as_microsecond()).bind(id.0);
    let Some(row) = query.fetch_optional(on).await.map_err(from_sqlx)? else { return Ok(None) };
    let hash: Vec<u8> = row.try_get(6).map_err(from_sqlx)?;
    let hash = hash.try_into().map_err(|_| Error::internal("a token's hash has the wrong length"))?;
    Ok(Some((token(&row)?, TokenHash::from_bytes(hash))))
}

pub(super) async fn has_live(on: impl SqliteExecutor<'_>, now: Timestamp) -> Result<bool> {
    let sql = concat!("SELECT EXISTS (SELECT 1 FROM cron_tokens WHERE ", live!(), ")");
    sqlx::query_scalar(sql).bind(now.as_microsecond()).fetch_one(on).await.map_err(from_sqlx)
}

fn token(row: &SqliteRow) -> Result<Token> {
    let instant = |column: usize| -> Result<Option<Timestamp>> {
        let micros: Option<i64> = row.try_get(column).map_err(from_sqlx)?;
        let outside = |error| Error::internal("an instant of a token cannot be read").with_source(error);
        micros.map(Timestamp::from_microsecond).transpose().map_err(outside)
    };
    let word: String = row.try_get(2).map_err(from_sqlx)?;
    Ok(Token {
        id: TokenId(row.try_get(0).map_err(from_sqlx)?),
        name: row.try_get(1).map_err(from_sqlx)?,
        role: Role::from_word(&word).ok_or_else(|| Error::internal(format!("there is no role {word:?}")))?,
        created_at: instant(3)?.unwrap_or_default(),
        expires_at: instant(4)?,
        revoked_at: instant(5)?,
    })
}
