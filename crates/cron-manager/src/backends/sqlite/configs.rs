//! Rows of `cron_configs` and `cron_config_versions`.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use futures_util::TryStreamExt;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::{SqliteConnection, SqliteExecutor};

use super::{
    audit, calendars, column,
    error::{damaged, from_sqlx},
    schedules::{self, ScheduleColumns},
    table::{Query, array, each, json, row, rows, select, upsert},
};
use crate::{
    AuditRecord, Author, CalendarName, Context, CronConfig, CronConfigId, Error, ErrorKind, Fence, JobName, JobType,
    LockPolicy, OnAbandoned, Overlap, Pause, Policy, Result, Revision,
    contracts::{ConfigQuery, Standing},
    domain::{CatchUp, ledger::Place, schedule::tz_database_version},
};

/// The columns of a config, under the names of [`ConfigRow`]'s fields and theirs.
const COLUMNS: [&str; 33] = [
    "id",
    "name",
    "enabled",
    "context",
    "job_type",
    "job",
    "cron_expression",
    "timezone",
    "dst_gap",
    "every_seconds",
    "at",
    "external",
    "catch_up",
    "overlap",
    "on_abandoned",
    "start_deadline",
    "timeout",
    "jitter",
    "lock",
    "lock_at_least_for",
    "min_gap",
    "calendars",
    "paused_at",
    "paused_until",
    "pause_reason",
    "version",
    "revision",
    "watermark",
    "fence",
    "started_at",
    "created_at",
    "updated_at",
    "deleted_at",
];

/// A config and how far its ledger has come.
#[derive(Serialize, Deserialize)]
pub(super) struct ConfigRow {
    id: CronConfigId,
    #[serde(with = "column")]
    pub(super) name: JobName,
    #[serde(with = "column")]
    enabled: bool,
    context: String,
    job_type: String,
    job: Option<String>,
    #[serde(flatten)]
    schedule: ScheduleColumns,
    #[serde(with = "column")]
    external: bool,
    #[serde(flatten, with = "PolicyColumns")]
    policy: Policy,
    #[serde(with = "column")]
    paused_at: Option<Timestamp>,
    #[serde(with = "column")]
    paused_until: Option<Timestamp>,
    pause_reason: Option<String>,
    version: i64,
    revision: Revision,
    #[serde(with = "column")]
    pub(super) watermark: Timestamp,
    fence: Fence,
    #[serde(with = "column")]
    started_at: Option<Timestamp>,
    #[serde(with = "column")]
    pub(super) created_at: Timestamp,
    #[serde(with = "column")]
    updated_at: Timestamp,
    #[serde(with = "column")]
    deleted_at: Option<Timestamp>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Policy")]
struct PolicyColumns {
    catch_up: CatchUp,
    overlap: Overlap,
    on_abandoned: OnAbandoned,
    #[serde(with = "column")]
    start_deadline: Option<Duration>,
    #[serde(with = "column")]
    timeout: Option<Duration>,
    #[serde(with = "column")]
    jitter: Option<Duration>,
    lock: LockPolicy,
    #[serde(with = "column")]
    lock_at_least_for: Option<Duration>,
    #[serde(with = "column")]
    min_gap: Duration,
    #[serde(with = "column")]
    calendars: Vec<CalendarName>,
}

impl ConfigRow {
    pub(super) fn new(config: &CronConfig, revision: Revision, place: Place) -> Self {
        Self {
            id: config.id,
            name: config.name.clone(),
            enabled: config.enabled,
            context: config.context.as_str().into(),
            job_type: config.job_type.kind().to_string(),
            job: config.job_type.details(),
            schedule: ScheduleColumns::new(config.schedule.as_ref()),
            external: config.external,
            policy: config.policy.clone(),
            paused_at: config.paused.as_ref().map(|pause| pause.since),
            paused_until: config.paused.as_ref().and_then(|pause| pause.until),
            pause_reason: config.paused.as_ref().and_then(|pause| pause.reason.clone()),
            version: config.version,
            revision,
            watermark: place.watermark,
            fence: place.fence,
            started_at: place.started_at,
            created_at: config.created_at,
            updated_at: config.updated_at,
            deleted_at: config.deleted_at,
        }
    }

    /// The config. Fails when this program no longer understands a part of it.
    fn config(&self) -> Result<CronConfig> {
        Ok(CronConfig {
            id: self.id,
            name: self.name.clone(),
            enabled: self.enabled,
            context: Context::parse(&self.context)?,
            job_type: JobType::from_parts(&self.job_type, self.job.as_deref())?,
            schedule: self.schedule.schedule()?,
            external: self.external,
            policy: self.policy.clone(),
            paused: self.paused(),
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
            deleted_at: self.deleted_at,
        })
    }

