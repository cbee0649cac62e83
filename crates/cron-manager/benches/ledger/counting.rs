//! A store that counts how often it is called.

use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use cron_manager::{
    AuditRecord, Author, Calendar, CalendarFields, CalendarId, ClaimToken, Control, ControlFields, CronConfig,
    CronConfigId, CronRun, Hold, JobName, RegisteredReplica, ReplicaId, ReplicaStatus, Result, Revision, RunId, Token,
    TokenId,
    contracts::{
        AuditQuery, Beat, Busy, CalendarQuery, ConfigQuery, CreateRequest, Decide, Finish, HeldOutput, Look, Pages,
        RunOutput, RunQuery, Store, VersionQuery, Watch,
    },
    domain::{
        NewToken, TokenHash,
        ledger::{Account, ConfigVersion, Page},
    },
};

pub(crate) struct CountingStore<S> {
    store: S,
    calls: AtomicU64,
}

impl<S> CountingStore<S> {
    pub(crate) fn new(store: S) -> Self {
        Self { store, calls: AtomicU64::new(0) }
    }

    pub(crate) fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    fn counted(&self) -> &S {
        self.calls.fetch_add(1, Ordering::Relaxed);
        &self.store
    }
}

#[async_trait]
impl<S: Store> Store for CountingStore<S> {
    fn is_shared(&self) -> bool {
        self.store.is_shared()
    }

    async fn create(&self, config: CronConfig, by: &Author) -> Result<CronConfig> {
        self.counted().create(config, by).await
    }

    async fn transact(&self, pages: Pages<'_>, busy: Busy, decide: Decide<'_>) -> Result<Vec<Page>> {
        self.counted().transact(pages, busy, decide).await
    }

    async fn look(&self, after: Revision, of: &[CronConfigId]) -> Result<Look> {
        self.counted().look(after, of).await
    }

    async fn heartbeat(&self, holds: &[Hold]) -> Result<Vec<Beat>> {
        self.counted().heartbeat(holds).await
    }

    async fn finish(&self, finishes: &[Finish]) -> Result<Vec<RunId>> {
        self.counted().finish(finishes).await
    }

    async fn watch(&self, me: &ReplicaStatus) -> Result<Watch> {
        self.counted().watch(me).await
    }

    async fn end_replica(&self, id: ReplicaId, heartbeat: i64) -> Result<bool> {
        self.counted().end_replica(id, heartbeat).await
    }

    async fn drain_replica(&self, id: ReplicaId, draining: bool, by: &Author) -> Result<bool> {
        self.counted().drain_replica(id, draining, by).await
    }

    async fn replicas(&self) -> Result<Vec<RegisteredReplica>> {
        self.counted().replicas().await
    }

    async fn claimed(&self, token: ClaimToken) -> Result<Vec<CronRun>> {
        self.counted().claimed(token).await
    }

    async fn config(&self, id: CronConfigId) -> Result<Option<CronConfig>> {
        self.counted().config(id).await
    }

    async fn config_named(&self, name: &JobName) -> Result<Option<CronConfig>> {
        self.counted().config_named(name).await
    }

    async fn configs(&self, query: &ConfigQuery) -> Result<Vec<CronConfig>> {
        self.counted().configs(query).await
    }

    async fn run(&self, id: RunId) -> Result<Option<CronRun>> {
        self.counted().run(id).await
    }

    async fn log(&self, id: RunId) -> Result<Option<String>> {
        self.counted().log(id).await
    }

    async fn keep_output(&self, outputs: &[HeldOutput]) -> Result<()> {
        self.counted().keep_output(outputs).await
    }

    async fn output(&self, id: RunId, from: u64) -> Result<RunOutput> {
        self.counted().output(id, from).await
    }

    async fn runs_after(&self, after: RunId, limit: usize, ids: &[RunId]) -> Result<Vec<CronRun>> {
        self.counted().runs_after(after, limit, ids).await
    }

    async fn runs(&self, query: &RunQuery) -> Result<Vec<CronRun>> {
        self.counted().runs(query).await
    }

    async fn accounts(&self, id: CronConfigId) -> Result<Vec<Account>> {
        self.counted().accounts(id).await
    }

    async fn create_token(&self, token: &NewToken, by: &Author) -> Result<Token> {
        self.counted().create_token(token, by).await
    }

    async fn revoke_token(&self, id: TokenId, by: &Author) -> Result<Option<Token>> {
        self.counted().revoke_token(id, by).await
    }

    async fn tokens(&self) -> Result<Vec<Token>> {
        self.counted().tokens().await
    }

    async fn live_token(&self, id: TokenId) -> Result<Option<(Token, TokenHash)>> {
        self.counted().live_token(id).await
    }

    async fn has_live_token(&self) -> Result<bool> {
        self.counted().has_live_token().await
    }

    async fn audit(&self, query: &AuditQuery) -> Result<Vec<AuditRecord>> {
        self.counted().audit(query).await
    }

    async fn requested(&self, request_ids: &[String]) -> Result<Vec<CronRun>> {
        self.counted().requested(request_ids).await
    }

    async fn create_once(&self, config: CronConfig, request: &CreateRequest, by: &Author) -> Result<CronConfig> {
        self.counted().create_once(config, request, by).await
    }

    async fn versions(&self, id: CronConfigId, query: &VersionQuery) -> Result<Vec<ConfigVersion>> {
        self.counted().versions(id, query).await
    }

    async fn control(&self) -> Result<Control> {
        self.counted().control().await
    }

    async fn update_control(&self, fields: &ControlFields, if_version: Option<i64>, by: &Author) -> Result<Control> {
        self.counted().update_control(fields, if_version, by).await
    }

    async fn create_calendar(&self, calendar: Calendar, by: &Author) -> Result<Calendar> {
        self.counted().create_calendar(calendar, by).await
    }

    async fn update_calendar(
        &self,
        id: CalendarId,
        fields: &CalendarFields,
        if_version: Option<i64>,
        by: &Author,
    ) -> Result<Option<Calendar>> {
        self.counted().update_calendar(id, fields, if_version, by).await
    }

    async fn delete_calendar(&self, id: CalendarId, if_version: Option<i64>, by: &Author) -> Result<Option<Calendar>> {
        self.counted().delete_calendar(id, if_version, by).await
    }

    async fn calendar(&self, id: CalendarId) -> Result<Option<Calendar>> {
        self.counted().calendar(id).await
    }

    async fn calendars(&self, query: &CalendarQuery) -> Result<Vec<Calendar>> {
        self.counted().calendars(query).await
    }
}
