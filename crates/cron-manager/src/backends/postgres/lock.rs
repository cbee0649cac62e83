//! The first statements of a decision: they lock the pages.

use std::collections::BTreeSet;

use sqlx::postgres::PgBindIterExt;

use super::{
    configs::{self, ConfigRow, config_columns},
    error::Failure,
    fields::Fields,
    session::Session,
};
use crate::{
    CronConfigId, PageId, ReplicaId,
    contracts::{Busy, Pages},
    domain::ledger::Place,
};

/// The pages that this transaction has locked: their configs, and the places of each.
pub(super) struct Locked {
    pub(super) configs: Vec<ConfigRow>,
    pub(super) lanes: Vec<(CronConfigId, Place)>,
    /// The configs whose service page is locked.
    pub(super) services: BTreeSet<CronConfigId>,
}

/// The statement that locks configs, in the order of their ids.
macro_rules! lock_configs {
    ($how:literal) => {
        concat!("SELECT ", config_columns!(), " FROM @cron_configs WHERE id = ANY($1) ORDER BY id FOR ", $how)
    };
}

/// Locks pages in the order of their ids, in strength: a config for its service page and for an edit, which keeps everybody out; then
/// configs for lanes, which replicas share; then the lanes.
pub(super) async fn lock(on: &mut Session, pages: Pages<'_>, busy: Busy) -> Result<Locked, Failure> {
    match pages {
        Pages::Of(ids) => lock_pages(on, ids, busy).await,
        Pages::AllOf(ids) => lock_whole(on, &ids.iter().copied().collect(), busy).await,
    }
}

async fn lock_pages(on: &mut Session, ids: &[PageId], busy: Busy) -> Result<Locked, Failure> {
    let services: BTreeSet<_> = ids.iter().filter(|id| id.lane.is_none()).map(|id| id.config_id).collect();
    let lanes: BTreeSet<_> = ids.iter().filter_map(|id| Some((id.config_id, id.lane?))).collect();
    let shared: BTreeSet<_> = lanes.iter().map(|(id, _)| *id).filter(|id| !services.contains(id)).collect();
    let mut configs = lock_configs(on, &services, Strength::Alone, busy).await?;
    let services = configs.iter().map(ConfigRow::id).collect();
    configs.extend(lock_configs(on, &shared, Strength::Shared, busy).await?);
    let lanes = if lanes.is_empty() { Vec::new() } else { lock_lanes(on, &configs, &lanes, busy).await? };
    Ok(Locked { configs, lanes, services })
}

/// Whoever locks a lane shares the config's lock, so the config alone is enough.
async fn lock_whole(on: &mut Session, ids: &BTreeSet<CronConfigId>, busy: Busy) -> Result<Locked, Failure> {
    let configs = lock_configs(on, ids, Strength::Alone, busy).await?;
    let services: BTreeSet<_> = configs.iter().map(ConfigRow::id).collect();
    let live = live_replicas(on).await?;
    let all: Vec<_> = configs.iter().flat_map(|row| live.iter().map(|replica| (row.id(), *replica))).collect();
    begin_lanes(on, &all, busy).await?;
    let query = on.query(
        "SELECT config_id, replica_id, watermark, fence, started_at FROM @cron_lanes WHERE config_id = ANY($1) AND (replica_id = ANY($2) \
         OR (config_id, replica_id) IN (SELECT config_id, lane FROM @cron_jobs \
         WHERE config_id = ANY($1) AND (state = 'pending' OR state = 'running')))",
    );
    let query = query.bind(services.iter().bind_iter()).bind(live.iter().bind_iter());
    let lanes = places(on.rows(query).await?.iter(), &live)?;
    Ok(Locked { configs, lanes, services })
}

#[derive(Clone, Copy)]
enum Strength {
    /// Against everybody.
    Alone,
    /// Against those who want it alone.
    Shared,
}

async fn lock_configs(
    on: &mut Session,
    ids: &BTreeSet<CronConfigId>,
    strength: Strength,
    busy: Busy,
) -> Result<Vec<ConfigRow>, Failure> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let query = on.query(match (strength, busy) {
        (Strength::Alone, Busy::Wait) => lock_configs!("NO KEY UPDATE"),
        (Strength::Alone, Busy::Skip) => lock_configs!("NO KEY UPDATE SKIP LOCKED"),
        (Strength::Shared, Busy::Wait) => lock_configs!("SHARE"),
        (Strength::Shared, Busy::Skip) => lock_configs!("SHARE SKIP LOCKED"),
    });
    Ok(configs::all(&on.rows(query.bind(ids.iter().bind_iter())).await?)?)
}

