//! Heartbeats and ends: they ask for no page, only for the hold.
//!
//! Rows are locked in the order of their ids, since these batches meet each other.

use sqlx::postgres::PgBindIterExt;

use super::{column::Count, error::Failure, fields::Fields, session::Session};
use crate::{
    Hold, Outcome, RunId,
    contracts::{Beat, Finish},
};

/// Counts a heartbeat on each hold that is still good.
pub(super) async fn heartbeat(on: &mut Session, holds: &[Hold]) -> Result<Vec<Beat>, Failure> {
    let query = on.query(
        "WITH held AS MATERIALIZED (SELECT job.id \
         FROM unnest($1::bigint[], $2::text[], $3::bigint[]) AS given (id, replica_id, fence) JOIN @cron_jobs AS job USING (id) \
         WHERE job.state = 'running' AND job.replica_id = given.replica_id AND job.fence = given.fence \
         ORDER BY job.id FOR NO KEY UPDATE OF job) \
         UPDATE @cron_jobs AS job SET heartbeat = heartbeat + 1 FROM held WHERE job.id = held.id RETURNING job.id, job.cancelling",
    );
    let query = query
        .bind(holds.iter().map(|hold| hold.run_id).bind_iter())
        .bind(holds.iter().map(|hold| hold.replica_id).bind_iter())
        .bind(holds.iter().map(|hold| hold.fence).bind_iter());
    let beat = |row: &sqlx::postgres::PgRow| {
        let mut fields = Fields::of(row);
        Ok(Beat { run_id: fields.take()?, cancelling: fields.take()? })
    };
    Ok(on.rows(query).await?.iter().map(beat).collect::<sqlx::Result<_>>()?)
}

/// Ends each run whose hold is still good.
pub(super) async fn finish(on: &mut Session, finishes: &[Finish]) -> Result<Vec<RunId>, Failure> {
    let query = on.query(
        "WITH held AS MATERIALIZED (SELECT job.id, given.ended, given.reason, given.ends_with, given.fails_with, given.log, given.log_start, given.cut \
         FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::boolean[], \
         $9::text[], $10::bigint[]) AS given (id, replica_id, fence, ended, ends_with, fails_with, log, cut, reason, log_start) JOIN @cron_jobs AS job USING (id) \
         WHERE job.state = 'running' AND job.replica_id = given.replica_id AND job.fence = given.fence \
         ORDER BY job.id FOR NO KEY UPDATE OF job), \
         logged AS (INSERT INTO @cron_job_logs (run_id, log, log_start) SELECT id, log, log_start FROM held WHERE log IS NOT NULL \
         ON CONFLICT (run_id) DO UPDATE SET log = excluded.log, log_start = excluded.log_start) \
         UPDATE @cron_jobs AS job SET state = held.ended, reason = held.reason, \
         started_at = CASE WHEN held.ended <> 'skipped' THEN job.started_at END, \
         finished_at = CASE WHEN held.ended <> 'skipped' THEN @cron_now() END, result = held.ends_with, \
         error = held.fails_with, truncated = held.cut FROM held WHERE job.id = held.id RETURNING job.id",
    );
    let outcomes = || finishes.iter().map(|finish| &finish.outcome);
    let query = query
        .bind(finishes.iter().map(|finish| finish.hold.run_id).bind_iter())
        .bind(finishes.iter().map(|finish| finish.hold.replica_id).bind_iter())
        .bind(finishes.iter().map(|finish| finish.hold.fence).bind_iter())
        .bind(outcomes().map(|outcome| outcome.state).bind_iter())
        .bind(outcomes().map(|outcome| outcome.result.as_deref()).bind_iter())
        .bind(outcomes().map(|outcome| outcome.error.as_deref()).bind_iter())
        .bind(outcomes().map(|outcome: &Outcome| outcome.log.as_deref()).bind_iter())
        .bind(outcomes().map(|outcome| outcome.truncated).bind_iter())
        .bind(outcomes().map(|outcome| outcome.reason).bind_iter())
        .bind(outcomes().map(|outcome| Count(outcome.log_start)).bind_iter());
    ids(on.rows(query).await?)
}

fn ids(rows: Vec<sqlx::postgres::PgRow>) -> Result<Vec<RunId>, Failure> {
    Ok(rows.iter().map(|row| Fields::of(row).take()).collect::<sqlx::Result<_>>()?)
}
