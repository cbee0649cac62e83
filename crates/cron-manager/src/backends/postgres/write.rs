//! The last statements of a decision: they write what was decided.

use std::collections::HashMap;

use sqlx::postgres::PgBindIterExt;

use super::{
    audit, calendars,
    column::{Count, Instant, Nanoseconds, whole},
    configs,
    error::Failure,
    fields::Fields,
    runs::run_columns,
    session::Session,
};
use crate::{
    Context, CronConfigId, CronRun, RunId, RunState,
    domain::ledger::{Page, Place},
};

/// What a page was like when it was read.
pub(super) struct Before {
    place: Place,
    runs: HashMap<RunId, (RunState, i64)>,
}

impl Before {
    pub(super) fn of(page: &Page) -> Self {
        Self { place: page.place(), runs: page.runs().map(|run| (run.id, (run.state, run.heartbeat))).collect() }
    }
}

/// Writes what was decided. Runs that stop make room for those that start.
///
/// Moved: a run was finished, or counted a heartbeat, after it was read.
pub(super) async fn write(on: &mut Session, pages: &mut [Page], before: &[Before]) -> Result<(), Failure> {
    update(on, &changes(pages, before, |state| state != RunState::Running)).await?;
    let moved = moved(pages, before);
    insert(on, pages, &moved).await?;
    update(on, &changes(pages, before, |state| state == RunState::Running)).await?;
    move_lanes(on, &moved).await?;
    edit(on, pages).await?;
    for page in pages {
        audit::add(on, page.records(), page.now()).await?;
    }
    Ok(())
}

/// A run to overwrite.
struct Change<'a> {
    run: &'a CronRun,
    exclusive: bool,
    /// Its state and heartbeat when it was read.
    was: (RunState, i64),
}

fn changes<'a>(pages: &'a [Page], before: &[Before], of: impl Fn(RunState) -> bool) -> Vec<Change<'a>> {
    let mut changes = Vec::new();
    for (page, before) in pages.iter().zip(before) {
        let exclusive = page.config().is_exclusive();
        let change = |run: &'a CronRun| Some(Change { run, exclusive, was: *before.runs.get(&run.id)? });
        changes.extend(page.updated().filter(|run| of(run.state)).filter_map(change));
    }
    changes
}

