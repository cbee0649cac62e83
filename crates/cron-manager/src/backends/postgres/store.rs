//! The store.

use async_trait::async_trait;
use sqlx::postgres::PgConnectOptions;

use super::{
    accounts, audit, calendars, configs, control, finish, line::Line, look, output, pages, replicas, runs,
    signal::PostgresSignal, tokens,
};
use crate::{
    AuditRecord, Author, Calendar, CalendarFields, CalendarId, ClaimToken, Control, ControlFields, CronConfig,
    CronConfigId, CronRun, Hold, JobName, RegisteredReplica, ReplicaId, ReplicaStatus, Result, Revision, RunId,
    RunOutput, Token, TokenId,
    contracts::{
        AuditQuery, Beat, Busy, CalendarQuery, ConfigQuery, CreateRequest, Decide, Finish, HeldOutput, Home, Look,
        Pages, Randomness, RunQuery, Spawn, Store, VersionQuery, Watch,
    },
    domain::{
        NewToken, TokenHash,
        ledger::{Account, ConfigVersion, Page},
    },
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
    home: Home,
}

impl PostgresStore {
    pub(super) fn new(turns: Line, vital: Line, connect: PgConnectOptions, home: Home) -> Self {
        Self { turns, vital, connect, home }
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

    fn home(&self) -> Option<&Home> {
        Some(&self.home)
    }

    async fn create(&self, config: CronConfig, by: &Author) -> Result<CronConfig> {
        let config = &config;
        self.turns.writing(move |mut on| async move { (configs::create(&mut on, config, by).await, on) }).await
    }

    async fn transact(&self, pages: Pages<'_>, busy: Busy, decide: Decide<'_>) -> Result<Vec<Page>> {
        let decide = move |mut on| async move { (pages::transact(&mut on, pages, busy, decide).await, on) };
        let of = match pages {
            Pages::Of(ids) => ids.len(),
            Pages::AllOf(ids) => ids.len(),
        };
        if of > 1 { self.turns.writing(decide).await } else { self.turns.writing_little(decide).await }
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

    async fn drain_replica(&self, id: ReplicaId, draining: bool, by: &Author) -> Result<bool> {
        self.turns.writing(move |mut on| async move { (replicas::drain(&mut on, id, draining, by).await, on) }).await
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
        self.turns.once(move |mut on| async move { (output::log(&mut on, id).await, on) }).await
    }

    async fn keep_output(&self, outputs: &[HeldOutput]) -> Result<()> {
        self.turns.once(move |mut on| async move { (output::keep(&mut on, outputs).await, on) }).await
    }

    async fn output(&self, id: RunId, from: u64) -> Result<RunOutput> {
        self.turns.once(move |mut on| async move { (output::after(&mut on, id, from).await, on) }).await
    }

    async fn runs_after(&self, after: RunId, limit: usize, ids: &[RunId]) -> Result<Vec<CronRun>> {
        self.turns.once(move |mut on| async move { (runs::after(&mut on, after, limit, ids).await, on) }).await
    }

    async fn runs(&self, query: &RunQuery) -> Result<Vec<CronRun>> {
        self.turns.once(move |mut on| async move { (runs::list(&mut on, query).await, on) }).await
    }

    async fn accounts(&self, id: CronConfigId) -> Result<Vec<Account>> {
        self.turns.reading(move |mut on| async move { (accounts::accounts(&mut on, id).await, on) }).await
    }

    async fn create_token(&self, token: &NewToken, by: &Author) -> Result<Token> {
        self.turns.writing(move |mut on| async move { (tokens::create(&mut on, token, by).await, on) }).await
    }

    async fn revoke_token(&self, id: TokenId, by: &Author) -> Result<Option<Token>> {
        self.turns.writing(move |mut on| async move { (tokens::revoke(&mut on, id, by).await, on) }).await
    }

    async fn tokens(&self) -> Result<Vec<Token>> {
        self.turns.once(move |mut on| async move { (tokens::all(&mut on).await, on) }).await
    }

    async fn live_token(&self, id: TokenId) -> Result<Option<(Token, TokenHash)>> {
        self.turns.once(move |mut on| async move { (tokens::live(&mut on, id).await, on) }).await
    }

    async fn has_live_token(&self) -> Result<bool> {
        self.turns.once(move |mut on| async move { (tokens::has_live(&mut on).await, on) }).await
    }

    async fn audit(&self, query: &AuditQuery) -> Result<Vec<AuditRecord>> {
        self.turns.once(move |mut on| async move { (audit::list(&mut on, query).await, on) }).await
    }

    async fn requested(&self, request_ids: &[String]) -> Result<Vec<CronRun>> {
        self.turns.once(move |mut on| async move { (runs::requested(&mut on, request_ids).await, on) }).await
    }

    async fn create_once(&self, config: CronConfig, request: &CreateRequest, by: &Author) -> Result<CronConfig> {
        let config = &config;
        let create = move |mut on| async move { (configs::create_once(&mut on, config, request, by).await, on) };
        self.turns.writing(create).await
    }

    async fn versions(&self, id: CronConfigId, query: &VersionQuery) -> Result<Vec<ConfigVersion>> {
        self.turns.once(move |mut on| async move { (accounts::versions(&mut on, id, query).await, on) }).await
    }

    async fn control(&self) -> Result<Control> {
        self.turns.once(move |mut on| async move { (control::read(&mut on).await, on) }).await
    }

    async fn update_control(&self, fields: &ControlFields, if_version: Option<i64>, by: &Author) -> Result<Control> {
        let update = move |mut on| async move { (control::update(&mut on, fields, if_version, by).await, on) };
        self.turns.writing(update).await
    }

    async fn create_calendar(&self, calendar: Calendar, by: &Author) -> Result<Calendar> {
        let calendar = &calendar;
        self.turns.writing(move |mut on| async move { (calendars::create(&mut on, calendar, by).await, on) }).await
    }

    async fn update_calendar(
        &self,
        id: CalendarId,
        fields: &CalendarFields,
        if_version: Option<i64>,
        by: &Author,
    ) -> Result<Option<Calendar>> {
        let update = move |mut on| async move { (calendars::update(&mut on, id, fields, if_version, by).await, on) };
        self.turns.writing(update).await
    }

    async fn delete_calendar(&self, id: CalendarId, if_version: Option<i64>, by: &Author) -> Result<Option<Calendar>> {
        self.turns
            .writing(move |mut on| async move { (calendars::delete(&mut on, id, if_version, by).await, on) })
            .await
    }

    async fn calendar(&self, id: CalendarId) -> Result<Option<Calendar>> {
        self.turns.once(move |mut on| async move { (calendars::by_id(&mut on, id).await, on) }).await
    }

    async fn calendars(&self, query: &CalendarQuery) -> Result<Vec<Calendar>> {
        self.turns.once(move |mut on| async move { (calendars::list(&mut on, query).await, on) }).await
    }
}