async fn lock_lanes(
    on: &mut Session,
    configs: &[ConfigRow],
    lanes: &BTreeSet<(CronConfigId, ReplicaId)>,
    busy: Busy,
) -> Result<Vec<(CronConfigId, Place)>, Failure> {
    let locked: BTreeSet<_> = configs.iter().map(ConfigRow::id).collect();
    let lanes: Vec<_> = lanes.iter().copied().filter(|(id, _)| locked.contains(id)).collect();
    let live = live_among(on, lanes.iter().map(|(_, replica)| *replica).collect()).await?;
    let open: Vec<_> = lanes.iter().copied().filter(|(_, replica)| live.contains(replica)).collect();
    begin_lanes(on, &open, busy).await?;
    macro_rules! lock_lanes {
        ($how:literal) => {
            concat!(
                "SELECT config_id, replica_id, watermark, fence, started_at \
                 FROM unnest($1::integer[], $2::text[]) AS given (config_id, replica_id) JOIN @cron_lanes AS lane \
                 USING (config_id, replica_id) ORDER BY config_id, replica_id FOR NO KEY UPDATE OF lane",
                $how
            )
        };
    }
    let query = on.query(match busy {
        Busy::Wait => lock_lanes!(""),
        Busy::Skip => lock_lanes!(" SKIP LOCKED"),
    });
    let query =
        query.bind(lanes.iter().map(|lane| lane.0).bind_iter()).bind(lanes.iter().map(|lane| lane.1).bind_iter());
    Ok(places(on.rows(query).await?.iter(), &live)?)
}

/// The lanes of rows; those of live replicas are open.
fn places<'a>(
    rows: impl Iterator<Item = &'a sqlx::postgres::PgRow>,
    live: &BTreeSet<ReplicaId>,
) -> sqlx::Result<Vec<(CronConfigId, Place)>> {
    let place = |row| {
        let mut fields = Fields::of(row);
        let (config_id, replica): (_, ReplicaId) = (fields.take()?, fields.take()?);
        let (watermark, fence, started_at) = (fields.instant()?, fields.take()?, fields.instant_or_none()?);
        Ok((config_id, Place { lane: Some(replica), open: live.contains(&replica), watermark, fence, started_at }))
    };
    rows.map(place).collect()
}

/// The live replicas; they cannot end before this transaction has.
async fn live_replicas(on: &mut Session) -> Result<BTreeSet<ReplicaId>, Failure> {
    let query = on.query("SELECT id FROM @cron_replicas WHERE ended_at IS NULL ORDER BY id FOR KEY SHARE");
    Ok(on.rows(query).await?.iter().map(|row| Fields::of(row).take()).collect::<sqlx::Result<_>>()?)
}

/// Which of these replicas are live; they cannot end before this transaction has.
async fn live_among(on: &mut Session, ids: BTreeSet<ReplicaId>) -> Result<BTreeSet<ReplicaId>, Failure> {
    let sql = "SELECT id FROM @cron_replicas WHERE id = ANY($1) AND ended_at IS NULL ORDER BY id FOR KEY SHARE";
    let query = on.query(sql).bind(ids.iter().bind_iter());
    Ok(on.rows(query).await?.iter().map(|row| Fields::of(row).take()).collect::<sqlx::Result<_>>()?)
}

/// Begins the lanes that are not there yet, of configs that every replica runs. What is not there cannot be locked: who begins a
/// lane takes a lock on its name.
async fn begin_lanes(on: &mut Session, lanes: &[(CronConfigId, ReplicaId)], busy: Busy) -> Result<(), Failure> {
    macro_rules! begin_lanes {
        ($lock:literal) => {
            concat!(
                "WITH missing AS MATERIALIZED (SELECT config.id AS config_id, replica.id AS replica_id, \
                 greatest(replica.registered_at, config.watermark) AS since \
                 FROM unnest($1::integer[], $2::text[]) AS given (config_id, replica_id) \
                 JOIN @cron_configs AS config ON config.id = config_id JOIN @cron_replicas AS replica ON replica.id = replica_id \
                 WHERE NOT config.distributed AND NOT EXISTS (SELECT FROM @cron_lanes AS lane \
                 WHERE lane.config_id = config.id AND lane.replica_id = replica.id) ORDER BY 1, 2) \
                 INSERT INTO @cron_lanes (config_id, replica_id, since, watermark, fence) \
                 SELECT config_id, replica_id, since, since, 0 FROM missing WHERE ",
                $lock,
                "(hashtextextended($3 || ' ' || config_id || ' ' || replica_id, 0))::text <> 'false' ON CONFLICT DO NOTHING"
            )
        };
    }
    if lanes.is_empty() {
        return Ok(());
    }
    let query = on.query(match busy {
        Busy::Wait => begin_lanes!("pg_advisory_xact_lock"),
        Busy::Skip => begin_lanes!("pg_try_advisory_xact_lock"),
    });
    let (configs, replicas) = (lanes.iter().map(|lane| lane.0), lanes.iter().map(|lane| lane.1));
    let query = query.bind(configs.bind_iter()).bind(replicas.bind_iter()).bind(on.schema().name().to_owned());
    on.run(query).await?;
    Ok(())
}
