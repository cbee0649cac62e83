//! The store.

use async_trait::async_trait;
use sqlx::postgres::PgConnectOptions;

use super::{accounts, configs, control, finish, line::Line, look, pages, replicas, runs, signal::PostgresSignal};
use crate::{
    ClaimToken, Control, ControlFields, CronConfig, CronConfigId, CronRun, Hold, JobName, RegisteredReplica, ReplicaId,
    ReplicaStatus, Result, Revision, RunId,
    contracts::{
        Beat, Busy, ConfigQuery, CreateRequest, Decide, Finish, Look, Pages, Randomness, RunQuery, Spawn, Store,
        VersionQuery, Watch,
    },
    domain::ledger::{Account, ConfigVersion, Page},
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
    fn is_shared(&self) -> bool {
        true
    }

    async fn create(&self, config: CronConfig) -> Result<CronConfig> {
        let config = &config;
        self.turns.writing(move |mut on| async move { (configs::create(&mut on, config).await, on) }).await
    }

    async fn transact(&self, pages: Pages<'_>, busy: Busy, decide: Decide<'_>) -> Result<Vec<Page>> {
        self.turns.writing(move |mut on| async move { (pages::transact(&mut on, pages, busy, decide).await, on) }).await
    }

    async fn look(&self, after: Revision, of: &[CronConfigId]) -> Result<Look> {
        self.turns.reading(move |mut on| async move { (look::look(&mut on, after, of).await, on) }).await
    }

    async fn heartbeat(&self, holds: &[Hold]) -> Result<Vec<Beat>> {
        self.vital.once(move |mut on| async move { (finish::heartbeat(&mut on, holds).await, on) }).await
    }

    async fn finish(&self, finishes: &[Finish]) -> Result<Vec<RunId>> {
        self.vital.once(move |mut on| async move { (finish::finish(&mut on, finishes).await, on) }).await
    }

    async fn watch(&self, me: &ReplicaStatus) -> Result<Watch> {
        self.vital.writing(move |mut on| async move { (replicas::watch(&mut on, me).await, on) }).await
    }

    async fn end_replica(&self, id: ReplicaId, heartbeat: i64) -> Result<bool> {
        self.vital.once(move |mut on| async move { (replicas::end(&mut on, id, heartbeat).await, on) }).await
    }

    async fn drain_replica(&self, id: ReplicaId, draining: bool) -> Result<bool> {
        self.turns.once(move |mut on| async move { (replicas::drain(&mut on, id, draining).await, on) }).await
    }

    async fn replicas(&self) -> Result<Vec<RegisteredReplica>> {
        self.turns.once(move |mut on| async move { (replicas::live(&mut on).await, on) }).await
    }

    async fn claimed(&self, token: ClaimToken) -> Result<Vec<CronRun>> {
        self.turns.once(move |mut on| async move { (runs::claimed(&mut on, token).await, on) }).await
    }

    async fn config(&self, id: CronConfigId) -> Result<Option<CronConfig>> {
        self.turns.once(move |mut on| async move { (configs::by_id(&mut on, id).await, on) }).await
    }

    async fn config_named(&self, name: &JobName) -> Result<Option<CronConfig>> {
        self.turns.once(move |mut on| async move { (configs::by_name(&mut on, name).await, on) }).await
    }

    async fn configs(&self, query: &ConfigQuery) -> Result<Vec<CronConfig>> {
        self.turns.once(move |mut on| async move { (configs::list(&mut on, query).await, on) }).await
    }

    async fn run(&self, id: RunId) -> Result<Option<CronRun>> {
        self.turns.once(move |mut on| async move { (runs::by_id(&mut on, id).await, on) }).await
    }

    async fn log(&self, id: RunId) -> Result<Option<String>> {
        self.turns.once(move |mut on| async move { (runs::log(&mut on, id).await, on) }).await
    }

    async fn runs(&self, query: &RunQuery) -> Result<Vec<CronRun>> {
        self.turns.once(move |mut on| async move { (runs::list(&mut on, query).await, on) }).await
    }

    async fn accounts(&self, id: CronConfigId) -> Result<Vec<Account>> {
        self.turns.reading(move |mut on| async move { (accounts::accounts(&mut on, id).await, on) }).await
    }

    async fn requested(&self, request_ids: &[String]) -> Result<Vec<CronRun>> {
        self.turns.once(move |mut on| async move { (runs::requested(&mut on, request_ids).await, on) }).await
    }

    async fn create_once(&self, config: CronConfig, request: &CreateRequest) -> Result<CronConfig> {
        let config = &config;
        let create = move |mut on| async move { (configs::create_once(&mut on, config, request).await, on) };
        self.turns.writing(create).await
    }

    async fn versions(&self, id: CronConfigId, query: &VersionQuery) -> Result<Vec<ConfigVersion>> {
        self.turns.once(move |mut on| async move { (accounts::versions(&mut on, id, query).await, on) }).await
    }

    async fn control(&self) -> Result<Control> {
        self.turns.once(move |mut on| async move { (control::read(&mut on).await, on) }).await
    }

    async fn update_control(&self, fields: &ControlFields, if_version: Option<i64>) -> Result<Control> {
        let update = move |mut on| async move { (control::update(&mut on, fields, if_version).await, on) };
        self.turns.writing(update).await
    }
}
