//! Pages: read under the right to write, and written back.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use jiff::Timestamp;
use sqlx::SqliteConnection;

use super::{
    audit, calendars,
    configs::{self, ConfigRow},
    control,
    lanes::{self, LaneRow},
    replicas,
    runs::{self, Written},
    table::json,
};
use crate::{
    CronConfig, CronConfigId, CronRun, PageId, ReplicaId, Result, RunState,
    contracts::{Decide, Pages},
    domain::ledger::{Page, Place},
};

/// Lets `decide` write on `pages`, and keeps what it wrote.
pub(super) async fn transact(
    on: &mut SqliteConnection,
    pages: Pages<'_>,
    now: Timestamp,
    decide: Decide<'_>,
) -> Result<Vec<Page>> {
    let (mut pages, lanes) = read(on, pages, now).await?;
    let before: Vec<_> = pages.iter().map(Page::place).collect();
    decide(&mut pages)?;
    write_lanes(on, &pages, lanes).await?;
    write_runs(on, &mut pages).await?;
    write_configs(on, &pages, &before).await?;
    audit::add(on, pages.iter().flat_map(Page::records).collect(), now).await?;
    Ok(pages)
}

/// The lanes that there are or that may be begun, by their page.
type Lanes = BTreeMap<PageId, LaneRow>;

async fn read(on: &mut SqliteConnection, pages: Pages<'_>, now: Timestamp) -> Result<(Vec<Page>, Lanes)> {
    let ids: BTreeSet<CronConfigId> = match pages {
        Pages::Of(pages) => pages.iter().map(|page| page.config_id).collect(),
        Pages::AllOf(ids) => ids.iter().copied().collect(),
    };
    let ids: Vec<_> = ids.into_iter().collect();
    let rows = configs::by_ids(on, &json(&ids)?).await?;
    let known: HashMap<CronConfigId, (&ConfigRow, CronConfig)> =
        rows.iter().filter_map(|row| row.readable().map(|config| (config.id, (row, config)))).collect();
    let needs_lanes = match pages {
        Pages::Of(pages) => pages.iter().any(|page| page.lane.is_some()),
        Pages::AllOf(_) => true,
    };
    let (lanes, live) = if needs_lanes { lanes_of(on, &ids, &known).await? } else { Default::default() };
    let asked = asked(on, pages, &lanes, &live).await?;
    let mut runs: HashMap<PageId, Vec<CronRun>> = HashMap::new();
    for run in runs::on_pages(on, &asked).await? {
        runs.entry(run.page_id()).or_default().push(run);
    }
    let mut page = |id: &PageId| {
        let (row, config) = known.get(&id.config_id)?;
        let place = match id.lane {
            None => row.place(),
            Some(replica) => lanes.get(id)?.place(live.contains(&replica)),
        };
        Some(Page::new(now, config.clone(), place, runs.remove(id).unwrap_or_default()))
    };
    let pages: Vec<Page> = asked.iter().filter_map(&mut page).collect();
    let Some(earliest) = pages.iter().map(Page::watermark).min() else { return Ok((pages, lanes)) };
    let off = control::switched_off(on, earliest).await?;
    let calendars = calendars::named_by(on, pages.iter().map(Page::config)).await?;
    let with = |page: Page| page.with_switched_off(Arc::clone(&off)).with_calendars(Arc::clone(&calendars));
    Ok((pages.into_iter().map(with).collect(), lanes))
}

/// The lanes of configs, and which replicas live. A lane that is not there stands at its beginning.
async fn lanes_of(
    on: &mut SqliteConnection,
    ids: &[CronConfigId],
    configs: &HashMap<CronConfigId, (&ConfigRow, CronConfig)>,
) -> Result<(Lanes, BTreeSet<ReplicaId>)> {
    let mut lanes: Lanes = lanes::of_configs(on, ids).await?.into_iter().map(|lane| (lane.page_id(), lane)).collect();
    let live = replicas::live(&mut *on).await?;
    for (row, config) in configs.values().filter(|(_, config)| !config.is_distributed()) {
        for replica in &live {
            let since = replica.registered_at.max(row.watermark);
            let (config_id, replica_id) = (config.id, replica.status.id);
            let new = LaneRow::begun(config_id, replica_id, since);
            lanes.entry(new.page_id()).or_insert(new);
        }
    }
    Ok((lanes, live.iter().map(|replica| replica.status.id).collect()))
}

/// Which pages are meant, in their order.
async fn asked(
    on: &mut SqliteConnection,
    pages: Pages<'_>,
    lanes: &Lanes,
    live: &BTreeSet<ReplicaId>,
) -> Result<Vec<PageId>> {
    let asked: BTreeSet<PageId> = match pages {
        Pages::Of(pages) => pages.iter().copied().collect(),
        Pages::AllOf(ids) => {
            let busy: BTreeSet<PageId> = runs::live_pages(on, &json(ids)?).await?.into_iter().collect();
            let is_meant = |id: &&PageId| id.lane.is_some_and(|lane| live.contains(&lane)) || busy.contains(id);
            ids.iter().map(|id| PageId::from(*id)).chain(lanes.keys().filter(is_meant).copied()).collect()
        }
    };
    Ok(asked.into_iter().collect())
}

async fn write_lanes(on: &mut SqliteConnection, pages: &[Page], mut lanes: Lanes) -> Result<()> {
    let moved = |page: &Page| {
        let lane = lanes.remove(&page.id())?;
        Some(lane.moved(page.place()))
    };
    let moved: Vec<_> = pages.iter().filter_map(moved).collect();
    if moved.is_empty() { Ok(()) } else { lanes::write(on, &moved).await }
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

/// Writes what was edited, and how far the service's pages have come.
async fn write_configs(on: &mut SqliteConnection, pages: &[Page], before: &[Place]) -> Result<()> {
    let service = |page: &&Page| page.place().lane.is_none();
    let edited: Vec<_> = pages.iter().filter(service).filter(|page| page.edited().is_some()).collect();
    for page in &edited {
        calendars::check(on, page.config()).await?;
    }
    if !edited.is_empty() {
        let revision = configs::next_revision(on).await?;
        let row = |page: &&Page| ConfigRow::new(page.config(), revision, page.place());
        configs::write(on, &edited.iter().map(row).collect::<Vec<_>>(), revision).await?;
    }
    let moved = pages.iter().zip(before).filter(|(page, before)| service(page) && page.place() != **before);
    let moved: Vec<_> = moved.map(|(page, _)| (page.config().id, page.place())).collect();
    if moved.is_empty() { Ok(()) } else { configs::advance(on, &moved).await }
}
