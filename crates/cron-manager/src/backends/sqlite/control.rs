//! The rows of `cron_control` and `cron_switched_off`.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;
use sqlx::{SqliteConnection, SqliteExecutor};

use super::{
    audit, column,
    error::from_sqlx,
    table::{row, rows},
};
use crate::{AuditRecord, Author, Control, ControlFields, Result, domain::SwitchedOff};

/// The control record; the default when it was never changed.
pub(super) async fn read(on: impl SqliteExecutor<'_>) -> Result<Control> {
    #[derive(Deserialize)]
    struct Row(#[serde(with = "column")] bool, Option<String>, i64, #[serde(with = "column")] Timestamp);
    let sql = "SELECT json_group_array(json_array(enabled, log_level, version, updated_at)) FROM cron_control";
    let found: Option<Row> = row(on, sqlx::query_scalar(sql)).await?;
    Ok(found.map_or_else(Control::default, |Row(enabled, log_level, version, updated_at)| Control {
        enabled,
        log_level,
        version,
        updated_at: Some(updated_at),
    }))
}

/// Changes the control record at `now`, and keeps when jobs were switched off.
pub(super) async fn update(
    on: &mut SqliteConnection,
    fields: &ControlFields,
    if_version: Option<i64>,
    by: &Author,
    now: Timestamp,
) -> Result<Control> {
    let old = read(&mut *on).await?;
    let control = fields.change(&old, if_version, now)?;
    if control == old {
        return Ok(control);
    }
    let sql = "INSERT INTO cron_control (id, enabled, log_level, version, updated_at) VALUES (1, ?1, ?2, ?3, ?4) \
               ON CONFLICT (id) DO UPDATE SET enabled = ?1, log_level = ?2, version = ?3, updated_at = ?4";
    let query = sqlx::query(sql).bind(control.enabled).bind(&control.log_level).bind(control.version);
    query.bind(now.as_microsecond()).execute(&mut *on).await.map_err(from_sqlx)?;
    audit::add(&mut *on, vec![AuditRecord::controlled(&old, &control, by)], now).await?;
    let switched = match (old.enabled, control.enabled) {
        (true, false) => "INSERT INTO cron_switched_off (since, version) VALUES (?1, ?2)",
        (false, true) => "UPDATE cron_switched_off SET until = ?1 WHERE until IS NULL AND version < ?2",
        _ => return Ok(control),
    };
    sqlx::query(switched).bind(now.as_microsecond()).bind(control.version).execute(on).await.map_err(from_sqlx)?;
    Ok(control)
}

/// The times in which jobs were switched off and that reach beyond `after`, oldest first.
pub(super) async fn switched_off(on: &mut SqliteConnection, after: Timestamp) -> Result<Arc<[SwitchedOff]>> {
    #[derive(Deserialize)]
    struct Row(#[serde(with = "column")] Timestamp, #[serde(with = "column")] Option<Timestamp>);
    let sql = "SELECT json_group_array(json_array(since, until)) FROM \
               (SELECT since, until FROM cron_switched_off WHERE until IS NULL OR until > ?1 ORDER BY version)";
    let found: Vec<Row> = rows(on, sqlx::query_scalar(sql).bind(after.as_microsecond())).await?;
    Ok(found.into_iter().map(|Row(since, until)| SwitchedOff { since, until }).collect())
}
