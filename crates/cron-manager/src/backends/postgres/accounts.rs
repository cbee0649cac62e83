//! What the ledger says about a config, at one moment.

use std::collections::HashMap;

use jiff::Timestamp;
use sqlx::postgres::PgRow;

use super::{
    column::Count,
    error::Failure,
    fields::Fields,
    schedules::{ScheduleColumns, schedule_columns},
    session::Session,
};
use crate::{
    CronConfigId, JobName, PageId, ReplicaId,
    contracts::VersionQuery,
    domain::ledger::{Account, ConfigVersion},
};

pub(super) async fn accounts(on: &mut Session, id: CronConfigId) -> Result<Vec<Account>, Failure> {
    let query = on.query("SELECT name, created_at, watermark FROM @cron_configs WHERE id = $1").bind(id);
    let Some(row) = on.row_or_none(query).await? else { return Ok(Vec::new()) };
    let mut fields = Fields::of(&row);
    let name: JobName = fields.take()?;
    let service = (None, fields.instant()?, fields.instant()?);
    let all = VersionQuery { before: None, limit: usize::MAX };
    let (mut versions, mut recorded) = (versions(on, id, &all).await?, recorded(on, id).await?);
    versions.reverse();
    let account = |(lane, since, watermark)| Account {
        page_id: PageId { config_id: id, lane },
        name: name.clone(),
        since,
        watermark,
        versions: versions.clone(),
        recorded: recorded.remove(&lane).unwrap_or_default(),
    };
    Ok([service].into_iter().chain(lanes(on, id).await?).map(account).collect())
}

/// The lanes, since when they are there, and how far they have come.
async fn lanes(on: &mut Session, id: CronConfigId) -> Result<Vec<(Option<ReplicaId>, Timestamp, Timestamp)>, Failure> {
    let sql = "SELECT replica_id, since, watermark FROM @cron_lanes WHERE config_id = $1 ORDER BY replica_id";
    let lane = |row: &PgRow| {
        let mut fields = Fields::of(row);
        Ok((fields.take()?, fields.instant()?, fields.instant()?))
    };
    let rows = on.rows(on.query(sql).bind(id)).await?;
    Ok(rows.iter().map(lane).collect::<sqlx::Result<_>>()?)
}

/// How many ticks the rows of each page stand for, by version.
async fn recorded(on: &mut Session, id: CronConfigId) -> Result<HashMap<Option<ReplicaId>, Vec<(i64, u64)>>, Failure> {
    let query = on.query(
        "SELECT lane, config_version, sum(count)::bigint FROM @cron_jobs \
         WHERE config_id = $1 AND kind = 'tick' AND attempt = 1 GROUP BY lane, config_version ORDER BY config_version",
    );
    let mut recorded = HashMap::<_, Vec<_>>::new();
    for row in on.rows(query.bind(id)).await? {
        let mut fields = Fields::of(&row);
        recorded.entry(fields.take()?).or_default().push((fields.take()?, fields.take::<Count>()?.0));
    }
    Ok(recorded)
}

/// Newest first.
pub(super) async fn versions(
    on: &mut Session,
    id: CronConfigId,
    query: &VersionQuery,
) -> Result<Vec<ConfigVersion>, Failure> {
    let statement = on.query(concat!(
        "SELECT version, since, distributed, tz_database, ",
        schedule_columns!(),
        " FROM @cron_config_versions WHERE config_id = $1 AND version < $2 ORDER BY version DESC LIMIT $3"
    ));
    let version = |row: &PgRow| {
        let mut fields = Fields::of(row);
        Ok(ConfigVersion {
            version: fields.take()?,
            since: fields.instant()?,
            distributed: fields.take()?,
            tz_database: fields.take()?,
            schedule: ScheduleColumns::read(&mut fields)?.schedule()?,
        })
    };
    let limit = i64::try_from(query.limit).unwrap_or(i64::MAX);
    let statement = statement.bind(id).bind(query.before.unwrap_or(i64::MAX)).bind(limit);
    on.rows(statement).await?.iter().map(version).collect()
}
