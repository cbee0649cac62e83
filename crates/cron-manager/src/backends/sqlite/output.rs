//! Rows of `cron_job_logs`: what runs log, and how far they say they have come.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use sqlx::{SqliteConnection, SqliteExecutor};

use super::{
    error::from_sqlx,
    runs,
    table::{GIVEN, json, row},
};
use crate::{Log, LogPart, ProgressReport, Result, RunId, RunOutput, contracts::HeldOutput};

/// What is to be kept of a run.
#[derive(Serialize)]
struct Part<'a> {
    id: RunId,
    start: u64,
    text: &'a str,
    progress: Option<f64>,
    progress_text: Option<&'a str>,
}

impl<'a> Part<'a> {
    fn new(HeldOutput { hold, output }: &'a HeldOutput) -> Self {
        let progress = output.progress.as_ref();
        Self {
            id: hold.run_id,
            start: output.log.start,
            text: &output.log.text,
            progress: progress.map(|progress| progress.fraction),
            progress_text: progress.map(|progress| &*progress.text),
        }
    }
}

/// Puts each part in its place whose hold is still good.
pub(super) async fn keep(on: &mut SqliteConnection, outputs: &[HeldOutput]) -> Result<()> {
    static KEEP: LazyLock<String> = LazyLock::new(|| {
        format!(
            "{GIVEN}, part AS (SELECT value ->> 'id' AS id, value ->> 'start' AS start, value ->> 'text' AS text, \
             value ->> 'progress' AS progress, value ->> 'progress_text' AS progress_text FROM given), \
             whole AS (SELECT id, coalesce(iif(start BETWEEN log_start AND log_start + length(log), substr(log, 1, start - log_start), NULL), '') \
             || text AS log, start + length(text) AS ends_at, part.progress, part.progress_text \
             FROM part LEFT JOIN cron_job_logs ON run_id = id) \
             INSERT INTO cron_job_logs (run_id, log, log_start, progress, progress_text) \
             SELECT id, substr(log, -?2), ends_at - min(length(log), ?2), progress, progress_text FROM whole WHERE true \
             ON CONFLICT (run_id) DO UPDATE SET log = excluded.log, log_start = excluded.log_start, \
             progress = coalesce(excluded.progress, progress), progress_text = coalesce(excluded.progress_text, progress_text)"
        )
    });
    let good = runs::good(on, outputs.iter().map(|output| output.hold)).await?;
    let parts: Vec<_> = good.into_iter().map(|place| Part::new(&outputs[place])).collect();
    let keep = sqlx::query(KEEP.as_str()).bind(json(&parts)?).bind(Log::LIMIT as i64);
    keep.execute(on).await.map_err(from_sqlx)?;
    Ok(())
}

/// What is kept after the first `from` characters.
pub(super) async fn after(on: impl SqliteExecutor<'_>, id: RunId, from: u64) -> Result<RunOutput> {
    #[derive(Deserialize)]
    struct Kept(u64, String, Option<f64>, Option<String>);
    let sql = "SELECT json_group_array(json_array(start, substr(log, start - log_start + 1), progress, progress_text)) FROM \
               (SELECT *, iif(?2 > log_start + length(log), log_start, max(?2, log_start)) AS start FROM cron_job_logs WHERE run_id = ?1)";
    let query = sqlx::query_scalar(sql).bind(id.0).bind(i64::try_from(from).unwrap_or(i64::MAX));
    let Some(Kept(start, text, progress, progress_text)) = row(on, query).await? else {
        return Ok(RunOutput::default());
    };
    let progress = progress.zip(progress_text).map(|(fraction, text)| ProgressReport { fraction, text });
    Ok(RunOutput { log: LogPart { start, text }, progress })
}

/// The whole log. `None`: nothing was logged.
pub(super) async fn log(on: impl SqliteExecutor<'_>, id: RunId) -> Result<Option<String>> {
    let sql = "SELECT log FROM cron_job_logs WHERE run_id = ?1 AND log <> ''";
    sqlx::query_scalar(sql).bind(id.0).fetch_optional(on).await.map_err(from_sqlx)
}
