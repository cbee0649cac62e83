//! Rows of `cron_audit`.

use jiff::Timestamp;
use sqlx::{Postgres, QueryBuilder, postgres::PgRow};

use super::{column::Instant, error::Failure, fields::Fields, session::Session};
use crate::{AuditRecord, Difference, Error, contracts::AuditQuery};

/// Adds records, all made at `now`.
pub(super) async fn add(on: &mut Session, records: Vec<AuditRecord>, now: Timestamp) -> Result<(), Failure> {
    for record in records {
        let query = on.query(
            "INSERT INTO @cron_audit (at, actor, role, reason, action, config_id, resource, difference, truncated) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        );
        let query = query
            .bind(Instant(now))
            .bind(record.actor)
            .bind(record.role)
            .bind(record.reason)
            .bind(record.action)
            .bind(record.config_id)
            .bind(record.resource)
            .bind(record.difference.to_json())
            .bind(record.difference.is_truncated());
        on.run(query).await?;
    }
    Ok(())
}

/// Newest first.
pub(super) async fn list(on: &mut Session, query: &AuditQuery) -> Result<Vec<AuditRecord>, Failure> {
    let all = on.schema().sql(
        "SELECT id, at, actor, role, reason, action, config_id, resource, difference, truncated FROM @cron_audit WHERE true",
    );
    let mut sql = QueryBuilder::<Postgres>::new(all.as_str());
    if let Some(id) = query.config_id {
        sql.push(" AND config_id = ").push_bind(id);
    }
    if let Some(actor) = &query.actor {
        sql.push(" AND actor = ").push_bind(actor.as_str());
    }
    if let Some(from) = query.from {
        sql.push(" AND at >= ").push_bind(Instant(from));
    }
    if let Some(to) = query.to {
        sql.push(" AND at < ").push_bind(Instant(to));
    }
    if let Some(before) = query.before {
        sql.push(" AND id < ").push_bind(before);
    }
    sql.push(" ORDER BY id DESC LIMIT ").push_bind(i64::try_from(query.limit).unwrap_or(i64::MAX));
    on.rows(sql.build().persistent(false)).await?.iter().map(record).collect()
}

fn record(row: &PgRow) -> Result<AuditRecord, Failure> {
    let mut fields = Fields::of(row);
    let record = AuditRecord {
        id: fields.take()?,
        at: fields.instant()?,
        actor: fields.take()?,
        role: fields.take()?,
        reason: fields.take()?,
        action: fields.take()?,
        config_id: fields.take()?,
        resource: fields.take()?,
        difference: Difference::default(),
    };
    let (text, truncated): (String, bool) = (fields.take()?, fields.take()?);
    let damaged = |error| Error::internal("a difference in the audit cannot be read").with_source(error);
    Ok(AuditRecord { difference: Difference::restore(&text, truncated).map_err(damaged)?, ..record })
}
