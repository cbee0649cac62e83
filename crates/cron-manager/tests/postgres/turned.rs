//! A PostgreSQL store whose server asks a hand-turned clock what time it is.

use async_trait::async_trait;
use cron_manager::{
    AuditRecord, Author, Calendar, CalendarFields, CalendarId, ClaimToken, Control, ControlFields, CronConfig,
    CronConfigId, CronRun, Hold, JobName, RegisteredReplica, ReplicaId, ReplicaStatus, Result, Revision, RunId, Token,
    TokenId,
    backends::postgres::{PostgresOptions, PostgresStore},
    contracts::{
        AuditQuery, Beat, Busy, CalendarQuery, Clock, ConfigQuery, CreateRequest, Decide, Finish, HeldOutput, Look,
        Pages, RunOutput, RunQuery, Store, VersionQuery, Watch,
    },
    domain::{
        NewToken, TokenHash,
        ledger::{Account, ConfigVersion, Page},
    },
    testing::ManualClock,
};
use jiff::Timestamp;
use sqlx::PgPool;
use tokio::sync::Mutex;

/// Shows the clock to the server before each call.
pub(crate) struct TurnedStore {
    store: PostgresStore,
    clock: ManualClock,
    pool: PgPool,
    /// What the server was shown last.
    shown: Mutex<Option<Timestamp>>,
}

impl TurnedStore {
    /// Opens a store whose schema is first in the search path of `pool`, and puts the clock in place of the server's.
    pub(crate) async fn open(options: PostgresOptions, pool: PgPool, clock: ManualClock) -> Self {
        let schema = options.schema.clone();
        let store = PostgresStore::open(options, std::sync::Arc::new(clock.clone())).await.unwrap();
        let turn = format!(
            "CREATE TABLE test_clock (now timestamptz); INSERT INTO test_clock VALUES (NULL); \
             CREATE OR REPLACE FUNCTION cron_now() RETURNS timestamptz LANGUAGE sql VOLATILE AS 'SELECT now FROM {schema}.test_clock'"
        );
        sqlx::raw_sql(sqlx::AssertSqlSafe(turn)).execute(&pool).await.unwrap();
        Self { store, clock, pool, shown: Mutex::default() }
    }

    async fn at_now(&self) -> &PostgresStore {
        let now = self.clock.now();
        let mut shown = self.shown.lock().await;
        if *shown != Some(now) {
            let show = sqlx::query("UPDATE test_clock SET now = $1::timestamptz").bind(now.to_string());
            show.execute(&self.pool).await.unwrap();
            *shown = Some(now);
        }
        &self.store
    }
}

#[async_trait]
impl Store for TurnedStore {
    fn is_shared(&self) -> bool {
        true
    }

    async fn create(&self, config: CronConfig, by: &Author) -> Result<CronConfig> {
        self.at_now().await.create(config, by).await
    }

    async fn transact(&self, pages: Pages<'_>, busy: Busy, decide: Decide<'_>) -> Result<Vec<Page>> {
        self.at_now().await.transact(pages, busy, decide).await
    }

    async fn look(&self, after: Revision, of: &[CronConfigId]) -> Result<Look> {
        self.at_now().await.look(after, of).await
    }

    async fn heartbeat(&self, holds: &[Hold]) -> Result<Vec<Beat>> {
        self.at_now().await.heartbeat(holds).await
    }

    async fn finish(&self, finishes: &[Finish]) -> Result<Vec<RunId>> {
        self.at_now().await.finish(finishes).await
    }

    async fn watch(&self, me: &ReplicaStatus) -> Result<Watch> {
        self.at_now().await.watch(me).await
    }

    async fn end_replica(&self, id: ReplicaId, heartbeat: i64) -> Result<bool> {
        self.at_now().await.end_replica(id, heartbeat).await
    }

    async fn drain_replica(&self, id: ReplicaId, draining: bool, by: &Author) -> Result<bool> {
        self.at_now().await.drain_replica(id, draining, by).await
    }

    async fn replicas(&self) -> Result<Vec<RegisteredReplica>> {
        self.at_now().await.replicas().await
    }

