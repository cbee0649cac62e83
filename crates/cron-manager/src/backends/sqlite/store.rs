//! The store.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::{SqliteConnection, SqlitePool};
use tokio::sync::Mutex;

use super::{
    accounts, audit, calendars, configs, control, error::from_sqlx, output, pages, replicas, requests, runs, tokens,
    writer::Writer,
};
use crate::{
    AuditRecord, Author, Calendar, CalendarFields, CalendarId, ClaimToken, Control, ControlFields, CronConfig,
    CronConfigId, CronRun, Error, ErrorKind, Hold, JobName, RegisteredReplica, ReplicaId, ReplicaStatus, Result,
    Revision, RunId, RunOutput, Token, TokenId,
    contracts::{
        AuditQuery, Beat, Busy, CalendarQuery, Clock, ConfigQuery, CreateRequest, Decide, Finish, HeldOutput, Look,
        Pages, RunQuery, Store, VersionQuery, Watch,
    },
    domain::{
        NewToken, TokenHash,
        ledger::{Account, ConfigVersion, Page},
    },
};

/// A store in one SQLite file, for one process.
///
/// ```
/// use std::sync::Arc;
/// use cron_manager::{CronManager, backends::{sqlite::SqliteStore, system::SystemClock}};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> cron_manager::Result<()> {
/// # let folder = std::env::temp_dir().join(format!("cron-manager-doc-{}", std::process::id()));
/// # let path = folder.join("cron.db");
/// let store = SqliteStore::open(path, Arc::new(SystemClock)).await?;
/// let manager = CronManager::builder().store(Arc::new(store)).build().await?;
/// # std::fs::remove_dir_all(folder).ok();
/// # Ok(())
/// # }
/// ```
pub struct SqliteStore {
    clock: Arc<dyn Clock>,
    /// The newest instant given out, in microseconds.
    last: AtomicI64,
    readers: SqlitePool,
    /// None: opened to read.
    writer: Option<Mutex<Writer>>,
}

impl SqliteStore {
    pub(super) fn new(clock: Arc<dyn Clock>, readers: SqlitePool, writer: Option<Writer>) -> Self {
        Self { clock, last: AtomicI64::new(i64::MIN), readers, writer: writer.map(Mutex::new) }
    }

    /// Now, as precise as a column keeps it, and never before an instant given out earlier.
    pub(super) fn now(&self) -> Timestamp {
        let now = self.clock.now();
        let last = self.last.fetch_max(now.as_microsecond(), Ordering::AcqRel);
        Timestamp::from_microsecond(now.as_microsecond().max(last)).unwrap_or(now)
    }

    /// Does `work` in a transaction, alone.
    pub(super) async fn write<T, F>(&self, work: F) -> Result<T>
    where
        F: AsyncFnOnce(&mut SqliteConnection) -> Result<T>,
    {
        let read_only = || Error::new(ErrorKind::FailedPrecondition, "the store was opened to read, not to write");
        self.writer.as_ref().ok_or_else(read_only)?.lock().await.transaction(work).await
    }
}

#[async_trait]
impl Store for SqliteStore {
    fn is_shared(&self) -> bool {
        false
    }

    async fn create(&self, config: CronConfig, by: &Author) -> Result<CronConfig> {
        self.write(async |on| configs::create(on, config, by, self.now()).await).await
    }

    async fn transact(&self, pages: Pages<'_>, _busy: Busy, decide: Decide<'_>) -> Result<Vec<Page>> {
        self.write(async |on| pages::transact(on, pages, self.now(), decide).await).await
    }

    async fn look(&self, after: Revision, of: &[CronConfigId]) -> Result<Look> {
        let mut reading = self.readers.begin().await.map_err(from_sqlx)?;
        let revision = configs::revision(&mut reading).await?;
        let changed = configs::changed(&mut reading, after).await?;
        let waiting = runs::waiting(&mut *reading).await?;
        let watermarks = if of.is_empty() { Vec::new() } else { configs::watermarks(&mut reading, of).await? };
        let draining = replicas::draining(&mut reading).await?;
        let control = control::read(&mut *reading).await?;
        let cancelling = runs::cancelling(&mut *reading).await?;
        Ok(Look { now: self.now(), revision, changed, waiting, watermarks, draining, control, cancelling })
    }

    async fn heartbeat(&self, holds: &[Hold]) -> Result<Vec<Beat>> {
        self.write(async |on| runs::heartbeat(on, holds).await).await
    }

    async fn finish(&self, finishes: &[Finish]) -> Result<Vec<RunId>> {
        self.write(async |on| runs::finish(on, finishes, self.now()).await).await
    }

    async fn watch(&self, me: &ReplicaStatus) -> Result<Watch> {
        self.write(async |on| {
            let now = self.now();
            replicas::watch(on, me, now).await?;
            let replicas = replicas::live(&mut *on).await?;
            let store_id = replicas::store_id(&mut *on).await?;
            Ok(Watch { store_id, now, replicas, running: runs::running(on).await? })
        })
        .await
    }

    async fn end_replica(&self, id: ReplicaId, heartbeat: i64) -> Result<bool> {
        self.write(async |on| replicas::end(on, id, heartbeat, self.now()).await).await
    }

