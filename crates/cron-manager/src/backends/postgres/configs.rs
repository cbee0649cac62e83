//! Rows of `cron_configs` and `cron_config_versions`.

use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use sqlx::postgres::PgRow;

use super::{
    audit, calendars,
    column::{Instant, Nanoseconds},
    error::Failure,
    fields::Fields,
    schedules::{ScheduleColumns, schedule_columns},
    session::{Session, Statement},
};
use crate::{
    AuditRecord, Author, Context, CronConfig, CronConfigId, Error, ErrorKind, JobName, JobType, Pause, Policy, Result,
    Revision,
    contracts::{ConfigQuery, CreateRequest},
    domain::{ledger::Place, schedule::tz_database_version},
};

/// The columns of a config, in the order of [`ConfigRow::read`].
macro_rules! config_columns {
    () => {
        concat!(
            "id, name, enabled, context, job_type, job, ",
            super::schedules::schedule_columns!(),
            ", external, catch_up, overlap, on_abandoned, start_deadline, timeout, jitter, lock, lock_at_least_for, min_gap, \
             calendars, paused_at, paused_until, pause_reason, version, created_at, updated_at, deleted_at, watermark, fence, started_at"
        )
    };
}
pub(super) use config_columns;

/// A config and how far its service page has come.
pub(super) struct ConfigRow {
    config: CronConfig,
    pub(super) place: Place,
}

impl ConfigRow {
    /// Reads a row. `None`, and a note in the log, when this program does not understand the config: one that cannot be read must
    /// not stop the others.
    pub(super) fn read(row: &PgRow) -> sqlx::Result<Option<Self>> {
        let mut fields = Fields::of(row);
        let (id, name): (CronConfigId, JobName) = (fields.take()?, fields.take()?);
        let (enabled, context): (bool, String) = (fields.take()?, fields.take()?);
        let (job_type, job): (String, Option<String>) = (fields.take()?, fields.take()?);
        let schedule = ScheduleColumns::read(&mut fields)?;
        let external = fields.take()?;
        let policy = PolicyColumns::read(&mut fields)?;
        let config = CronConfig {
            id,
            name,
            enabled,
            context: Context::default(),
            job_type: JobType::Inline,
            schedule: None,
            external,
            policy: Policy::default(),
            paused: pause(&mut fields)?,
            version: fields.take()?,
            created_at: fields.instant()?,
            updated_at: fields.instant()?,
            deleted_at: fields.instant_or_none()?,
        };
        let (watermark, fence, started_at) = (fields.instant()?, fields.take()?, fields.instant_or_none()?);
        let place = Place { lane: None, open: true, watermark, fence, started_at };
        let understood = || {
            Ok::<_, Error>(CronConfig {
                context: Context::parse(&context)?,
                job_type: JobType::from_parts(&job_type, job.as_deref())?,
                schedule: schedule.schedule()?,
                policy: policy.policy()?,
                ..config.clone()
            })
        };
        let noted = understood().inspect_err(|error| {
            tracing::error!(config_id = %config.id, name = %config.name, %error, "a config cannot be read and is left out");
        });
        Ok(noted.ok().map(|config| Self { config, place }))
    }

    pub(super) fn config(self) -> CronConfig {
        self.config
    }

    pub(super) fn id(&self) -> CronConfigId {
        self.config.id
    }
}

fn pause(fields: &mut Fields<'_>) -> sqlx::Result<Option<Pause>> {
    let (since, until) = (fields.instant_or_none()?, fields.instant_or_none()?);
    let reason = fields.take()?;
    Ok(since.map(|since| Pause { since, until, reason }))
}

/// A policy, its words not yet looked up.
struct PolicyColumns {
    catch_up: String,
    overlap: String,
    on_abandoned: String,
    lock: String,
    limits: Policy,
}

impl PolicyColumns {
    fn read(fields: &mut Fields<'_>) -> sqlx::Result<Self> {
        let (catch_up, overlap, on_abandoned) = (fields.take()?, fields.take()?, fields.take()?);
        let limits = Policy {
            start_deadline: fields.duration_or_none()?,
            timeout: fields.duration_or_none()?,
            jitter: fields.duration_or_none()?,
            ..Policy::default()
        };
        let lock = fields.take()?;
        let limits = Policy { lock_at_least_for: fields.duration_or_none()?, min_gap: fields.duration()?, ..limits };
        let limits = Policy { calendars: fields.take()?, ..limits };
        Ok(Self { catch_up, overlap, on_abandoned, lock, limits })
    }

