//! The store.


use async_trait::async_trait;
use sqlx::postgres::PgConnectOptions;

use super::{accounts, configs, finish, line::Line, look, pages, replicas, runs, signal::PostgresSignal};
use crate::{
    ClaimToken, CronConfig, CronConfigId, CronRun, Hold, JobName, RegisteredReplica, ReplicaId, ReplicaStatus, Result,
    Revision, RunId,
    contracts::{
        Busy, ConfigQuery, Decide, Finish, Look, Pages, Randomness, RunQuery, Spawn, Store, Watch,
    },
    domain::ledger::{Account, Page},
};

/// A store in a PostgreSQL database (12 or newer), for a service of any number of replicas.
///
/// ```no_run
/// use std::sync::Arc;
/// use cron_manager::{CronManager, backends::{postgres::PostgresStore, system::{SystemClock, SystemRandomness, TokioSpawn}}};
///
/// # async fn example() -> cron_manager::Result<()> {
/// let store = PostgresStore::open("postgres://app:secret@db.example/app", Arc::new(SystemClock)).await?;
/// let signal = store.signal(&TokioSpawn, &SystemRandomness);
/// let manager = CronManager::builder().store(Arc::new(store)).signal(Arc::new(signal)).build().await?;
/// # Ok(())
/// # }
/// ```
pub struct PostgresStore {
    /// For turns and for the API.
    turns: Line,
    /// For what keeps runs alive and must not wait behind a burst of the others.
    vital: Line,
    connect: PgConnectOptions,
}

impl PostgresStore {
    pub(super) fn new(turns: Line, vital: Line, connect: PgConnectOptions) -> Self {
        Self { turns, vital, connect }
    }

    /// Nudges between the replicas that share this store's schema. It listens on a connection of its own, until it is dropped.
    pub fn signal(&self, spawn: &dyn Spawn, randomness: &dyn Randomness) -> PostgresSignal {
        PostgresSignal::new(self.vital.clone(), self.connect.clone(), spawn, randomness)
    }
}

#[async_trait]
impl Store for PostgresStore {
    async fn create(&self, config: CronConfig) -> Result<CronConfig> {
        self.turns.writing(async |on| configs::create(on, &config).await).await
    }

    async fn transact(&self, pages: Pages<'_>, busy: Busy, decide: Decide<'_>) -> Result<Vec<Page>> {
        self.turns.writing(async |on| pages::transact(on, pages, busy, decide).await).await
    }

    async fn look(&self, after: Revision, of: &[CronConfigId]) -> Result<Look> {
        self.turns.reading(async |on| look::look(on, after, of).await).await
    }

    async fn heartbeat(&self, holds: &[Hold]) -> Result<Vec<RunId>> {
        self.vital.once(async |on| finish::heartbeat(on, holds).await).await
    }

    async fn finish(&self, finishes: &[Finish]) -> Result<Vec<RunId>> {
        self.vital.once(async |on| finish::finish(on, finishes).await).await
    }

    async fn watch(&self, me: &ReplicaStatus) -> Result<Watch> {
        self.vital.writing(async |on| replicas::watch(on, me).await).await
    }

    async fn end_replica(&self, id: ReplicaId, heartbeat: i64) -> Result<bool> {
        self.vital.once(async |on| replicas::end(on, id, heartbeat).await).await
    }

    async fn drain_replica(&self, id: ReplicaId, draining: bool) -> Result<bool> {
        self.turns.once(async |on| replicas::drain(on, id, draining).await).await
    }

    async fn replicas(&self) -> Result<Vec<RegisteredReplica>> {
        self.turns.once(async |on| replicas::live(on).await).await
    }

    async fn claimed(&self, token: ClaimToken) -> Result<Vec<CronRun>> {
        self.turns.once(async |on| runs::claimed(on, token).await).await
    }

    async fn config(&self, id: CronConfigId) -> Result<Option<CronConfig>> {
        self.turns.once(async |on| configs::by_id(on, id).await).await
    }

    async fn config_named(&self, name: &JobName) -> Result<Option<CronConfig>> {
        self.turns.once(async |on| configs::by_name(on, name).await).await
    }

    async fn configs(&self, query: &ConfigQuery) -> Result<Vec<CronConfig>> {
        self.turns.once(async |on| configs::list(on, query).await).await
    }

    async fn run(&self, id: RunId) -> Result<Option<CronRun>> {
        self.turns.once(async |on| runs::by_id(on, id).await).await
    }

    async fn log(&self, id: RunId) -> Result<Option<String>> {
        self.turns.once(async |on| runs::log(on, id).await).await
    }

    async fn runs(&self, query: &RunQuery) -> Result<Vec<CronRun>> {
        self.turns.once(async |on| runs::list(on, query).await).await
    }

    async fn accounts(&self, id: CronConfigId) -> Result<Vec<Account>> {
        self.turns.reading(async |on| accounts::accounts(on, id).await).await
    }
}