    async fn drain_replica(&self, id: ReplicaId, draining: bool, by: &Author) -> Result<bool> {
        self.write(async |on| {
            let changed = replicas::drain(on, id, draining).await?;
            let record = changed.filter(|changed| *changed).map(|_| AuditRecord::drained(id, draining, by));
            audit::add(on, Vec::from_iter(record), self.now()).await?;
            Ok(changed.is_some())
        })
        .await
    }

    async fn replicas(&self) -> Result<Vec<RegisteredReplica>> {
        replicas::live(&self.readers).await
    }

    async fn claimed(&self, token: ClaimToken) -> Result<Vec<CronRun>> {
        runs::claimed(&self.readers, token).await
    }

    async fn config(&self, id: CronConfigId) -> Result<Option<CronConfig>> {
        configs::by_id(&self.readers, id).await
    }

    async fn config_named(&self, name: &JobName) -> Result<Option<CronConfig>> {
        configs::by_name(&self.readers, name).await
    }

    async fn configs(&self, query: &ConfigQuery) -> Result<Vec<CronConfig>> {
        configs::list(&self.readers, query).await
    }

    async fn run(&self, id: RunId) -> Result<Option<CronRun>> {
        runs::by_id(&self.readers, id).await
    }

    async fn log(&self, id: RunId) -> Result<Option<String>> {
        output::log(&self.readers, id).await
    }

    async fn keep_output(&self, outputs: &[HeldOutput]) -> Result<()> {
        self.write(async |on| output::keep(on, outputs).await).await
    }

    async fn output(&self, id: RunId, from: u64) -> Result<RunOutput> {
        output::after(&self.readers, id, from).await
    }

    async fn runs_after(&self, after: RunId, limit: usize, ids: &[RunId]) -> Result<Vec<CronRun>> {
        runs::after(&self.readers, after, limit, ids).await
    }

    async fn runs(&self, query: &RunQuery) -> Result<Vec<CronRun>> {
        runs::list(&self.readers, query).await
    }

    async fn accounts(&self, id: CronConfigId) -> Result<Vec<Account>> {
        let mut reading = self.readers.begin().await.map_err(from_sqlx)?;
        accounts::of(&mut reading, id).await
    }

    async fn create_token(&self, token: &NewToken, by: &Author) -> Result<Token> {
        self.write(async |on| {
            let now = self.now();
            let token = tokens::create(on, token, now).await?;
            audit::add(on, vec![AuditRecord::token_created(&token, by)], now).await?;
            Ok(token)
        })
        .await
    }

    async fn revoke_token(&self, id: TokenId, by: &Author) -> Result<Option<Token>> {
        self.write(async |on| {
            let now = self.now();
            let Some((token, is_new)) = tokens::revoke(on, id, now).await? else { return Ok(None) };
            let record = is_new.then(|| AuditRecord::token_revoked(&token, by));
            audit::add(on, Vec::from_iter(record), now).await?;
            Ok(Some(token))
        })
        .await
    }

    async fn tokens(&self) -> Result<Vec<Token>> {
        tokens::all(&self.readers).await
    }

    async fn live_token(&self, id: TokenId) -> Result<Option<(Token, TokenHash)>> {
        tokens::live(&self.readers, id, self.now()).await
    }

    async fn has_live_token(&self) -> Result<bool> {
        tokens::has_live(&self.readers, self.now()).await
    }

    async fn audit(&self, query: &AuditQuery) -> Result<Vec<AuditRecord>> {
        audit::list(&self.readers, query).await
    }

    async fn requested(&self, request_ids: &[String]) -> Result<Vec<CronRun>> {
        runs::requested(&self.readers, request_ids).await
    }

    async fn create_once(&self, config: CronConfig, request: &CreateRequest, by: &Author) -> Result<CronConfig> {
        self.write(async |on| requests::create_once(on, config, request, by, self.now()).await).await
    }

    async fn versions(&self, id: CronConfigId, query: &VersionQuery) -> Result<Vec<ConfigVersion>> {
        accounts::versions(&self.readers, id, query).await
    }

    async fn control(&self) -> Result<Control> {
        control::read(&self.readers).await
    }

    async fn update_control(&self, fields: &ControlFields, if_version: Option<i64>, by: &Author) -> Result<Control> {
        self.write(async |on| control::update(on, fields, if_version, by, self.now()).await).await
    }

    async fn create_calendar(&self, calendar: Calendar, by: &Author) -> Result<Calendar> {
        self.write(async |on| calendars::create(on, calendar, by, self.now()).await).await
    }

    async fn update_calendar(
        &self,
        id: CalendarId,
        fields: &CalendarFields,
        if_version: Option<i64>,
        by: &Author,
    ) -> Result<Option<Calendar>> {
        self.write(async |on| calendars::update(on, id, fields, if_version, by, self.now()).await).await
    }

    async fn delete_calendar(&self, id: CalendarId, if_version: Option<i64>, by: &Author) -> Result<Option<Calendar>> {
        self.write(async |on| calendars::delete(on, id, if_version, by, self.now()).await).await
    }

    async fn calendar(&self, id: CalendarId) -> Result<Option<Calendar>> {
        calendars::by_id(&self.readers, id).await
    }

    async fn calendars(&self, query: &CalendarQuery) -> Result<Vec<Calendar>> {
        calendars::list(&self.readers, query).await
    }
}
