//! Rows of `cron_audit`.

use jiff::Timestamp;
use serde::Deserialize;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection, SqliteExecutor};

use super::{
    column,
    error::{damaged, from_sqlx},
    table::{rows, select},
};
use crate::{AuditId, AuditRecord, CronConfigId, Difference, Result, Role, contracts::AuditQuery};

const COLUMNS: [&str; 10] =
    ["id", "at", "actor", "role", "reason", "action", "config_id", "resource", "difference", "truncated"];

#[derive(Deserialize)]
struct Row {
    id: AuditId,
    #[serde(with = "column")]
    at: Timestamp,
    actor: String,
    role: Role,
    reason: Option<String>,
    action: String,
    config_id: Option<CronConfigId>,
    resource: String,
    difference: String,
    #[serde(with = "column")]
    truncated: bool,
}

impl Row {
    fn record(self) -> Result<AuditRecord> {
        let difference = Difference::restore(&self.difference, self.truncated).map_err(damaged)?;
        let Self { id, at, actor, role, reason, action, config_id, resource, .. } = self;
        Ok(AuditRecord { id, at, actor, role, reason, action, config_id, resource, difference })
    }
}

/// Adds records, all made at `now`.
pub(super) async fn add(on: &mut SqliteConnection, records: Vec<AuditRecord>, now: Timestamp) -> Result<()> {
    let sql = "INSERT INTO cron_audit (at, actor, role, reason, action, config_id, resource, difference, truncated) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    for record in records {
        let query = sqlx::query(sql)
            .bind(now.as_microsecond())
            .bind(record.actor)
            .bind(record.role.as_str())
            .bind(record.reason)
            .bind(record.action)
            .bind(record.config_id.map(|id| id.0))
            .bind(record.resource)
            .bind(record.difference.to_json())
            .bind(record.difference.is_truncated());
        query.execute(&mut *on).await.map_err(from_sqlx)?;
    }
    Ok(())
}

/// Newest first.
pub(super) async fn list(on: impl SqliteExecutor<'_>, query: &AuditQuery) -> Result<Vec<AuditRecord>> {
    let all = select("cron_audit", &COLUMNS, "true");
    let mut sql = QueryBuilder::<Sqlite>::new(format!("SELECT json_group_array(value) FROM ({all}"));
    if let Some(id) = query.config_id {
        sql.push(" AND config_id = ").push_bind(id.0);
    }
    if let Some(actor) = &query.actor {
        sql.push(" AND actor = ").push_bind(actor.as_str());
    }
    if let Some(from) = query.from {
        sql.push(" AND at >= ").push_bind(from.as_microsecond());
    }
    if let Some(to) = query.to {
        sql.push(" AND at < ").push_bind(to.as_microsecond());
    }
    if let Some(before) = query.before {
        sql.push(" AND id < ").push_bind(before.0);
    }
    sql.push(" ORDER BY id DESC LIMIT ").push_bind(i64::try_from(query.limit).unwrap_or(i64::MAX)).push(")");
    rows::<Row>(on, sql.build_query_scalar()).await?.into_iter().map(Row::record).collect()
}
