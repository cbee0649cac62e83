//! Rows of `cron_jobs`.

use std::{sync::LazyLock, time::Duration};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::{QueryBuilder, Sqlite, SqliteConnection, SqliteExecutor};

use super::{
    column,
    error::from_sqlx,
    table::{GIVEN, Query, array, json, row, rows, select, upsert},
};
use crate::{
    ClaimToken, Context, CronConfigId, CronRun, Fence, Hold, JobName, PageId, ReplicaId, Result, RunId, RunKind,
    RunState, SkipReason, TraceParent,
    contracts::{Beat, Finish, RunQuery, Running, Waiting},
};

/// The columns of a run, under the names of [`CronRun`]'s fields.
const COLUMNS: [&str; 30] = [
    "id",
    "config_id",
    "lane",
    "name",
    "config_version",
    "kind",
    "due_at",
    "due_through",
    "count",
    "attempt",
    "request_id",
    "start_after",
    "start_deadline",
    "state",
    "reason",
    "replica_id",
    "fence",
    "token",
    "heartbeat",
    "ttl",
    "created_at",
    "started_at",
    "finished_at",
    "result",
    "error",
    "truncated",
    "traceparent",
    "context",
    "retry_of",
    "cancelling",
];

/// What a run is for never changes.
const FIXED: [&str; 13] = [
    "id",
    "config_id",
    "lane",
    "name",
    "config_version",
    "kind",
    "due_at",
    "attempt",
    "request_id",
    "context",
    "retry_of",
    "created_at",
    "traceparent",
];

#[derive(Serialize, Deserialize)]
#[serde(remote = "CronRun")]
struct Columns {
    id: RunId,
    config_id: CronConfigId,
    #[serde(with = "column")]
    lane: Option<ReplicaId>,
    #[serde(with = "column")]
    name: JobName,
    config_version: i64,
    kind: RunKind,
    #[serde(with = "column")]
    due_at: Timestamp,
    #[serde(with = "column")]
    due_through: Timestamp,
    count: u64,
    attempt: u32,
    request_id: Option<String>,
    #[serde(with = "column")]
    context: Option<Context>,
    retry_of: Option<RunId>,
    #[serde(with = "column")]
    cancelling: bool,
    #[serde(with = "column")]
    start_after: Timestamp,
    #[serde(with = "column")]
    start_deadline: Timestamp,
    state: RunState,
    reason: Option<SkipReason>,
    #[serde(with = "column")]
    replica_id: Option<ReplicaId>,
    fence: Fence,
    token: ClaimToken,
    heartbeat: i64,
    #[serde(with = "column")]
    ttl: Duration,
    #[serde(with = "column")]
    created_at: Timestamp,
    #[serde(with = "column")]
    started_at: Option<Timestamp>,
    #[serde(with = "column")]
    finished_at: Option<Timestamp>,
    result: Option<String>,
    error: Option<String>,
    #[serde(with = "column")]
    truncated: bool,
    traceparent: Option<TraceParent>,
}

