//! Rows of `cron_replicas`, and the running runs that replicas watch of each other.

use jiff::{SignedDuration, Timestamp};
use sqlx::postgres::PgRow;

use super::{audit, error::Failure, fields::Fields, session::Session};
use crate::{
    AuditRecord, Author, Hold, JobName, PageId, RegisteredReplica, ReplicaId, ReplicaStatus, StoreId,
    contracts::{Running, Watch},
};

/// Registers a replica, or keeps what it now tells; and what there is to watch.
pub(super) async fn watch(on: &mut Session, me: &ReplicaStatus) -> Result<Watch, Failure> {
    let (now, store_id) = tell(on, me).await?;
    let replicas = live(on).await?;
    let query = on.query(
        "SELECT id, replica_id, fence, config_id, lane, heartbeat, ttl FROM @cron_jobs \
         WHERE state = 'running' AND replica_id IS NOT NULL",
    );
    let running = on.rows(query).await?.iter().map(running).collect::<sqlx::Result<_>>()?;
    Ok(Watch { store_id, now, replicas, running })
}

/// Keeps what a replica tells and counts a heartbeat of it, unless it has ended.
async fn tell(on: &mut Session, me: &ReplicaStatus) -> Result<(Timestamp, StoreId), Failure> {
    let query = on.query(
        "WITH moment AS MATERIALIZED (SELECT @cron_now() AS now), \
         told AS (INSERT INTO @cron_replicas AS replica (id, version, host, handlers, runners, running, clock_skew_microseconds, \
         registered_at, seen_at, heartbeat, draining) SELECT $1, $2, $3, $4, $5, $6, $7, now, now, 0, false FROM moment \
         ON CONFLICT (id) DO UPDATE SET version = excluded.version, host = excluded.host, handlers = excluded.handlers, \
         runners = excluded.runners, \
         running = excluded.running, clock_skew_microseconds = excluded.clock_skew_microseconds, seen_at = excluded.seen_at, \
         heartbeat = replica.heartbeat + 1 WHERE replica.ended_at IS NULL) SELECT now, id FROM moment, @cron_store",
    );
    let handlers: Vec<&str> = me.handlers.iter().map(JobName::as_str).collect();
    let query = query
        .bind(me.id)
        .bind(&me.version)
        .bind(&me.host)
        .bind(handlers)
        .bind(&me.runners)
        .bind(i32::try_from(me.running).unwrap_or(i32::MAX))
        .bind(i64::try_from(me.clock_skew.as_micros()).unwrap_or(i64::MAX));
    let row = on.row(query).await?;
    let mut fields = Fields::of(&row);
    Ok((fields.instant()?, fields.take()?))
}

/// The live replicas, in the order of their registration.
pub(super) async fn live(on: &mut Session) -> Result<Vec<RegisteredReplica>, Failure> {
    let query = on.query(
        "SELECT id, version, host, handlers, runners, running, clock_skew_microseconds, registered_at, seen_at, heartbeat, draining \
         FROM @cron_replicas WHERE ended_at IS NULL ORDER BY number",
    );
    Ok(on.rows(query).await?.iter().map(replica).collect::<sqlx::Result<_>>()?)
}

/// Ends a replica, if nobody counted a heartbeat of it since. It waits for transactions that took it for live.
pub(super) async fn end(on: &mut Session, id: ReplicaId, heartbeat: i64) -> Result<bool, Failure> {
    let query = on.query(
        "WITH found AS MATERIALIZED (SELECT id FROM @cron_replicas WHERE id = $1 AND heartbeat = $2 AND ended_at IS NULL FOR UPDATE) \
         UPDATE @cron_replicas AS replica SET ended_at = @cron_now() FROM found WHERE replica.id = found.id",
    );
    Ok(on.run(query.bind(id).bind(heartbeat)).await? > 0)
}

pub(super) async fn drain(on: &mut Session, id: ReplicaId, draining: bool, by: &Author) -> Result<bool, Failure> {
    let query = on.query(
        "WITH found AS MATERIALIZED (SELECT id, draining FROM @cron_replicas WHERE id = $1 AND ended_at IS NULL FOR NO KEY UPDATE) \
         UPDATE @cron_replicas AS replica SET draining = $2 FROM found WHERE replica.id = found.id \
         RETURNING found.draining, @cron_now()",
    );
    let Some(row) = on.row_or_none(query.bind(id).bind(draining)).await? else { return Ok(false) };
    let mut fields = Fields::of(&row);
    let (was, now): (bool, _) = (fields.take()?, fields.instant()?);
    if was != draining {
        audit::add(on, vec![AuditRecord::drained(id, draining, by)], now).await?;
    }
    Ok(true)
}

fn replica(row: &PgRow) -> sqlx::Result<RegisteredReplica> {
    let mut fields = Fields::of(row);
    Ok(RegisteredReplica {
        status: ReplicaStatus {
            id: fields.take()?,
            version: fields.take()?,
            host: fields.take()?,
            handlers: fields.take()?,
            runners: fields.take()?,
            running: fields.take::<i32>()?.unsigned_abs(),
            clock_skew: SignedDuration::from_micros(fields.take()?),
        },
        registered_at: fields.instant()?,
        seen_at: fields.instant()?,
        heartbeat: fields.take()?,
        draining: fields.take()?,
    })
}

fn running(row: &PgRow) -> sqlx::Result<Running> {
    let mut fields = Fields::of(row);
    Ok(Running {
        hold: Hold { run_id: fields.take()?, replica_id: fields.take()?, fence: fields.take()? },
        page_id: PageId { config_id: fields.take()?, lane: fields.take()? },
        heartbeat: fields.take()?,
        ttl: fields.duration()?,
    })
}
