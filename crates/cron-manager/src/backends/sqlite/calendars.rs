//! Rows of `cron_calendars`.

use std::{
    collections::BTreeSet,
    sync::{Arc, LazyLock},
};

use jiff::Timestamp;
use serde::Deserialize;
use sqlx::{SqliteConnection, SqliteExecutor};

use super::{
    audit, column,
    error::from_sqlx,
    table::{Query, array, json, row, rows, select},
};
use crate::{
    AuditRecord, Author, Calendar, CalendarFields, CalendarId, CalendarName, CronConfig, Error, ErrorKind, JobName,
    Result, contracts::CalendarQuery, domain::check_known,
};

#[derive(Deserialize)]
struct Row {
    id: CalendarId,
    name: String,
    timezone: String,
    blackouts: String,
    version: i64,
    #[serde(with = "column")]
    created_at: Timestamp,
    #[serde(with = "column")]
    updated_at: Timestamp,
}

impl Row {
    fn calendar(self) -> Result<Calendar> {
        let Self { id, name, timezone, blackouts, version, created_at, updated_at } = self;
        let calendar = Calendar::restore(id, &name, &timezone, &blackouts, version)?;
        Ok(Calendar { created_at, updated_at, ..calendar })
    }
}

static BY_ID: LazyLock<String> = LazyLock::new(|| all("id = ?1"));
static LIST: LazyLock<String> =
    LazyLock::new(|| all("id > ?1 AND (?2 IS NULL OR name IN (SELECT value FROM json_each(?2))) ORDER BY id LIMIT ?3"));

/// The statement for those that meet a condition.
fn all(condition: &str) -> String {
    const COLUMNS: [&str; 7] = ["id", "name", "timezone", "blackouts", "version", "created_at", "updated_at"];
    array(&select("cron_calendars", &COLUMNS, condition))
}

async fn read(on: impl SqliteExecutor<'_>, query: Query<'_>) -> Result<Vec<Calendar>> {
    rows::<Row>(on, query).await?.into_iter().map(Row::calendar).collect()
}

pub(super) async fn by_id(on: impl SqliteExecutor<'_>, id: CalendarId) -> Result<Option<Calendar>> {
    let found: Option<Row> = row(on, sqlx::query_scalar(BY_ID.as_str()).bind(id.0)).await?;
    found.map(Row::calendar).transpose()
}

pub(super) async fn list(on: impl SqliteExecutor<'_>, query: &CalendarQuery) -> Result<Vec<Calendar>> {
    let names = query.names.as_ref().map(|names| json(&texts(names))).transpose()?;
    let limit = i64::try_from(query.limit).unwrap_or(i64::MAX);
    read(on, sqlx::query_scalar(LIST.as_str()).bind(query.after.0).bind(names).bind(limit)).await
}

/// The calendars that configs name. Where they name none, nothing is read.
pub(super) async fn named_by(
    on: &mut SqliteConnection,
    configs: impl Iterator<Item = &CronConfig>,
) -> Result<Arc<[Calendar]>> {
    let names: BTreeSet<_> = configs.flat_map(|config| &config.policy.calendars).cloned().collect();
    if names.is_empty() {
        return Ok(Arc::default());
    }
    let names: Vec<_> = names.into_iter().collect();
    Ok(list(on, &CalendarQuery::named(&names)).await?.into())
}

/// Refuses a config that names calendars which are not there.
pub(super) async fn check(on: &mut SqliteConnection, config: &CronConfig) -> Result<()> {
    let names = &config.policy.calendars;
    if names.is_empty() || config.deleted_at.is_some() {
        return Ok(());
    }
    let sql = "SELECT json_group_array(name) FROM cron_calendars WHERE name IN (SELECT value FROM json_each(?1))";
    let known: Vec<String> = rows(on, sqlx::query_scalar(sql).bind(json(&texts(names))?)).await?;
    check_known(names, |name| known.iter().any(|known| known == name.as_str()))
}

/// Keeps a new calendar, and gives it its id and its times.
pub(super) async fn create(
    on: &mut SqliteConnection,
    calendar: Calendar,
    by: &Author,
    now: Timestamp,
) -> Result<Calendar> {
    let next = "SELECT coalesce(max(seq), 0) + 1 FROM sqlite_sequence WHERE name = 'cron_calendars'";
    let id = CalendarId(sqlx::query_scalar(next).fetch_one(&mut *on).await.map_err(from_sqlx)?);
    let calendar = Calendar { id, created_at: now, updated_at: now, ..calendar };
    write(on, &calendar).await?;
    audit::add(on, Vec::from_iter(AuditRecord::calendar(None, Some(&calendar), by)), now).await?;
    Ok(calendar)
}

pub(super) async fn update(
    on: &mut SqliteConnection,
    id: CalendarId,
    fields: &CalendarFields,
    if_version: Option<i64>,
    by: &Author,
    now: Timestamp,
) -> Result<Option<Calendar>> {
    let Some(old) = by_id(&mut *on, id).await? else { return Ok(None) };
    let new = fields.change(&old, if_version, now)?;
    if new.name != old.name {
        old.check_unused(&users(on, &old.name).await?)?;
    }
    write(on, &new).await?;
    audit::add(on, Vec::from_iter(AuditRecord::calendar(Some(&old), Some(&new), by)), now).await?;
    Ok(Some(new))
}

pub(super) async fn delete(
    on: &mut SqliteConnection,
    id: CalendarId,
    if_version: Option<i64>,
    by: &Author,
    now: Timestamp,
) -> Result<Option<Calendar>> {
    let Some(old) = by_id(&mut *on, id).await? else { return Ok(None) };
    old.check_version(if_version)?;
    old.check_unused(&users(on, &old.name).await?)?;
    sqlx::query("DELETE FROM cron_calendars WHERE id = ?1").bind(id.0).execute(&mut *on).await.map_err(from_sqlx)?;
    audit::add(on, Vec::from_iter(AuditRecord::calendar(Some(&old), None, by)), now).await?;
    Ok(Some(old))
}

/// The configs that name a calendar and are not deleted.
async fn users(on: &mut SqliteConnection, name: &CalendarName) -> Result<Vec<JobName>> {
    let sql = "SELECT json_group_array(name) FROM (SELECT name FROM cron_configs WHERE deleted_at IS NULL \
               AND EXISTS (SELECT 1 FROM json_each(calendars) WHERE value = ?1) ORDER BY id)";
    let names: Vec<String> = rows(on, sqlx::query_scalar(sql).bind(name.as_str())).await?;
    names.iter().map(|name| JobName::new(name)).collect()
}

async fn write(on: &mut SqliteConnection, calendar: &Calendar) -> Result<()> {
    let sql = "INSERT INTO cron_calendars (id, name, timezone, blackouts, version, created_at, updated_at) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (id) DO UPDATE SET name = ?2, timezone = ?3, blackouts = ?4, \
               version = ?5, updated_at = ?7";
    let query = sqlx::query(sql)
        .bind(calendar.id.0)
        .bind(calendar.name.as_str())
        .bind(calendar.timezone.name())
        .bind(calendar.blackouts_json())
        .bind(calendar.version)
        .bind(calendar.created_at.as_microsecond())
        .bind(calendar.updated_at.as_microsecond());
    query.execute(on).await.map(drop).map_err(from_sqlx).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => {
            Error::new(ErrorKind::AlreadyExists, format!("a calendar is called {} already", calendar.name))
        }
        _ => error,
    })
}

fn texts(names: &[CalendarName]) -> Vec<&str> {
    names.iter().map(CalendarName::as_str).collect()
}
