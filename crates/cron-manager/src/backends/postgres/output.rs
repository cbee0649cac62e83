//! Rows of `cron_job_logs`: what runs log, and how far they say they have come.

use sqlx::postgres::PgBindIterExt;

use super::{column::Count, error::Failure, fields::Fields, session::Session};
use crate::{Log, LogPart, ProgressReport, RunId, RunOutput, contracts::HeldOutput};

/// Puts each part in its place whose hold is still good.
pub(super) async fn keep(on: &mut Session, outputs: &[HeldOutput]) -> Result<(), Failure> {
    let query = on.query(
        "WITH held AS MATERIALIZED (SELECT job.id, given.start, given.text, given.progress, given.progress_text \
         FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::double precision[], $7::text[]) \
         AS given (id, replica_id, fence, start, text, progress, progress_text) JOIN @cron_jobs AS job USING (id) \
         WHERE job.state = 'running' AND job.replica_id = given.replica_id AND job.fence = given.fence \
         ORDER BY job.id FOR NO KEY UPDATE OF job), \
         whole AS (SELECT held.id, coalesce(CASE WHEN held.start BETWEEN kept.log_start AND kept.log_start + length(kept.log) \
         THEN left(kept.log, (held.start - kept.log_start)::integer) END, '') || held.text AS log, \
         held.start + length(held.text) AS ends_at, held.progress, held.progress_text \
         FROM held LEFT JOIN @cron_job_logs AS kept ON kept.run_id = held.id) \
         INSERT INTO @cron_job_logs AS kept (run_id, log, log_start, progress, progress_text) \
         SELECT id, right(log, $8), ends_at - least(length(log), $8), progress, progress_text FROM whole \
         ON CONFLICT (run_id) DO UPDATE SET log = excluded.log, log_start = excluded.log_start, \
         progress = coalesce(excluded.progress, kept.progress), progress_text = coalesce(excluded.progress_text, kept.progress_text)",
    );
    let holds = || outputs.iter().map(|output| output.hold);
    let logs = || outputs.iter().map(|output| &output.output.log);
    let progress = || outputs.iter().map(|output| output.output.progress.as_ref());
    let query = query
        .bind(holds().map(|hold| hold.run_id).bind_iter())
        .bind(holds().map(|hold| hold.replica_id).bind_iter())
        .bind(holds().map(|hold| hold.fence).bind_iter())
        .bind(logs().map(|log| Count(log.start)).bind_iter())
        .bind(logs().map(|log| log.text.as_str()).bind_iter())
        .bind(progress().map(|progress| progress.map(|progress| progress.fraction)).bind_iter())
        .bind(progress().map(|progress| progress.map(|progress| progress.text.as_str())).bind_iter())
        .bind(i32::try_from(Log::LIMIT).unwrap_or(i32::MAX));
    on.run(query).await?;
    Ok(())
}

/// What is kept after the first `from` characters.
pub(super) async fn after(on: &mut Session, id: RunId, from: u64) -> Result<RunOutput, Failure> {
    let query = on.query(
        "SELECT start, substr(log, (start - log_start)::integer + 1), progress, progress_text FROM \
         (SELECT *, CASE WHEN $2 > log_start + length(log) THEN log_start ELSE greatest($2, log_start) END AS start \
         FROM @cron_job_logs WHERE run_id = $1) AS kept",
    );
    let query = query.bind(id).bind(i64::try_from(from).unwrap_or(i64::MAX));
    let Some(row) = on.row_or_none(query).await? else { return Ok(RunOutput::default()) };
    let mut fields = Fields::of(&row);
    let log = LogPart { start: fields.count()?, text: fields.take()? };
    let progress: (Option<f64>, Option<String>) = (fields.take()?, fields.take()?);
    let progress = progress.0.zip(progress.1).map(|(fraction, text)| ProgressReport { fraction, text });
    Ok(RunOutput { log, progress })
}

/// The whole log. `None`: nothing was logged.
pub(super) async fn log(on: &mut Session, id: RunId) -> Result<Option<String>, Failure> {
    let query = on.query("SELECT log FROM @cron_job_logs WHERE run_id = $1 AND log <> ''").bind(id);
    Ok(on.row_or_none(query).await?.map(|row| Fields::of(&row).take()).transpose()?)
}
