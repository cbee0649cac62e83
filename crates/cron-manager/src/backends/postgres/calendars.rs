//! Rows of `cron_calendars`.
//!
//! A decision reads this table before it asks what time it is, if its configs name calendars, and by that holds the table's weakest lock
//! until it commits. A change of a calendar takes the strongest lock, then asks what time it is: all decisions that do not know of it are
//! over, as with [the switch](super::control). So is every write of a config that names the calendar. Who holds the revision's row never
//! waits for this lock: configs are checked before they ask for a revision.

use std::{collections::BTreeSet, sync::Arc};

use jiff::Timestamp;
use sqlx::postgres::PgRow;

use super::{audit, column::Instant, error::Failure, fields::Fields, session::Session};
use crate::{
    AuditRecord, Author, Calendar, CalendarFields, CalendarId, CalendarName, CronConfig, Error, ErrorKind, JobName,
    contracts::CalendarQuery, domain::check_known,
};

/// The columns of a calendar, in the order of [`calendar`].
macro_rules! calendar_columns {
    () => {
        "id, name, timezone, blackouts, version, created_at, updated_at"
    };
}

fn calendar(row: &PgRow) -> Result<Calendar, Failure> {
    let mut fields = Fields::of(row);
    let (id, name, timezone): (CalendarId, String, String) = (fields.take()?, fields.take()?, fields.take()?);
    let (blackouts, version): (String, i64) = (fields.take()?, fields.take()?);
    let calendar = Calendar::restore(id, &name, &timezone, &blackouts, version)?;
    Ok(Calendar { created_at: fields.instant()?, updated_at: fields.instant()?, ..calendar })
}

pub(super) async fn by_id(on: &mut Session, id: CalendarId) -> Result<Option<Calendar>, Failure> {
    let query = on.query(concat!("SELECT ", calendar_columns!(), " FROM @cron_calendars WHERE id = $1"));
    on.row_or_none(query.bind(id)).await?.as_ref().map(calendar).transpose()
}

pub(super) async fn list(on: &mut Session, query: &CalendarQuery) -> Result<Vec<Calendar>, Failure> {
    let statement = on.query(concat!(
        "SELECT ",
        calendar_columns!(),
        " FROM @cron_calendars WHERE id > $1 AND ($2::text[] IS NULL OR name = ANY($2)) ORDER BY id LIMIT $3"
    ));
    let limit = i64::try_from(query.limit).unwrap_or(i64::MAX);
    let rows = on.rows(statement.bind(query.after).bind(query.names.as_deref()).bind(limit)).await?;
    rows.iter().map(calendar).collect()
}

/// The calendars that configs name. Where they name none, nothing is read.
pub(super) async fn named_by(
    on: &mut Session,
    configs: impl Iterator<Item = &CronConfig>,
) -> Result<Arc<[Calendar]>, Failure> {
    let names: BTreeSet<_> = configs.flat_map(|config| &config.policy.calendars).cloned().collect();
    if names.is_empty() {
        return Ok(Arc::default());
    }
    let names: Vec<_> = names.into_iter().collect();
    Ok(list(on, &CalendarQuery::named(&names)).await?.into())
}

/// Refuses a config that names calendars which are not there. Those that are cannot go before this transaction has ended.
pub(super) async fn check(on: &mut Session, config: &CronConfig) -> Result<(), Failure> {
    let names = &config.policy.calendars;
    if names.is_empty() || config.deleted_at.is_some() {
        return Ok(());
    }
    let query = on.query("SELECT name FROM @cron_calendars WHERE name = ANY($1)").bind(names.as_slice());
    let known: Vec<CalendarName> =
        on.rows(query).await?.iter().map(|row| Fields::of(row).take()).collect::<sqlx::Result<_>>()?;
    Ok(check_known(names, |name| known.contains(name))?)
}

pub(super) async fn create(on: &mut Session, new: &Calendar, by: &Author) -> Result<Calendar, Failure> {
    let now = lock(on).await?;
    check_free(on, &new.name, CalendarId(0)).await?;
    let query = on.query(
        "INSERT INTO @cron_calendars (name, timezone, blackouts, version, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $5) RETURNING id",
    );
    let query = query.bind(&new.name).bind(new.timezone.name()).bind(new.blackouts_json()).bind(new.version);
    let id = Fields::of(&on.row(query.bind(Instant(now))).await?).take()?;
    let calendar = Calendar { id, created_at: now, updated_at: now, ..new.clone() };
    audit::add(on, Vec::from_iter(AuditRecord::calendar(None, Some(&calendar), by)), now).await?;
    Ok(calendar)
}

pub(super) async fn update(
    on: &mut Session,
    id: CalendarId,
    change: &CalendarFields,
    if_version: Option<i64>,
    by: &Author,
) -> Result<Option<Calendar>, Failure> {
    let now = lock(on).await?;
    let Some(old) = by_id(on, id).await? else { return Ok(None) };
    let new = change.change(&old, if_version, now)?;
    if new.name != old.name {
        old.check_unused(&users(on, &old.name).await?)?;
        check_free(on, &new.name, id).await?;
    }
    let query = on.query(
        "UPDATE @cron_calendars SET (name, timezone, blackouts, version, updated_at) = ($2, $3, $4, $5, $6) WHERE id = $1",
    );
    let query = query.bind(id).bind(&new.name).bind(new.timezone.name()).bind(new.blackouts_json());
    on.run(query.bind(new.version).bind(Instant(new.updated_at))).await?;
    audit::add(on, Vec::from_iter(AuditRecord::calendar(Some(&old), Some(&new), by)), now).await?;
    Ok(Some(new))
}

pub(super) async fn delete(
    on: &mut Session,
    id: CalendarId,
    if_version: Option<i64>,
    by: &Author,
) -> Result<Option<Calendar>, Failure> {
    let now = lock(on).await?;
    let Some(old) = by_id(on, id).await? else { return Ok(None) };
    old.check_version(if_version)?;
    old.check_unused(&users(on, &old.name).await?)?;
    let query = on.query("DELETE FROM @cron_calendars WHERE id = $1");
    on.run(query.bind(id)).await?;
    audit::add(on, Vec::from_iter(AuditRecord::calendar(Some(&old), None, by)), now).await?;
    Ok(Some(old))
}

/// Waits for all who have read a calendar, keeps others from it, and tells what time it is then.
async fn lock(on: &mut Session) -> Result<Timestamp, Failure> {
    let query = on.query("LOCK TABLE @cron_calendars IN ACCESS EXCLUSIVE MODE");
    on.run(query).await?;
    let row = on.row(on.query("SELECT @cron_now()")).await?;
    Ok(Fields::of(&row).instant()?)
}

/// The configs that name a calendar and are not deleted.
async fn users(on: &mut Session, name: &CalendarName) -> Result<Vec<JobName>, Failure> {
    let query = on.query("SELECT name FROM @cron_configs WHERE deleted_at IS NULL AND $1 = ANY(calendars) ORDER BY id");
    Ok(on.rows(query.bind(name)).await?.iter().map(|row| Fields::of(row).take()).collect::<sqlx::Result<_>>()?)
}

async fn check_free(on: &mut Session, name: &CalendarName, by: CalendarId) -> Result<(), Failure> {
    let query = on.query("SELECT id FROM @cron_calendars WHERE name = $1 AND id <> $2");
    match on.row_or_none(query.bind(name).bind(by)).await? {
        None => Ok(()),
        Some(_) => Err(Error::new(ErrorKind::AlreadyExists, format!("a calendar is called {name} already")).into()),
    }
}
