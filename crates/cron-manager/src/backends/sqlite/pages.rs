//! Pages: read under the right to write, and written back.

use std::collections::HashMap;

use jiff::Timestamp;
use sqlx::SqliteConnection;

use super::{
    configs::{self, ConfigRow},
    runs::{self, Written},
    table::json,
};
use crate::{CronConfigId, CronRun, Fence, Result, RunState, contracts::Decide, domain::ledger::Page};

/// Lets `decide` write on the pages of `ids`, and keeps what it wrote.
pub(super) async fn transact(
    on: &mut SqliteConnection,
    ids: &[CronConfigId],
    now: Timestamp,
    decide: Decide<'_>,
) -> Result<Vec<Page>> {
    let mut pages = read(on, ids, now).await?;
    let before: Vec<_> = pages.iter().map(place).collect();
    decide(&mut pages)?;
    write_runs(on, &mut pages).await?;
    write_configs(on, &pages, &before).await?;
    Ok(pages)
}

async fn read(on: &mut SqliteConnection, ids: &[CronConfigId], now: Timestamp) -> Result<Vec<Page>> {
    let ids = json(ids)?;
    let mut runs: HashMap<CronConfigId, Vec<CronRun>> = HashMap::new();
    for run in runs::on_pages(on, &ids).await? {
        runs.entry(run.config_id).or_default().push(run);
    }
    let mut page = |row: &ConfigRow| {
        let config = row.readable()?;
        let runs = runs.remove(&config.id).unwrap_or_default();
        Some(Page::new(now, config, row.watermark, row.fence, runs))
    };
    Ok(configs::by_ids(on, &ids).await?.iter().filter_map(&mut page).collect())
}

async fn write_runs(on: &mut SqliteConnection, pages: &mut [Page]) -> Result<()> {
    let mut id = runs::last_id(on).await?;
    let mut written = Vec::new();
    for page in pages {
        let exclusive = page.config().is_exclusive();
        for run in page.inserted() {
            id.0 += 1;
            run.id = id;
            (run.start_after, run.start_deadline) = (whole(run.start_after), whole(run.start_deadline));
            written.push(Written { run: run.clone(), exclusive });
        }
        written.extend(page.updated().map(|run| Written { run: run.clone(), exclusive }));
    }
    if written.is_empty() {
        return Ok(());
    }
    // Runs that stop make room for those that start, also within one statement.
    written.sort_by_key(|written| written.run.state == RunState::Running);
    runs::write(on, &written).await
}

/// An instant as precise as a column keeps it.
fn whole(instant: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(instant.as_microsecond()).unwrap_or(instant)
}

async fn write_configs(on: &mut SqliteConnection, pages: &[Page], before: &[Place]) -> Result<()> {
    let edited: Vec<_> = pages.iter().filter(|page| page.edited().is_some()).collect();
    if !edited.is_empty() {
        let revision = configs::next_revision(on).await?;
        let row = |page: &&Page| ConfigRow::new(page.config(), revision, page.watermark(), page.fence());
        configs::write(on, &edited.iter().map(row).collect::<Vec<_>>(), revision).await?;
    }
    let moved = pages.iter().map(place).zip(before).filter(|(now, before)| now != *before);
    let moved: Vec<_> = moved.map(|(now, _)| now).collect();
    if moved.is_empty() { Ok(()) } else { configs::advance(on, &moved).await }
}

/// How far a config's ledger has come.
type Place = (CronConfigId, Timestamp, Fence);

fn place(page: &Page) -> Place {
    (page.config().id, page.watermark(), page.fence())
}
