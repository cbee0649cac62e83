//! Rows of `cron_jobs`, as they are read.

use sqlx::{
    Postgres, QueryBuilder,
    postgres::{PgBindIterExt, PgRow},
};

use super::{
    column::Instant,
    error::Failure,
    fields::Fields,
    session::{Session, Statement},
};
use crate::{ClaimToken, CronRun, RunId, contracts::RunQuery};

/// The columns of a run, in the order of [`read`].
macro_rules! run_columns {
    () => {
        "id, config_id, lane, name, config_version, kind, due_at, due_through, count, attempt, request_id, start_after, \
         start_deadline, state, reason, replica_id, fence, token, heartbeat, ttl, created_at, started_at, finished_at, result, error, \
         truncated, traceparent, context, retry_of, cancelling"
    };
}
pub(super) use run_columns;

/// The run whose columns are the next fields.
pub(super) fn read(fields: &mut Fields<'_>) -> sqlx::Result<CronRun> {
    Ok(CronRun {
        id: fields.take()?,
        config_id: fields.take()?,
        lane: fields.take()?,
        name: fields.take()?,
        config_version: fields.take()?,
        kind: fields.take()?,
        due_at: fields.instant()?,
        due_through: fields.instant()?,
        count: fields.count()?,
        attempt: fields.take::<i32>()?.unsigned_abs(),
        request_id: fields.take()?,
        start_after: fields.instant()?,
        start_deadline: fields.instant()?,
        state: fields.take()?,
        reason: fields.take()?,
        replica_id: fields.take()?,
        fence: fields.take()?,
        token: fields.take()?,
        heartbeat: fields.take()?,
        ttl: fields.duration()?,
        created_at: fields.instant()?,
        started_at: fields.instant_or_none()?,
        finished_at: fields.instant_or_none()?,
        result: fields.take()?,
        error: fields.take()?,
        truncated: fields.take()?,
        traceparent: fields.take()?,
        context: fields.take()?,
        retry_of: fields.take()?,
        cancelling: fields.take()?,
    })
}

fn all(rows: &[PgRow]) -> sqlx::Result<Vec<CronRun>> {
    rows.iter().map(|row| read(&mut Fields::of(row))).collect()
}

async fn runs(on: &mut Session, query: Statement<'_>) -> Result<Vec<CronRun>, Failure> {
    Ok(all(&on.rows(query).await?)?)
}

pub(super) async fn by_id(on: &mut Session, id: RunId) -> Result<Option<CronRun>, Failure> {
    let query = on.query(concat!("SELECT ", run_columns!(), " FROM @cron_jobs WHERE id = $1"));
    Ok(runs(on, query.bind(id)).await?.pop())
}

pub(super) async fn requested(on: &mut Session, request_ids: &[String]) -> Result<Vec<CronRun>, Failure> {
    let sql = concat!("SELECT ", run_columns!(), " FROM @cron_jobs WHERE request_id = ANY($1) ORDER BY id");
    let query = on.query(sql).bind(request_ids);
    runs(on, query).await
}

pub(super) async fn claimed(on: &mut Session, token: ClaimToken) -> Result<Vec<CronRun>, Failure> {
    let sql = concat!("SELECT ", run_columns!(), " FROM @cron_jobs WHERE state = 'running' AND token = $1 ORDER BY id");
    let query = on.query(sql).bind(token);
    runs(on, query).await
}

/// At most `limit` runs with ids greater than `after`, the smallest ones, and those of `ids`.
pub(super) async fn after(
    on: &mut Session,
    after: RunId,
    limit: usize,
    ids: &[RunId],
) -> Result<Vec<CronRun>, Failure> {
    let query = on.query(concat!(
        "(SELECT ",
        run_columns!(),
        " FROM @cron_jobs WHERE id > $1 ORDER BY id LIMIT $2) UNION ALL SELECT ",
        run_columns!(),
        " FROM @cron_jobs WHERE id = ANY($3)"
    ));
    let query = query.bind(after).bind(i64::try_from(limit).unwrap_or(i64::MAX)).bind(ids.iter().copied().bind_iter());
    runs(on, query).await
}

/// Newest id first.
pub(super) async fn list(on: &mut Session, query: &RunQuery) -> Result<Vec<CronRun>, Failure> {
    let all = on.schema().sql(concat!("SELECT ", run_columns!(), " FROM @cron_jobs WHERE true"));
    let mut sql = QueryBuilder::<Postgres>::new(all.as_str());
    if let Some(id) = query.config_id {
        sql.push(" AND config_id = ").push_bind(id);
    }
    if let Some(state) = query.state {
        // Written out, so that PostgreSQL sees whether the index on some states covers it.
        sql.push(format_args!(" AND state = '{state}'"));
    }
    if let Some(reason) = query.reason {
        sql.push(format_args!(" AND state = 'skipped' AND reason = '{reason}'"));
    }
    if let Some(from) = query.from {
        sql.push(" AND due_at >= ").push_bind(Instant(from));
    }
    if let Some(to) = query.to {
        sql.push(" AND due_at < ").push_bind(Instant(to));
    }
    if let Some(before) = query.before {
        sql.push(" AND id < ").push_bind(before);
    }
    sql.push(" ORDER BY id DESC LIMIT ").push_bind(i64::try_from(query.limit).unwrap_or(i64::MAX));
    runs(on, sql.build().persistent(false)).await
}
