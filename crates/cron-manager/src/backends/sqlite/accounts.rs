//! Adding the ledger up.

use std::{collections::HashMap, sync::LazyLock};

use jiff::Timestamp;
use serde::Deserialize;
use sqlx::{SqliteConnection, SqliteExecutor};

use super::{
    column,
    configs::{self, ConfigRow},
    lanes::{self, LaneRow},
    schedules::{self, ScheduleColumns},
    table::{array, rows, select},
};
use crate::{
    CronConfigId, PageId, Result,
    contracts::VersionQuery,
    domain::ledger::{Account, ConfigVersion},
};

/// How many ticks the rows of a lane (empty: of the service's page) stand for, by version.
type Recorded = HashMap<String, Vec<(i64, u64)>>;

/// All that the ledger says about each page of one config.
pub(super) async fn of(on: &mut SqliteConnection, id: CronConfigId) -> Result<Vec<Account>> {
    let Some(config) = configs::row_of(on, id).await? else { return Ok(Vec::new()) };
    let mut versions = versions(&mut *on, id, &VersionQuery { before: None, limit: usize::MAX }).await?;
    versions.reverse();
    let mut recorded = recorded(on, id).await?;
    let lanes = lanes::of_configs(on, &[id]).await?;
    let mut accounts = vec![account(&config, id.into(), (config.created_at, config.watermark), &versions)];
    accounts.extend(
        lanes.iter().map(|lane: &LaneRow| account(&config, lane.page_id(), (lane.since, lane.watermark), &versions)),
    );
    for account in &mut accounts {
        let lane = account.page_id.lane.map(|lane| lane.to_string()).unwrap_or_default();
        account.recorded = recorded.remove(&lane).unwrap_or_default();
    }
    Ok(accounts)
}

fn account(
    config: &ConfigRow,
    page_id: PageId,
    (since, watermark): (Timestamp, Timestamp),
    versions: &[ConfigVersion],
) -> Account {
    let (name, versions) = (config.name.clone(), versions.to_vec());
    Account { page_id, name, since, watermark, versions, recorded: Vec::new() }
}

async fn recorded(on: &mut SqliteConnection, id: CronConfigId) -> Result<Recorded> {
    let sql = "SELECT json_group_array(value) FROM ( \
               SELECT jsonb_array(coalesce(lane, ''), config_version, sum(count)) AS value FROM cron_jobs \
               WHERE config_id = ?1 AND kind = 'tick' AND attempt = 1 GROUP BY coalesce(lane, ''), config_version)";
    let mut recorded = Recorded::new();
    for (lane, version, count) in rows::<(String, i64, u64)>(on, sqlx::query_scalar(sql).bind(id.0)).await? {
        recorded.entry(lane).or_default().push((version, count));
    }
    Ok(recorded)
}

/// Newest first.
pub(super) async fn versions(
    on: impl SqliteExecutor<'_>,
    id: CronConfigId,
    query: &VersionQuery,
) -> Result<Vec<ConfigVersion>> {
    #[derive(Deserialize)]
    struct Row {
        version: i64,
        #[serde(with = "column")]
        since: Timestamp,
        #[serde(flatten)]
        schedule: ScheduleColumns,
        #[serde(with = "column")]
        distributed: bool,
        tz_database: String,
    }
    static VERSIONS: LazyLock<String> = LazyLock::new(|| {
        let columns = [&["version", "since", "distributed", "tz_database"], &schedules::COLUMNS[..]].concat();
        array(&select(
            "cron_config_versions",
            &columns,
            "config_id = ?1 AND version < ?2 ORDER BY version DESC LIMIT ?3",
        ))
    });
    let limit = i64::try_from(query.limit).unwrap_or(i64::MAX);
    let query = sqlx::query_scalar(VERSIONS.as_str()).bind(id.0).bind(query.before.unwrap_or(i64::MAX)).bind(limit);
    let rows: Vec<Row> = rows(on, query).await?;
    rows.into_iter()
        .map(|Row { version, since, schedule, distributed, tz_database }| {
            Ok(ConfigVersion { version, since, schedule: schedule.schedule()?, distributed, tz_database })
        })
        .collect()
}