/// Overwrites runs that are still as they were read. Heartbeats and ends ask for no page: they may have come in between.
async fn update(on: &mut Session, changes: &[Change<'_>]) -> Result<(), Failure> {
    if changes.is_empty() {
        return Ok(());
    }
    let query = on.query(
        "UPDATE @cron_jobs AS job SET due_through = given.due_through, count = given.count, state = given.state, \
         reason = given.reason, exclusive = given.exclusive, replica_id = given.replica_id, fence = given.fence, token = given.token, \
         heartbeat = given.heartbeat, ttl = given.ttl, started_at = given.started_at, finished_at = given.finished_at, \
         error = given.error, start_after = given.start_after, cancelling = given.cancelling \
         FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::timestamptz[], $5::bigint[], $6::text[], $7::text[], $8::boolean[], \
         $9::text[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::timestamptz[], $15::timestamptz[], $16::text[], $17::timestamptz[], $18::boolean[]) \
         AS given (id, was_state, was_heartbeat, due_through, count, state, reason, exclusive, replica_id, fence, token, heartbeat, ttl, \
         started_at, finished_at, error, start_after, cancelling) \
         WHERE job.id = given.id AND job.state = given.was_state AND job.heartbeat = given.was_heartbeat",
    );
    let runs = || changes.iter().map(|change| change.run);
    let query = query
        .bind(runs().map(|run| run.id).bind_iter())
        .bind(changes.iter().map(|change| change.was.0).bind_iter())
        .bind(changes.iter().map(|change| change.was.1).bind_iter())
        .bind(runs().map(|run| Instant(run.due_through)).bind_iter())
        .bind(runs().map(|run| Count(run.count)).bind_iter())
        .bind(runs().map(|run| run.state).bind_iter())
        .bind(runs().map(|run| run.reason).bind_iter())
        .bind(changes.iter().map(|change| change.exclusive).bind_iter())
        .bind(runs().map(|run| run.replica_id).bind_iter())
        .bind(runs().map(|run| run.fence).bind_iter())
        .bind(runs().map(|run| run.token).bind_iter())
        .bind(runs().map(|run| run.heartbeat).bind_iter())
        .bind(runs().map(|run| Nanoseconds(run.ttl)).bind_iter())
        .bind(runs().map(|run| run.started_at.map(Instant)).bind_iter())
        .bind(runs().map(|run| run.finished_at.map(Instant)).bind_iter())
        .bind(runs().map(|run| run.error.as_deref()).bind_iter())
        .bind(runs().map(|run| Instant(run.start_after)).bind_iter())
        .bind(runs().map(|run| run.cancelling).bind_iter());
    match on.run(query).await? {
        written if written == changes.len() as u64 => Ok(()),
        _ => Err(Failure::Moved),
    }
}

/// How far pages have come that moved. Edits write the service's page themselves.
fn moved(pages: &[Page], before: &[Before]) -> Vec<(CronConfigId, Place)> {
    let pages = pages.iter().zip(before).filter(|(page, before)| page.place() != before.place).map(|(page, _)| page);
    let pages = pages.filter(|page| page.edited().is_none() || page.place().lane.is_some());
    pages.map(|page| (page.config().id, page.place())).collect()
}

/// Makes a run's instants as precise as their columns.
fn round(run: &mut CronRun) {
    (run.start_after, run.start_deadline) = (whole(run.start_after), whole(run.start_deadline));
}

/// Inserts the new runs, which get their ids, and moves the service's pages: two tables in one statement.
async fn insert(on: &mut Session, pages: &mut [Page], moved: &[(CronConfigId, Place)]) -> Result<(), Failure> {
    let mut new: Vec<(&mut CronRun, bool)> = Vec::new();
    for page in pages {
        let exclusive = page.config().is_exclusive();
        new.extend(page.inserted().map(|run| (run, exclusive)));
    }
    let services = || moved.iter().filter(|(_, place)| place.lane.is_none());
    if new.is_empty() && services().next().is_none() {
        return Ok(());
    }
    new.iter_mut().for_each(|(run, _)| round(run));
    let query = on.query(concat!(
        "WITH moved AS (UPDATE @cron_configs AS config SET watermark = given.watermark, fence = given.fence, \
         started_at = given.started_at FROM unnest($1::integer[], $2::timestamptz[], $3::bigint[], $30::timestamptz[]) \
         AS given (id, watermark, fence, started_at) WHERE config.id = given.id), \
         new AS MATERIALIZED (SELECT nextval('@cron_jobs_id_seq') AS id, given.* FROM unnest($4::integer[], $5::text[], $6::text[], \
         $7::bigint[], $8::text[], $9::timestamptz[], $10::timestamptz[], $11::bigint[], $12::integer[], $13::text[], \
         $14::timestamptz[], $15::timestamptz[], $16::text[], $17::text[], $18::boolean[], $19::text[], $20::bigint[], $21::bigint[], \
         $22::bigint[], $23::bigint[], $24::timestamptz[], $25::timestamptz[], $26::timestamptz[], $27::text[], $28::text[], \
         $29::boolean[], $31::text[], $32::text[], $33::bigint[], $34::boolean[]) WITH ORDINALITY AS given (config_id, lane, name, config_version, kind, due_at, due_through, count, attempt, \
         request_id, start_after, start_deadline, state, reason, exclusive, replica_id, fence, token, heartbeat, ttl, created_at, \
         started_at, finished_at, result, error, truncated, traceparent, context, retry_of, cancelling, place)), \
         inserted AS (INSERT INTO @cron_jobs (",
        run_columns!(),
        ", exclusive) SELECT ",
        run_columns!(),
        ", exclusive FROM new) SELECT id FROM new ORDER BY place"
    ));
    let runs = || new.iter().map(|(run, _)| &**run);
    let query = query
        .bind(services().map(|(id, _)| *id).bind_iter())
        .bind(services().map(|(_, place)| Instant(place.watermark)).bind_iter())
        .bind(services().map(|(_, place)| place.fence).bind_iter())
        .bind(runs().map(|run| run.config_id).bind_iter())
        .bind(runs().map(|run| run.lane).bind_iter())
        .bind(runs().map(|run| run.name.as_str()).bind_iter())
        .bind(runs().map(|run| run.config_version).bind_iter())
        .bind(runs().map(|run| run.kind).bind_iter())
        .bind(runs().map(|run| Instant(run.due_at)).bind_iter())
        .bind(runs().map(|run| Instant(run.due_through)).bind_iter())
        .bind(runs().map(|run| Count(run.count)).bind_iter())
        .bind(runs().map(|run| i32::try_from(run.attempt).unwrap_or(i32::MAX)).bind_iter())
        .bind(runs().map(|run| run.request_id.as_deref()).bind_iter())
        .bind(runs().map(|run| Instant(run.start_after)).bind_iter())
        .bind(runs().map(|run| Instant(run.start_deadline)).bind_iter())
        .bind(runs().map(|run| run.state).bind_iter())
        .bind(runs().map(|run| run.reason).bind_iter())
        .bind(new.iter().map(|(_, exclusive)| *exclusive).bind_iter())
        .bind(runs().map(|run| run.replica_id).bind_iter())
        .bind(runs().map(|run| run.fence).bind_iter())
        .bind(runs().map(|run| run.token).bind_iter())
        .bind(runs().map(|run| run.heartbeat).bind_iter())
        .bind(runs().map(|run| Nanoseconds(run.ttl)).bind_iter())
        .bind(runs().map(|run| Instant(run.created_at)).bind_iter())
        .bind(runs().map(|run| run.started_at.map(Instant)).bind_iter())
        .bind(runs().map(|run| run.finished_at.map(Instant)).bind_iter())
        .bind(runs().map(|run| run.result.as_deref()).bind_iter())
        .bind(runs().map(|run| run.error.as_deref()).bind_iter())
        .bind(runs().map(|run| run.truncated).bind_iter())
        .bind(services().map(|(_, place)| place.started_at.map(Instant)).bind_iter())
        .bind(runs().map(|run| run.traceparent).bind_iter())
        .bind(runs().map(|run| run.context.as_ref().map(Context::as_str)).bind_iter())
        .bind(runs().map(|run| run.retry_of).bind_iter())
        .bind(runs().map(|run| run.cancelling).bind_iter());
    let rows = on.rows(query).await?;
    for ((run, _), row) in new.into_iter().zip(&rows) {
        run.id = Fields::of(row).take()?;
    }
    Ok(())
}

async fn move_lanes(on: &mut Session, moved: &[(CronConfigId, Place)]) -> Result<(), Failure> {
    let lanes = || moved.iter().filter_map(|(id, place)| Some((id, place.lane?, place)));
    if lanes().next().is_none() {
        return Ok(());
    }
    let query = on.query(
        "UPDATE @cron_lanes AS lane SET watermark = given.watermark, fence = given.fence, started_at = given.started_at \
         FROM unnest($1::integer[], $2::text[], $3::timestamptz[], $4::bigint[], $5::timestamptz[]) \
         AS given (config_id, replica_id, watermark, fence, started_at) \
         WHERE lane.config_id = given.config_id AND lane.replica_id = given.replica_id",
    );
    let query = query
        .bind(lanes().map(|lane| lane.0).bind_iter())
        .bind(lanes().map(|lane| lane.1).bind_iter())
        .bind(lanes().map(|(.., place)| Instant(place.watermark)).bind_iter())
        .bind(lanes().map(|(.., place)| place.fence).bind_iter())
        .bind(lanes().map(|(.., place)| place.started_at.map(Instant)).bind_iter());
    on.run(query).await?;
    Ok(())
}

/// Where pages of a config were edited, the service's page says what the config is.
async fn edit(on: &mut Session, pages: &[Page]) -> Result<(), Failure> {
    let edits: Vec<_> = pages
        .iter()
        .filter(|page| page.place().lane.is_none())
        .filter_map(|page| Some((page, page.edited()?)))
        .collect();
    if edits.is_empty() {
        return Ok(());
    }
    for (_, config) in &edits {
        calendars::check(on, config).await?;
    }
    let (revision, _) = configs::next_revision(on).await?;
    for (page, config) in edits {
        configs::edit(on, config, revision, page.place()).await?;
    }
    Ok(())
}