#[derive(Deserialize)]
#[serde(transparent)]
struct Stored(#[serde(with = "Columns")] CronRun);

/// A run to write.
#[derive(Serialize)]
pub(super) struct Written {
    #[serde(flatten, with = "Columns")]
    pub(super) run: CronRun,
    /// For the index that allows an exclusive config one running row.
    #[serde(with = "column")]
    pub(super) exclusive: bool,
}

/// What the partial index on live rows says, word for word, so that SQLite uses it.
const LIVE: &str = "state IN ('pending', 'running')";

static UPSERT: LazyLock<String> =
    LazyLock::new(|| upsert("cron_jobs", &[&COLUMNS[..], &["exclusive"]].concat(), &FIXED));

static ON_PAGES: LazyLock<String> = LazyLock::new(|| {
    let live = all(&format!(
        "{LIVE} AND (config_id, coalesce(lane, '')) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?1))"
    ));
    let furthest_skip = "SELECT (SELECT id FROM cron_jobs WHERE config_id = page.value ->> 0 \
         AND coalesce(lane, '') = page.value ->> 1 AND state = 'skipped' AND kind = 'tick' \
         ORDER BY due_through DESC, id DESC LIMIT 1) FROM json_each(?1) AS page";
    array(&format!("{live} UNION ALL {}", all(&format!("id IN ({furthest_skip})"))))
});
static RUNNING: LazyLock<String> = LazyLock::new(|| {
    let columns = "jsonb_array(id, config_id, lane, replica_id, fence, heartbeat, ttl) AS value";
    array(&format!("SELECT {columns} FROM cron_jobs WHERE {LIVE} AND state = 'running' ORDER BY id"))
});
static CLAIMED: LazyLock<String> =
    LazyLock::new(|| array(&all(&format!("{LIVE} AND state = 'running' AND token = ?1 ORDER BY id"))));
static BY_ID: LazyLock<String> = LazyLock::new(|| array(&all("id = ?1")));
static WAITING: LazyLock<String> = LazyLock::new(|| {
    let columns = "jsonb_array(id, config_id, lane, start_after, start_deadline) AS value";
    array(&format!("SELECT {columns} FROM cron_jobs WHERE {LIVE} AND state = 'pending' ORDER BY id"))
});

/// The runs that meet a condition.
fn all(condition: &str) -> String {
    select("cron_jobs", &COLUMNS, condition)
}

async fn runs(on: impl SqliteExecutor<'_>, query: Query<'_>) -> Result<Vec<CronRun>> {
    Ok(rows::<Stored>(on, query).await?.into_iter().map(|stored| stored.0).collect())
}

/// The live rows of pages and the skipped tick row of each that reaches furthest.
pub(super) async fn on_pages(on: &mut SqliteConnection, pages: &[PageId]) -> Result<Vec<CronRun>> {
    let lane = |page: &PageId| page.lane.map(|lane| lane.to_string()).unwrap_or_default();
    let pages: Vec<_> = pages.iter().map(|page| (page.config_id, lane(page))).collect();
    runs(on, sqlx::query_scalar(ON_PAGES.as_str()).bind(json(&pages)?)).await
}

/// The pages of configs (a JSON array of ids) that have pending or running rows.
pub(super) async fn live_pages(on: &mut SqliteConnection, configs: &str) -> Result<Vec<PageId>> {
    static PAGES: LazyLock<String> = LazyLock::new(|| {
        let distinct = "SELECT DISTINCT config_id, lane FROM cron_jobs";
        let condition = format!("{LIVE} AND config_id IN (SELECT value FROM json_each(?1))");
        array(&format!("SELECT jsonb_array(config_id, lane) AS value FROM ({distinct} WHERE {condition})"))
    });
    let pages: Vec<(CronConfigId, Lane)> = rows(on, sqlx::query_scalar(PAGES.as_str()).bind(configs)).await?;
    Ok(pages.into_iter().map(|(config_id, Lane(lane))| PageId { config_id, lane }).collect())
}

pub(super) async fn running(on: impl SqliteExecutor<'_>) -> Result<Vec<Running>> {
    #[derive(Deserialize)]
    struct Row(
        RunId,
        CronConfigId,
        Lane,
        #[serde(with = "column")] ReplicaId,
        Fence,
        i64,
        #[serde(with = "column")] Duration,
    );
    let running = |Row(run_id, config_id, Lane(lane), replica_id, fence, heartbeat, ttl)| Running {
        hold: Hold { run_id, replica_id, fence },
        page_id: PageId { config_id, lane },
        heartbeat,
        ttl,
    };
    Ok(rows(on, sqlx::query_scalar(RUNNING.as_str())).await?.into_iter().map(running).collect())
}

#[derive(Deserialize)]
#[serde(transparent)]
struct Lane(#[serde(with = "column")] Option<ReplicaId>);

pub(super) async fn claimed(on: impl SqliteExecutor<'_>, token: ClaimToken) -> Result<Vec<CronRun>> {
    runs(on, sqlx::query_scalar(CLAIMED.as_str()).bind(token.0)).await
}

pub(super) async fn by_id(on: impl SqliteExecutor<'_>, id: RunId) -> Result<Option<CronRun>> {
    Ok(row::<Stored>(on, sqlx::query_scalar(BY_ID.as_str()).bind(id.0)).await?.map(|stored| stored.0))
}

pub(super) async fn waiting(on: impl SqliteExecutor<'_>) -> Result<Vec<Waiting>> {
    #[derive(Deserialize)]
    struct Row(RunId, CronConfigId, Lane, #[serde(with = "column")] Timestamp, #[serde(with = "column")] Timestamp);
    let waiting = |Row(run_id, config_id, Lane(lane), start_after, start_deadline)| Waiting {
        run_id,
        page_id: PageId { config_id, lane },
        start_after,
        start_deadline,
    };
    Ok(rows(on, sqlx::query_scalar(WAITING.as_str())).await?.into_iter().map(waiting).collect())
}

/// Newest id first.
pub(super) async fn list(on: impl SqliteExecutor<'_>, query: &RunQuery) -> Result<Vec<CronRun>> {
    let mut sql = QueryBuilder::<Sqlite>::new(format!("SELECT json_group_array(value) FROM ({}", all("true")));
    if let Some(id) = query.config_id {
        sql.push(" AND config_id = ").push_bind(id.0);
    }
    if let Some(state) = query.state {
        sql.push(" AND state = ").push_bind(state.as_str());
    }
    if let Some(reason) = query.reason {
        sql.push(" AND state = 'skipped' AND reason = ").push_bind(reason.as_str());
    }
    if let Some(from) = query.from {
        sql.push(" AND due_at >= ").push_bind(from.as_microsecond());
    }
    if let Some(to) = query.to {
        sql.push(" AND due_at < ").push_bind(to.as_microsecond());
    }
    if let Some(before) = query.before {
        sql.push(" AND id < ").push_bind(before.0);
    }
    sql.push(" ORDER BY id DESC LIMIT ").push_bind(i64::try_from(query.limit).unwrap_or(i64::MAX)).push(")");
    runs(on, sql.build_query_scalar()).await
}

/// At most `limit` runs with ids greater than `after`, the smallest ones, and those of `ids`.
pub(super) async fn after(
    on: impl SqliteExecutor<'_>,
    after: RunId,
    limit: usize,
    ids: &[RunId],
) -> Result<Vec<CronRun>> {
    static AFTER: LazyLock<String> = LazyLock::new(|| {
        let newer = all("id > ?1 ORDER BY id LIMIT ?2");
        array(&format!("SELECT value FROM ({newer}) UNION ALL {}", all("id IN (SELECT value FROM json_each(?3))")))
    });
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    runs(on, sqlx::query_scalar(AFTER.as_str()).bind(after.0).bind(limit).bind(json(ids)?)).await
}

/// The newest id that was ever given.
pub(super) async fn last_id(on: &mut SqliteConnection) -> Result<RunId> {
    let sql = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'cron_jobs'";
    Ok(RunId(sqlx::query_scalar(sql).fetch_one(on).await.map_err(from_sqlx)?))
}

/// Writes runs in the given order.
pub(super) async fn write(on: &mut SqliteConnection, runs: &[Written]) -> Result<()> {
    sqlx::query(UPSERT.as_str()).bind(json(runs)?).execute(on).await.map_err(from_sqlx)?;
    Ok(())
}

/// Which of the holds are still good, by their places. The `+` keeps SQLite from searching the runs by their state.
pub(super) async fn good(on: &mut SqliteConnection, holds: impl Iterator<Item = Hold>) -> Result<Vec<usize>> {
    let holds: Vec<_> = holds.map(|hold| (hold.run_id, hold.replica_id.to_string(), hold.fence)).collect();
    let sql = "SELECT json_group_array(held.key) FROM json_each(?1) AS held, cron_jobs \
               WHERE cron_jobs.id = held.value ->> 0 AND +cron_jobs.state = 'running' \
               AND cron_jobs.replica_id = held.value ->> 1 AND cron_jobs.fence = held.value ->> 2";
    rows(on, sqlx::query_scalar(sql).bind(json(&holds)?)).await
}

/// Counts a heartbeat on each hold that is still good.
pub(super) async fn heartbeat(on: &mut SqliteConnection, holds: &[Hold]) -> Result<Vec<Beat>> {
    let good = good(on, holds.iter().copied()).await?;
    let moved: Vec<_> = good.into_iter().map(|place| holds[place].run_id).collect();
    let sql = "UPDATE cron_jobs SET heartbeat = heartbeat + 1 WHERE id IN (SELECT value FROM json_each(?1)) RETURNING id, cancelling";
    let beats: Vec<(i64, bool)> = sqlx::query_as(sql).bind(json(&moved)?).fetch_all(on).await.map_err(from_sqlx)?;
    Ok(beats.into_iter().map(|(id, cancelling)| Beat { run_id: RunId(id), cancelling }).collect())
}

/// The running runs that are to be cancelled.
pub(super) async fn cancelling(on: impl SqliteExecutor<'_>) -> Result<Vec<Hold>> {
    #[derive(Deserialize)]
    struct Row(RunId, #[serde(with = "column")] ReplicaId, Fence);
    static CANCELLING: LazyLock<String> = LazyLock::new(|| {
        let columns = "jsonb_array(id, replica_id, fence) AS value";
        array(&format!(
            "SELECT {columns} FROM cron_jobs WHERE {LIVE} AND state = 'running' AND cancelling = 1 ORDER BY id"
        ))
    });
    let hold = |Row(run_id, replica_id, fence)| Hold { run_id, replica_id, fence };
    Ok(rows(on, sqlx::query_scalar(CANCELLING.as_str())).await?.into_iter().map(hold).collect())
}

/// The runs that were asked for under one of these ids.
pub(super) async fn requested(on: impl SqliteExecutor<'_>, request_ids: &[String]) -> Result<Vec<CronRun>> {
    static REQUESTED: LazyLock<String> = LazyLock::new(|| {
        array(&all("request_id IS NOT NULL AND request_id IN (SELECT value FROM json_each(?1)) ORDER BY id"))
    });
    runs(on, sqlx::query_scalar(REQUESTED.as_str()).bind(json(request_ids)?)).await
}

/// What ends a run.
#[derive(Serialize)]
struct Ended<'a> {
    id: RunId,
    state: RunState,
    reason: Option<SkipReason>,
    result: Option<&'a str>,
    error: Option<&'a str>,
    log: Option<&'a str>,
    log_start: u64,
    #[serde(with = "column")]
    truncated: bool,
}

impl<'a> Ended<'a> {
    fn new(Finish { hold, outcome }: &'a Finish) -> Self {
        Self {
            id: hold.run_id,
            state: outcome.state,
            reason: outcome.reason,
            result: outcome.result.as_deref(),
            error: outcome.error.as_deref(),
            log: outcome.log.as_deref(),
            log_start: outcome.log_start,
            truncated: outcome.truncated,
        }
    }
}

/// Ends each run whose hold is still good.
pub(super) async fn finish(on: &mut SqliteConnection, finishes: &[Finish], now: Timestamp) -> Result<Vec<RunId>> {
    static UPDATE: LazyLock<String> = LazyLock::new(|| {
        format!(
            "{GIVEN} UPDATE cron_jobs SET state = value ->> 'state', reason = value ->> 'reason', \
             started_at = iif(value ->> 'state' = 'skipped', NULL, started_at), \
             finished_at = iif(value ->> 'state' = 'skipped', NULL, ?2), result = value ->> 'result', \
             error = value ->> 'error', truncated = value ->> 'truncated' FROM given WHERE id = value ->> 'id'"
        )
    });
    static LOGS: LazyLock<String> = LazyLock::new(|| {
        format!(
            "{GIVEN} INSERT INTO cron_job_logs (run_id, log, log_start) \
             SELECT value ->> 'id', value ->> 'log', value ->> 'log_start' FROM given WHERE value ->> 'log' IS NOT NULL \
             ON CONFLICT (run_id) DO UPDATE SET log = excluded.log, log_start = excluded.log_start"
        )
    });
    let good = good(on, finishes.iter().map(|finish| finish.hold)).await?;
    let ended: Vec<_> = good.into_iter().map(|place| Ended::new(&finishes[place])).collect();
    let given = json(&ended)?;
    let update = sqlx::query(UPDATE.as_str()).bind(&given).bind(now.as_microsecond());
    update.execute(&mut *on).await.map_err(from_sqlx)?;
    if ended.iter().any(|ended| ended.log.is_some()) {
        sqlx::query(LOGS.as_str()).bind(&given).execute(on).await.map_err(from_sqlx)?;
    }
    Ok(ended.iter().map(|ended| ended.id).collect())
}

/// All running runs have lost their process: they end at `now`, with what is known. How many there were.
pub(super) async fn abandon_all(on: &mut SqliteConnection, now: Timestamp, error: &str) -> Result<u64> {
    let sql = "UPDATE cron_jobs SET state = 'abandoned', finished_at = ?1, error = ?2 \
               WHERE state IN ('pending', 'running') AND state = 'running'";
    let done = sqlx::query(sql).bind(now.as_microsecond()).bind(error).execute(on).await.map_err(from_sqlx)?;
    Ok(done.rows_affected())
}
