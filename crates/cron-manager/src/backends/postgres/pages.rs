//! Pages: locked, read, and written back.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use jiff::Timestamp;
use sqlx::postgres::PgBindIterExt;

use super::{
    calendars,
    column::{Instant, lane_key},
    error::Failure,
    fields::Fields,
    lock::{self, Locked},
    runs::{self, run_columns},
    session::Session,
    write,
};
use crate::{
    CronConfig, CronRun, PageId, RunState,
    contracts::{Busy, Decide, Pages},
    domain::{
        SwitchedOff,
        ledger::{Page, Place},
    },
};

/// Lets `decide` write on pages, and keeps what it wrote.
pub(super) async fn transact(
    on: &mut Session,
    pages: Pages<'_>,
    busy: Busy,
    decide: Decide<'_>,
) -> Result<Vec<Page>, Failure> {
    let locked = lock::lock(on, pages, busy).await?;
    let mut pages = read(on, locked).await?;
    let before = pages.iter().map(write::Before::of).collect::<Vec<_>>();
    decide(&mut pages)?;
    write::write(on, &mut pages, &before).await?;
    Ok(pages)
}

/// The pages in the order of their ids, by a snapshot that is younger than the locks.
async fn read(on: &mut Session, locked: Locked) -> Result<Vec<Page>, Failure> {
    let places = places(locked);
    if places.is_empty() {
        return Ok(Vec::new());
    }
    let calendars = calendars::named_by(on, places.values().map(|(config, _)| config)).await?;
    let (now, off, mut runs) = rows(on, &places).await?;
    let page = |(id, (config, place))| {
        let mut runs = runs.remove(&id).unwrap_or_default();
        runs.sort_by_key(|run: &CronRun| (run.state == RunState::Skipped, run.id));
        let page = Page::new(now, config, place, runs).with_switched_off(Arc::clone(&off));
        page.with_calendars(Arc::clone(&calendars))
    };
    Ok(places.into_iter().map(page).collect())
}

type Rows = (Timestamp, Arc<[SwitchedOff]>, HashMap<PageId, Vec<CronRun>>);

fn places(locked: Locked) -> BTreeMap<PageId, (CronConfig, Place)> {
    let configs: HashMap<_, _> = locked.configs.into_iter().map(|row| (row.id(), (row.place, row.config()))).collect();
    let services = locked.services.iter().filter_map(|id| Some((*id, configs.get(id)?.0)));
    let places = services.chain(locked.lanes);
    let page = |(config_id, place): (_, Place)| {
        let config = configs.get(&config_id)?.1.clone();
        Some((PageId { config_id, lane: place.lane }, (config, place)))
    };
    places.filter_map(page).collect()
}

/// What time it is, when jobs were switched off, and the rows of pages: the pending and running ones, and the skipped tick row of each
/// that reaches furthest.
async fn rows(on: &mut Session, places: &BTreeMap<PageId, (CronConfig, Place)>) -> Result<Rows, Failure> {
    let query = on.query(concat!(
        "WITH page AS (SELECT * FROM unnest($1::integer[], $2::text[]) AS page (of_config, of_lane)), run AS (SELECT ",
        run_columns!(),
        " FROM page JOIN @cron_jobs ON config_id = of_config AND coalesce(lane, '') = of_lane WHERE state = 'pending' \
         UNION ALL SELECT ",
        run_columns!(),
        " FROM page JOIN @cron_jobs ON config_id = of_config AND coalesce(lane, '') = of_lane WHERE state = 'running' \
         UNION ALL SELECT ",
        run_columns!(),
        " FROM page, LATERAL (SELECT * FROM @cron_jobs WHERE config_id = of_config AND coalesce(lane, '') = of_lane \
         AND state = 'skipped' AND kind = 'tick' ORDER BY due_through DESC, id DESC LIMIT 1) AS skipped) \
         SELECT moment.*, run.id IS NOT NULL, run.* FROM (SELECT @cron_now() AS now, \
         ARRAY(SELECT since FROM @cron_switched_off WHERE until IS NULL OR until > $3 ORDER BY version), \
         ARRAY(SELECT until FROM @cron_switched_off WHERE until IS NULL OR until > $3 ORDER BY version)) AS moment LEFT JOIN run ON true"
    ));
    let (configs, lanes) = (places.keys().map(|id| id.config_id), places.keys().map(|id| lane_key(id.lane)));
    let earliest = places.values().map(|(_, place)| place.watermark).min().unwrap_or(Timestamp::UNIX_EPOCH);
    let rows = on.rows(query.bind(configs.bind_iter()).bind(lanes.bind_iter()).bind(Instant(earliest))).await?;
    let (mut now, mut off, mut runs) = (Timestamp::UNIX_EPOCH, None, HashMap::<_, Vec<_>>::new());
    for row in &rows {
        let mut fields = Fields::of(row);
        now = fields.instant()?;
        let (since, until): (Vec<Instant>, Vec<Option<Instant>>) = (fields.take()?, fields.take()?);
        let switched = |(since, until): (Instant, Option<Instant>)| SwitchedOff {
            since: since.0,
            until: until.map(|until| until.0),
        };
        off.get_or_insert_with(|| since.into_iter().zip(until).map(switched).collect());
        if fields.take()? {
            let run = runs::read(&mut fields)?;
            runs.entry(run.page_id()).or_default().push(run);
        }
    }
    Ok((now, off.unwrap_or_default(), runs))
}