    fn paused(&self) -> Option<Pause> {
        let since = self.paused_at?;
        Some(Pause { since, until: self.paused_until, reason: self.pause_reason.clone() })
    }

    /// The service's page.
    pub(super) fn place(&self) -> Place {
        let Self { watermark, fence, started_at, .. } = *self;
        Place { lane: None, open: true, watermark, fence, started_at }
    }

    /// The config, or nothing but a note in the log: one config that cannot be read must not stop the others.
    pub(super) fn readable(&self) -> Option<CronConfig> {
        self.config()
            .inspect_err(|error| {
                tracing::error!(config_id = %self.id, name = %self.name, %error, "a config cannot be read and is left out")
            })
            .ok()
    }
}

static UPSERT: LazyLock<String> = LazyLock::new(|| upsert("cron_configs", &COLUMNS, &["id", "created_at"]));
static BY_ID: LazyLock<String> = LazyLock::new(|| array(&all("id = ?1")));
static BY_NAME: LazyLock<String> = LazyLock::new(|| array(&all("name = ?1")));
static BY_IDS: LazyLock<String> = LazyLock::new(|| array(&all("id IN (SELECT value FROM json_each(?1)) ORDER BY id")));
static WATERMARKS: LazyLock<String> = LazyLock::new(|| {
    array("SELECT jsonb_array(id, watermark) AS value FROM cron_configs WHERE id IN (SELECT value FROM json_each(?1))")
});
static CHANGED: LazyLock<String> = LazyLock::new(|| each(&all("revision > ?1")));
static LIST: LazyLock<String> = LazyLock::new(|| {
    array(&all("id > ?1 AND (?2 OR deleted_at IS NULL) AND (?4 IS NULL OR enabled = ?4) \
         AND (?5 IS NULL OR coalesce(context ->> 'distributed', 0) = ?5) \
         AND (?6 IS NULL OR substr(name, 1, length(?6)) = ?6) ORDER BY id LIMIT ?3"))
});

/// The configs that meet a condition.
fn all(condition: &str) -> String {
    select("cron_configs", &COLUMNS, condition)
}

/// The row of one config, however it can be read.
pub(super) async fn row_of(on: &mut SqliteConnection, id: CronConfigId) -> Result<Option<ConfigRow>> {
    row(on, sqlx::query_scalar(BY_ID.as_str()).bind(id.0)).await
}

async fn config(on: impl SqliteExecutor<'_>, query: Query<'_>) -> Result<Option<CronConfig>> {
    row::<ConfigRow>(on, query).await?.map(|row| row.config()).transpose()
}

pub(super) async fn by_id(on: impl SqliteExecutor<'_>, id: CronConfigId) -> Result<Option<CronConfig>> {
    config(on, sqlx::query_scalar(BY_ID.as_str()).bind(id.0)).await
}

pub(super) async fn by_name(on: impl SqliteExecutor<'_>, name: &JobName) -> Result<Option<CronConfig>> {
    config(on, sqlx::query_scalar(BY_NAME.as_str()).bind(name.as_str())).await
}

/// The rows of `ids` (a JSON array), in the order of the ids.
pub(super) async fn by_ids(on: &mut SqliteConnection, ids: &str) -> Result<Vec<ConfigRow>> {
    rows(on, sqlx::query_scalar(BY_IDS.as_str()).bind(ids)).await
}

pub(super) async fn list(on: impl SqliteExecutor<'_>, query: &ConfigQuery) -> Result<Vec<CronConfig>> {
    let limit = i64::try_from(query.limit).unwrap_or(i64::MAX);
    let ConfigQuery { after, show_deleted, enabled, distributed, name_prefix, .. } = query;
    let query = sqlx::query_scalar(LIST.as_str()).bind(after.0).bind(show_deleted).bind(limit);
    let query = query.bind(enabled).bind(distributed).bind(name_prefix);
    Ok(rows::<ConfigRow>(on, query).await?.iter().filter_map(ConfigRow::readable).collect())
}

/// The configs edited after a revision; there may be very many, so they are taken one by one.
pub(super) async fn changed(on: &mut SqliteConnection, after: Revision) -> Result<Vec<Standing>> {
    let mut texts = sqlx::query_scalar::<_, String>(CHANGED.as_str()).bind(after.0).fetch(on);
    let mut changed = Vec::new();
    while let Some(text) = texts.try_next().await.map_err(from_sqlx)? {
        let row: ConfigRow = serde_json::from_str(&text).map_err(damaged)?;
        changed.extend(row.readable().map(|config| Standing { config: Arc::new(config), watermark: row.watermark }));
    }
    Ok(changed)
}

/// How far the service's pages of configs have come.
pub(super) async fn watermarks(
    on: &mut SqliteConnection,
    ids: &[CronConfigId],
) -> Result<Vec<(CronConfigId, Timestamp)>> {
    #[derive(Deserialize)]
    struct Row(CronConfigId, #[serde(with = "column")] Timestamp);
    let rows: Vec<Row> = rows(on, sqlx::query_scalar(WATERMARKS.as_str()).bind(json(ids)?)).await?;
    Ok(rows.into_iter().map(|Row(id, watermark)| (id, watermark)).collect())
}

/// The newest revision.
pub(super) async fn revision(on: &mut SqliteConnection) -> Result<Revision> {
    let sql = "SELECT revision FROM cron_revision";
    Ok(Revision(sqlx::query_scalar(sql).fetch_one(on).await.map_err(from_sqlx)?))
}

/// The next revision, for all edits of this transaction.
pub(super) async fn next_revision(on: &mut SqliteConnection) -> Result<Revision> {
    let sql = "UPDATE cron_revision SET revision = revision + 1 RETURNING revision";
    Ok(Revision(sqlx::query_scalar(sql).fetch_one(on).await.map_err(from_sqlx)?))
}

/// The id of the next new config.
async fn next_id(on: &mut SqliteConnection) -> Result<CronConfigId> {
    let sql = "SELECT coalesce(max(seq), 0) + 1 FROM sqlite_sequence WHERE name = 'cron_configs'";
    Ok(CronConfigId(sqlx::query_scalar(sql).fetch_one(on).await.map_err(from_sqlx)?))
}

/// Keeps a new config, and gives it its id and its times.
pub(super) async fn create(
    on: &mut SqliteConnection,
    config: CronConfig,
    by: &Author,
    now: Timestamp,
) -> Result<CronConfig> {
    let config = CronConfig { id: next_id(on).await?, created_at: now, updated_at: now, ..config };
    calendars::check(on, &config).await?;
    let revision = next_revision(on).await?;
    write(on, &[ConfigRow::new(&config, revision, Place::begun(now))], revision).await?;
    audit::add(on, vec![AuditRecord::created(&config, by)], now).await?;
    Ok(config)
}

/// Writes configs that are new or edited, and their versions. All have the same new revision.
pub(super) async fn write(on: &mut SqliteConnection, configs: &[ConfigRow], revision: Revision) -> Result<()> {
    let configs = json(configs)?;
    match sqlx::query(UPSERT.as_str()).bind(&configs).execute(&mut *on).await.map_err(from_sqlx) {
        Ok(_) => write_versions(on, revision).await,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(name_taken(on, &configs).await?.unwrap_or(error)),
        Err(error) => Err(error),
    }
}

/// Which of the new names is taken, and by what.
async fn name_taken(on: &mut SqliteConnection, configs: &str) -> Result<Option<Error>> {
    let sql = "SELECT json_group_array(json_array(name, deleted_at)) FROM cron_configs, json_each(?1) AS new \
               WHERE name = new.value ->> 'name' AND cron_configs.id <> new.value ->> 'id'";
    let taken: Option<(String, Option<i64>)> = row(on, sqlx::query_scalar(sql).bind(configs)).await?;
    Ok(taken.map(|(name, deleted_at)| Error::name_taken(&name, deleted_at.is_some())))
}

/// A deleted config has no schedule from then on.
async fn write_versions(on: &mut SqliteConnection, revision: Revision) -> Result<()> {
    static VERSIONS: LazyLock<String> = LazyLock::new(|| {
        let columns = schedules::COLUMNS;
        format!(
            "INSERT INTO cron_config_versions (config_id, version, since, {}, distributed, tz_database) \
             SELECT id, version, watermark, {}, coalesce(context ->> 'distributed', 0), ?2 \
             FROM cron_configs WHERE revision = ?1",
            columns.join(", "),
            columns.map(|column| format!("iif(deleted_at IS NULL, {column}, NULL)")).join(", ")
        )
    });
    let query = sqlx::query(VERSIONS.as_str()).bind(revision.0).bind(tz_database_version());
    query.execute(on).await.map_err(from_sqlx)?;
    Ok(())
}

/// Moves watermarks and fences.
pub(super) async fn advance(on: &mut SqliteConnection, moved: &[(CronConfigId, Place)]) -> Result<()> {
    let sql = "UPDATE cron_configs SET watermark = moved.value ->> 1, fence = moved.value ->> 2, started_at = moved.value ->> 3 \
               FROM json_each(?1) AS moved WHERE cron_configs.id = moved.value ->> 0";
    let moved: Vec<_> = moved
        .iter()
        .map(|(id, place)| {
            let started_at = place.started_at.map(Timestamp::as_microsecond);
            (id, place.watermark.as_microsecond(), place.fence, started_at)
        })
        .collect();
    sqlx::query(sql).bind(json(&moved)?).execute(on).await.map_err(from_sqlx)?;
    Ok(())
}