    fn policy(&self) -> Result<Policy> {
        Ok(Policy {
            catch_up: known(&self.catch_up)?,
            overlap: known(&self.overlap)?,
            on_abandoned: known(&self.on_abandoned)?,
            lock: known(&self.lock)?,
            ..self.limits.clone()
        })
    }
}

fn known<T: DeserializeOwned>(word: &str) -> Result<T> {
    serde_json::from_value(Value::from(word))
        .map_err(|error| Error::internal("a policy that this program does not know").with_source(error))
}

fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().as_ref().and_then(Value::as_str).unwrap_or_default().into()
}

/// The configs in rows, those left out that cannot be read.
pub(super) fn all(rows: &[PgRow]) -> sqlx::Result<Vec<ConfigRow>> {
    Ok(rows.iter().map(ConfigRow::read).collect::<sqlx::Result<Vec<_>>>()?.into_iter().flatten().collect())
}

/// One config: an error when it is there and cannot be read.
pub(super) async fn one(on: &mut Session, query: Statement<'_>) -> Result<Option<CronConfig>, Failure> {
    let Some(row) = on.row_or_none(query).await? else { return Ok(None) };
    let row = ConfigRow::read(&row)?;
    let unread = || Error::internal("the config cannot be read by this version of the program");
    Ok(Some(row.ok_or_else(unread)?.config()))
}

pub(super) async fn by_id(on: &mut Session, id: CronConfigId) -> Result<Option<CronConfig>, Failure> {
    let query = on.query(concat!("SELECT ", config_columns!(), " FROM @cron_configs WHERE id = $1"));
    one(on, query.bind(id)).await
}

pub(super) async fn by_name(on: &mut Session, name: &JobName) -> Result<Option<CronConfig>, Failure> {
    let query = on.query(concat!("SELECT ", config_columns!(), " FROM @cron_configs WHERE name = $1"));
    one(on, query.bind(name.as_str())).await
}

pub(super) async fn list(on: &mut Session, query: &ConfigQuery) -> Result<Vec<CronConfig>, Failure> {
    let statement = on.query(concat!(
        "SELECT ",
        config_columns!(),
        " FROM @cron_configs WHERE id > $1 AND ($2 OR deleted_at IS NULL) AND ($4::boolean IS NULL OR enabled = $4) \
         AND ($5::boolean IS NULL OR distributed = $5) AND ($6::text IS NULL OR starts_with(name, $6)) ORDER BY id LIMIT $3"
    ));
    let limit = i64::try_from(query.limit).unwrap_or(i64::MAX);
    let statement = statement.bind(query.after).bind(query.show_deleted).bind(limit);
    let statement = statement.bind(query.enabled).bind(query.distributed).bind(query.name_prefix.as_deref());
    let rows = on.rows(statement).await?;
    Ok(all(&rows)?.into_iter().map(ConfigRow::config).collect())
}

/// The next revision, for all edits of this transaction, and what time it is.
pub(super) async fn next_revision(on: &mut Session) -> sqlx::Result<(Revision, Timestamp)> {
    let query = on.query("UPDATE @cron_revision SET revision = revision + 1 RETURNING revision, @cron_now()");
    let row = on.row(query).await?;
    let mut fields = Fields::of(&row);
    Ok((fields.take()?, fields.instant()?))
}

/// Keeps a new config, and gives it its id and its times.
pub(super) async fn create(on: &mut Session, config: &CronConfig, by: &Author) -> Result<CronConfig, Failure> {
    calendars::check(on, config).await?;
    let (revision, now) = next_revision(on).await?;
    refuse_taken(on, &config.name, CronConfigId(0)).await?;
    let config = CronConfig { created_at: now, updated_at: now, ..config.clone() };
    let query = on.query(concat!(
        "INSERT INTO @cron_configs (name, enabled, context, job_type, job, distributed, ",
        schedule_columns!(),
        ", external, catch_up, overlap, on_abandoned, start_deadline, timeout, jitter, lock, lock_at_least_for, min_gap, \
         calendars, paused_at, paused_until, pause_reason, version, updated_at, deleted_at, revision, watermark, fence, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, \
         $27, $28, $29, $30, 0, $27) \
         RETURNING id"
    ));
    let row = on.row(bind(query, &config).bind(revision).bind(Instant(now))).await?;
    let config = CronConfig { id: Fields::of(&row).take()?, ..config };
    write_version(on, &config, now).await?;
    audit::add(on, vec![AuditRecord::created(&config, by)], now).await?;
    Ok(config)
}