    async fn claimed(&self, token: ClaimToken) -> Result<Vec<CronRun>> {
        self.at_now().await.claimed(token).await
    }

    async fn config(&self, id: CronConfigId) -> Result<Option<CronConfig>> {
        self.at_now().await.config(id).await
    }

    async fn config_named(&self, name: &JobName) -> Result<Option<CronConfig>> {
        self.at_now().await.config_named(name).await
    }

    async fn configs(&self, query: &ConfigQuery) -> Result<Vec<CronConfig>> {
        self.at_now().await.configs(query).await
    }

    async fn run(&self, id: RunId) -> Result<Option<CronRun>> {
        self.at_now().await.run(id).await
    }

    async fn log(&self, id: RunId) -> Result<Option<String>> {
        self.at_now().await.log(id).await
    }

    async fn keep_output(&self, outputs: &[HeldOutput]) -> Result<()> {
        self.at_now().await.keep_output(outputs).await
    }

    async fn output(&self, id: RunId, from: u64) -> Result<RunOutput> {
        self.at_now().await.output(id, from).await
    }

    async fn runs_after(&self, after: RunId, limit: usize, ids: &[RunId]) -> Result<Vec<CronRun>> {
        self.at_now().await.runs_after(after, limit, ids).await
    }

    async fn runs(&self, query: &RunQuery) -> Result<Vec<CronRun>> {
        self.at_now().await.runs(query).await
    }

    async fn accounts(&self, id: CronConfigId) -> Result<Vec<Account>> {
        self.at_now().await.accounts(id).await
    }

    async fn create_token(&self, token: &NewToken, by: &Author) -> Result<Token> {
        self.at_now().await.create_token(token, by).await
    }

    async fn revoke_token(&self, id: TokenId, by: &Author) -> Result<Option<Token>> {
        self.at_now().await.revoke_token(id, by).await
    }

    async fn tokens(&self) -> Result<Vec<Token>> {
        self.at_now().await.tokens().await
    }

    async fn live_token(&self, id: TokenId) -> Result<Option<(Token, TokenHash)>> {
        self.at_now().await.live_token(id).await
    }

    async fn has_live_token(&self) -> Result<bool> {
        self.at_now().await.has_live_token().await
    }

    async fn audit(&self, query: &AuditQuery) -> Result<Vec<AuditRecord>> {
        self.at_now().await.audit(query).await
    }

    async fn requested(&self, request_ids: &[String]) -> Result<Vec<CronRun>> {
        self.at_now().await.requested(request_ids).await
    }

    async fn create_once(&self, config: CronConfig, request: &CreateRequest, by: &Author) -> Result<CronConfig> {
        self.at_now().await.create_once(config, request, by).await
    }

    async fn versions(&self, id: CronConfigId, query: &VersionQuery) -> Result<Vec<ConfigVersion>> {
        self.at_now().await.versions(id, query).await
    }

    async fn control(&self) -> Result<Control> {
        self.at_now().await.control().await
    }

    async fn update_control(&self, fields: &ControlFields, if_version: Option<i64>, by: &Author) -> Result<Control> {
        self.at_now().await.update_control(fields, if_version, by).await
    }

    async fn create_calendar(&self, calendar: Calendar, by: &Author) -> Result<Calendar> {
        self.at_now().await.create_calendar(calendar, by).await
    }

    async fn update_calendar(
        &self,
        id: CalendarId,
        fields: &CalendarFields,
        if_version: Option<i64>,
        by: &Author,
    ) -> Result<Option<Calendar>> {
        self.at_now().await.update_calendar(id, fields, if_version, by).await
    }

    async fn delete_calendar(&self, id: CalendarId, if_version: Option<i64>, by: &Author) -> Result<Option<Calendar>> {
        self.at_now().await.delete_calendar(id, if_version, by).await
    }

    async fn calendar(&self, id: CalendarId) -> Result<Option<Calendar>> {
        self.at_now().await.calendar(id).await
    }

    async fn calendars(&self, query: &CalendarQuery) -> Result<Vec<Calendar>> {
        self.at_now().await.calendars(query).await
    }
}
