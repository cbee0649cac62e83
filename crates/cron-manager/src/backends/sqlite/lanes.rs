//! Rows of `cron_lanes`: how far each replica's lane of a config has come.

use std::sync::LazyLock;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::SqliteConnection;

use super::{
    column,
    error::from_sqlx,
    table::{GIVEN, array, json, rows, select},
};
use crate::{CronConfigId, Fence, PageId, ReplicaId, Result, domain::ledger::Place};

const COLUMNS: [&str; 6] = ["config_id", "replica_id", "since", "watermark", "fence", "started_at"];

/// One lane.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct LaneRow {
    pub(super) config_id: CronConfigId,
    #[serde(with = "column")]
    pub(super) replica_id: ReplicaId,
    #[serde(with = "column")]
    pub(super) since: Timestamp,
    #[serde(with = "column")]
    pub(super) watermark: Timestamp,
    fence: Fence,
    #[serde(with = "column")]
    started_at: Option<Timestamp>,
}

impl LaneRow {
    /// A lane at its beginning.
    pub(super) fn begun(config_id: CronConfigId, replica_id: ReplicaId, since: Timestamp) -> Self {
        Self { config_id, replica_id, since, watermark: since, fence: Fence(0), started_at: None }
    }

    /// The lane as far as `place` says it has come.
    pub(super) fn moved(self, place: Place) -> Self {
        let Place { watermark, fence, started_at, .. } = place;
        Self { watermark, fence, started_at, ..self }
    }

    pub(super) fn page_id(&self) -> PageId {
        PageId { config_id: self.config_id, lane: Some(self.replica_id) }
    }

    pub(super) fn place(&self, open: bool) -> Place {
        let Self { watermark, fence, started_at, .. } = *self;
        Place { lane: Some(self.replica_id), open, watermark, fence, started_at }
    }
}

/// All lanes of configs.
pub(super) async fn of_configs(on: &mut SqliteConnection, ids: &[CronConfigId]) -> Result<Vec<LaneRow>> {
    static OF_CONFIGS: LazyLock<String> = LazyLock::new(|| {
        let condition = "config_id IN (SELECT value FROM json_each(?1)) ORDER BY config_id, replica_id";
        array(&select("cron_lanes", &COLUMNS, condition))
    });
    rows(on, sqlx::query_scalar(OF_CONFIGS.as_str()).bind(json(ids)?)).await
}

/// Keeps lanes as they now stand, new ones too.
pub(super) async fn write(on: &mut SqliteConnection, lanes: &[LaneRow]) -> Result<()> {
    static WRITE: LazyLock<String> = LazyLock::new(|| {
        let values = COLUMNS.map(|column| format!("value ->> '{column}'")).join(", ");
        format!(
            "{GIVEN} INSERT INTO cron_lanes ({}) SELECT {values} FROM given WHERE true \
             ON CONFLICT DO UPDATE SET watermark = excluded.watermark, fence = excluded.fence, started_at = excluded.started_at",
            COLUMNS.join(", ")
        )
    });
    sqlx::query(WRITE.as_str()).bind(json(lanes)?).execute(on).await.map_err(from_sqlx)?;
    Ok(())
}