/// Creates a config, unless that was done before under the same request id.
pub(super) async fn create_once(
    on: &mut Session,
    config: &CronConfig,
    request: &CreateRequest,
    by: &Author,
) -> Result<CronConfig, Failure> {
    calendars::check(on, config).await?;
    // One who creates at a time.
    next_revision(on).await?;
    let query = on.query("SELECT config_id, body = $2 FROM @cron_requests WHERE id = $1");
    let found = on.row_or_none(query.bind(request.id.as_str()).bind(request.body.as_str())).await?;
    let Some(row) = found else {
        let config = create(on, config, by).await?;
        let query = on.query("INSERT INTO @cron_requests (id, config_id, body) VALUES ($1, $2, $3)");
        on.run(query.bind(request.id.as_str()).bind(config.id).bind(request.body.as_str())).await?;
        return Ok(config);
    };
    let mut fields = Fields::of(&row);
    let (id, is_same): (CronConfigId, bool) = (fields.take()?, fields.take()?);
    if !is_same {
        return Err(Error::new(ErrorKind::AlreadyExists, "that request id was used for another request").into());
    }
    by_id(on, id).await?.ok_or_else(|| Error::internal("a config that was created is gone").into())
}

/// Puts the new version of a config in place of the old one; `place` is its service page.
pub(super) async fn edit(
    on: &mut Session,
    config: &CronConfig,
    revision: Revision,
    place: Place,
) -> Result<(), Failure> {
    refuse_taken(on, &config.name, config.id).await?;
    let query = on.query(concat!(
        "UPDATE @cron_configs SET (name, enabled, context, job_type, job, distributed, ",
        schedule_columns!(),
        ", external, catch_up, overlap, on_abandoned, start_deadline, timeout, jitter, lock, lock_at_least_for, min_gap, \
         calendars, paused_at, paused_until, pause_reason, version, updated_at, deleted_at, revision, watermark, fence, started_at) = ($1, $2, $3, \
         $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32) \
         WHERE id = $33"
    ));
    let query = bind(query, config).bind(revision).bind(Instant(place.watermark)).bind(place.fence);
    on.run(query.bind(place.started_at.map(Instant)).bind(config.id)).await?;
    Ok(write_version(on, config, place.watermark).await?)
}

/// Binds `$1` to `$28`: what an edit may change.
fn bind<'q>(query: Statement<'q>, config: &CronConfig) -> Statement<'q> {
    let CronConfig { policy, paused, .. } = config;
    let query = query
        .bind(config.name.as_str())
        .bind(config.enabled)
        .bind(config.context.as_str())
        .bind(config.job_type.kind().as_str())
        .bind(config.job_type.details())
        .bind(config.is_distributed());
    ScheduleColumns::new(config.schedule.as_ref())
        .bind(query)
        .bind(config.external)
        .bind(word(&policy.catch_up))
        .bind(word(&policy.overlap))
        .bind(word(&policy.on_abandoned))
        .bind(policy.start_deadline.map(Nanoseconds))
        .bind(policy.timeout.map(Nanoseconds))
        .bind(policy.jitter.map(Nanoseconds))
        .bind(word(&policy.lock))
        .bind(policy.lock_at_least_for.map(Nanoseconds))
        .bind(Nanoseconds(policy.min_gap))
        .bind(policy.calendars.as_slice())
        .bind(paused.as_ref().map(|pause| Instant(pause.since)))
        .bind(paused.as_ref().and_then(|pause| pause.until).map(Instant))
        .bind(paused.as_ref().and_then(|pause| pause.reason.as_deref()))
        .bind(config.version)
        .bind(Instant(config.updated_at))
        .bind(config.deleted_at.map(Instant))
}

/// The index on names would refuse, too, but not say whose name it is.
async fn refuse_taken(on: &mut Session, name: &JobName, by: CronConfigId) -> Result<(), Failure> {
    let query = on.query("SELECT deleted_at IS NOT NULL FROM @cron_configs WHERE name = $1 AND id <> $2");
    let Some(row) = on.row_or_none(query.bind(name.as_str()).bind(by)).await? else { return Ok(()) };
    Err(Error::name_taken(name.as_str(), Fields::of(&row).take()?).into())
}

/// A deleted config has no schedule from then on.
async fn write_version(on: &mut Session, config: &CronConfig, since: Timestamp) -> sqlx::Result<()> {
    let query = on.query(concat!(
        "INSERT INTO @cron_config_versions (config_id, version, since, distributed, tz_database, ",
        schedule_columns!(),
        ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
    ));
    let query = query
        .bind(config.id)
        .bind(config.version)
        .bind(Instant(since))
        .bind(config.is_distributed())
        .bind(tz_database_version());
    let schedule = config.schedule.as_ref().filter(|_| config.deleted_at.is_none());
    on.run(ScheduleColumns::new(schedule).bind(query)).await.map(drop)
}
