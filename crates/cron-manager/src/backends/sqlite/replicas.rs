//! Rows of `cron_replicas`: the registry.

use std::sync::LazyLock;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use sqlx::{SqliteConnection, SqliteExecutor};

use super::{
    column,
    error::from_sqlx,
    table::{array, rows, select},
};
use crate::{JobName, RegisteredReplica, ReplicaId, ReplicaStatus, Result, StoreId};

const COLUMNS: [&str; 11] = [
    "id",
    "version",
    "host",
    "handlers",
    "runners",
    "running",
    "clock_skew",
    "registered_at",
    "seen_at",
    "heartbeat",
    "draining",
];

#[derive(Deserialize)]
struct Row {
    #[serde(with = "column")]
    id: ReplicaId,
    version: String,
    host: String,
    handlers: String,
    runners: String,
    running: u32,
    clock_skew: i64,
    #[serde(with = "column")]
    registered_at: Timestamp,
    #[serde(with = "column")]
    seen_at: Timestamp,
    heartbeat: i64,
    #[serde(with = "column")]
    draining: bool,
}

impl From<Row> for RegisteredReplica {
    fn from(row: Row) -> Self {
        let handlers = row.handlers.split_terminator('\n').filter_map(|name| JobName::new(name).ok()).collect();
        let status = ReplicaStatus {
            id: row.id,
            version: row.version,
            host: row.host,
            handlers,
            runners: row.runners.split_terminator('\n').map(str::to_owned).collect(),
            running: row.running,
            clock_skew: SignedDuration::from_micros(row.clock_skew),
        };
        let Row { registered_at, seen_at, heartbeat, draining, .. } = row;
        Self { status, registered_at, seen_at, heartbeat, draining }
    }
}

/// Registers a replica or keeps what it tells, unless it has ended. Its handlers and runners are kept one a line.
pub(super) async fn watch(on: &mut SqliteConnection, me: &ReplicaStatus, now: Timestamp) -> Result<()> {
    let sql = "INSERT INTO cron_replicas (id, version, host, handlers, runners, running, clock_skew, registered_at, seen_at, heartbeat, draining) \
               VALUES (?1, ?2, ?3, ?4, ?8, ?5, ?6, ?7, ?7, 0, 0) \
               ON CONFLICT (id) DO UPDATE SET version = ?2, host = ?3, handlers = ?4, runners = ?8, running = ?5, clock_skew = ?6, seen_at = ?7, \
               heartbeat = heartbeat + 1 WHERE ended_at IS NULL";
    let handlers = me.handlers.iter().map(JobName::as_str).collect::<Vec<_>>().join("\n");
    let skew = i64::try_from(me.clock_skew.as_micros()).unwrap_or(i64::MAX);
    let query = sqlx::query(sql).bind(me.id.to_string()).bind(&me.version).bind(&me.host).bind(handlers);
    let query = query.bind(me.running).bind(skew).bind(now.as_microsecond()).bind(me.runners.join("\n"));
    query.execute(on).await.map_err(from_sqlx)?;
    Ok(())
}

/// The live ones, in the order of their registration.
pub(super) async fn live(on: impl SqliteExecutor<'_>) -> Result<Vec<RegisteredReplica>> {
    static LIVE: LazyLock<String> =
        LazyLock::new(|| array(&select("cron_replicas", &COLUMNS, "ended_at IS NULL ORDER BY registered_at, id")));
    Ok(rows::<Row>(on, sqlx::query_scalar(LIVE.as_str())).await?.into_iter().map(Into::into).collect())
}

/// Ends a replica that nobody counted since.
pub(super) async fn end(on: &mut SqliteConnection, id: ReplicaId, heartbeat: i64, now: Timestamp) -> Result<bool> {
    let sql = "UPDATE cron_replicas SET ended_at = ?3 WHERE id = ?1 AND heartbeat = ?2 AND ended_at IS NULL";
    let query = sqlx::query(sql).bind(id.to_string()).bind(heartbeat).bind(now.as_microsecond());
    Ok(query.execute(on).await.map_err(from_sqlx)?.rows_affected() > 0)
}

/// All have lost their process.
pub(super) async fn end_all(on: &mut SqliteConnection, now: Timestamp) -> Result<()> {
    let sql = "UPDATE cron_replicas SET ended_at = ?1 WHERE ended_at IS NULL";
    sqlx::query(sql).bind(now.as_microsecond()).execute(on).await.map_err(from_sqlx)?;
    Ok(())
}

/// Asks a live replica to start nothing more, or takes that back. Whether that changes anything; `None`: there is no such replica.
pub(super) async fn drain(on: &mut SqliteConnection, id: ReplicaId, draining: bool) -> Result<Option<bool>> {
    let was = "SELECT draining FROM cron_replicas WHERE id = ?1 AND ended_at IS NULL";
    let was: Option<bool> =
        sqlx::query_scalar(was).bind(id.to_string()).fetch_optional(&mut *on).await.map_err(from_sqlx)?;
    let sql = "UPDATE cron_replicas SET draining = ?2 WHERE id = ?1 AND ended_at IS NULL";
    sqlx::query(sql).bind(id.to_string()).bind(draining).execute(on).await.map_err(from_sqlx)?;
    Ok(was.map(|was| was != draining))
}

/// The live ones that were asked to start nothing more.
pub(super) async fn draining(on: &mut SqliteConnection) -> Result<Vec<ReplicaId>> {
    #[derive(Deserialize)]
    struct Id(#[serde(with = "column")] ReplicaId);
    let sql = "SELECT json_group_array(id) FROM cron_replicas WHERE ended_at IS NULL AND draining = 1";
    Ok(rows::<Id>(on, sqlx::query_scalar(sql)).await?.into_iter().map(|id| id.0).collect())
}

/// Which store this is.
pub(super) async fn store_id(on: &mut SqliteConnection) -> Result<StoreId> {
    let id: String = sqlx::query_scalar("SELECT id FROM cron_store").fetch_one(on).await.map_err(from_sqlx)?;
    id.parse()
}
