//! A replica's way to the store, with faults.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use cron_manager::{
    AuditRecord, Author, Calendar, CalendarFields, CalendarId, ClaimToken, Control, ControlFields, CronConfig,
    CronConfigId, CronRun, Error, Hold, JobName, RegisteredReplica, ReplicaId, ReplicaStatus, Result, Revision, RunId,
    Token, TokenId,
    contracts::{
        AuditQuery, Beat, Busy, CalendarQuery, Clock, ConfigQuery, CreateRequest, Decide, Finish, HeldOutput, Look,
        Pages, RunOutput, RunQuery, Store, VersionQuery, Watch,
    },
    domain::{
        NewToken, TokenHash,
        ledger::{Account, ConfigVersion, Page},
    },
};
use parking_lot::Mutex;

use crate::{executor::SimClock, judged::JudgedStore, random::Random};

/// How likely a call goes wrong, and until when the replica is cut off.
#[derive(Clone, Copy, Default)]
pub(crate) struct Faults {
    pub(crate) before: f64,
    pub(crate) after: f64,
    pub(crate) slow: f64,
    pub(crate) cut_off_until: Duration,
    /// When something last went wrong.
    pub(crate) last_trouble: Duration,
}

impl Faults {
    pub(crate) fn trouble_until(&mut self, until: Duration) {
        self.last_trouble = self.last_trouble.max(until);
    }
}

/// The store as one replica reaches it.
pub(crate) struct FaultyStore {
    pub(crate) store: Arc<JudgedStore>,
    pub(crate) clock: SimClock,
    pub(crate) random: Random,
    pub(crate) faults: Arc<Mutex<Faults>>,
}

impl FaultyStore {
    async fn call<T>(&self, call: impl Future<Output = Result<T>> + Send) -> Result<T> {
        self.travel().await;
        let faults = *self.faults.lock();
        if self.cut_off() || self.random.chance(faults.before) {
            return Err(self.fail("simulated: failed before it was done"));
        }
        let answer = call.await;
        self.travel().await;
        if self.cut_off() || self.random.chance(faults.after) {
            return Err(self.fail("simulated: done, and the answer was lost"));
        }
        answer
    }

    fn fail(&self, what: &str) -> Error {
        self.faults.lock().trouble_until(self.clock.executor.now());
        Error::unavailable(what)
    }

    fn cut_off(&self) -> bool {
        self.clock.executor.now() < self.faults.lock().cut_off_until
    }

    async fn travel(&self) {
        let slow = self.random.chance(self.faults.lock().slow);
        let delay = if slow { self.random.millis(500..8_000) } else { Duration::from_micros(self.random.below(3_000)) };
        if slow {
            self.faults.lock().trouble_until(self.clock.executor.now() + delay);
        }
        self.clock.sleep_until(self.clock.elapsed() + delay).await;
    }
}

#[async_trait]
impl Store for FaultyStore {
    fn is_shared(&self) -> bool {
        true
    }

    async fn create(&self, config: CronConfig, by: &Author) -> Result<CronConfig> {
        self.call(self.store.create(config, by)).await
    }

    async fn transact(&self, pages: Pages<'_>, busy: Busy, decide: Decide<'_>) -> Result<Vec<Page>> {
        self.call(self.store.transact(pages, busy, decide)).await
    }

    async fn look(&self, after: Revision, of: &[CronConfigId]) -> Result<Look> {
        self.call(self.store.look(after, of)).await
    }

    async fn heartbeat(&self, holds: &[Hold]) -> Result<Vec<Beat>> {
        self.call(self.store.heartbeat(holds)).await
    }

    async fn finish(&self, finishes: &[Finish]) -> Result<Vec<RunId>> {
        self.call(self.store.finish(finishes)).await
    }

    async fn watch(&self, me: &ReplicaStatus) -> Result<Watch> {
        self.call(self.store.watch(me)).await
    }

    async fn end_replica(&self, id: ReplicaId, heartbeat: i64) -> Result<bool> {
        self.call(self.store.end_replica(id, heartbeat)).await
    }

    async fn drain_replica(&self, id: ReplicaId, draining: bool, by: &Author) -> Result<bool> {
        self.call(self.store.drain_replica(id, draining, by)).await
    }

    async fn replicas(&self) -> Result<Vec<RegisteredReplica>> {
        self.call(self.store.replicas()).await
    }

    async fn claimed(&self, token: ClaimToken) -> Result<Vec<CronRun>> {
        self.call(self.store.claimed(token)).await
    }

    async fn config(&self, id: CronConfigId) -> Result<Option<CronConfig>> {
        self.call(self.store.config(id)).await
    }

    async fn config_named(&self, name: &JobName) -> Result<Option<CronConfig>> {
        self.call(self.store.config_named(name)).await
    }

    async fn configs(&self, query: &ConfigQuery) -> Result<Vec<CronConfig>> {
        self.call(self.store.configs(query)).await
    }

    async fn run(&self, id: RunId) -> Result<Option<CronRun>> {
        self.call(self.store.run(id)).await
    }

    async fn log(&self, id: RunId) -> Result<Option<String>> {
        self.call(self.store.log(id)).await
    }

    async fn keep_output(&self, outputs: &[HeldOutput]) -> Result<()> {
        self.call(self.store.keep_output(outputs)).await
    }

    async fn output(&self, id: RunId, from: u64) -> Result<RunOutput> {
        self.call(self.store.output(id, from)).await
    }

    async fn runs_after(&self, after: RunId, limit: usize, ids: &[RunId]) -> Result<Vec<CronRun>> {
        self.call(self.store.runs_after(after, limit, ids)).await
    }

    async fn runs(&self, query: &RunQuery) -> Result<Vec<CronRun>> {
        self.call(self.store.runs(query)).await
    }

    async fn accounts(&self, id: CronConfigId) -> Result<Vec<Account>> {
        self.call(self.store.accounts(id)).await
    }

    async fn create_token(&self, token: &NewToken, by: &Author) -> Result<Token> {
        self.call(self.store.create_token(token, by)).await
    }

    async fn revoke_token(&self, id: TokenId, by: &Author) -> Result<Option<Token>> {
        self.call(self.store.revoke_token(id, by)).await
    }

    async fn tokens(&self) -> Result<Vec<Token>> {
        self.call(self.store.tokens()).await
    }

    async fn live_token(&self, id: TokenId) -> Result<Option<(Token, TokenHash)>> {
        self.call(self.store.live_token(id)).await
    }

    async fn has_live_token(&self) -> Result<bool> {
        self.call(self.store.has_live_token()).await
    }

    async fn audit(&self, query: &AuditQuery) -> Result<Vec<AuditRecord>> {
        self.call(self.store.audit(query)).await
    }

    async fn requested(&self, request_ids: &[String]) -> Result<Vec<CronRun>> {
        self.call(self.store.requested(request_ids)).await
    }

    async fn create_once(&self, config: CronConfig, request: &CreateRequest, by: &Author) -> Result<CronConfig> {
        self.call(self.store.create_once(config, request, by)).await
    }

    async fn versions(&self, id: CronConfigId, query: &VersionQuery) -> Result<Vec<ConfigVersion>> {
        self.call(self.store.versions(id, query)).await
    }

    async fn control(&self) -> Result<Control> {
        self.call(self.store.control()).await
    }

    async fn update_control(&self, fields: &ControlFields, if_version: Option<i64>, by: &Author) -> Result<Control> {
        self.call(self.store.update_control(fields, if_version, by)).await
    }

    async fn create_calendar(&self, calendar: Calendar, by: &Author) -> Result<Calendar> {
        self.call(self.store.create_calendar(calendar, by)).await
    }

    async fn update_calendar(
        &self,
        id: CalendarId,
        fields: &CalendarFields,
        if_version: Option<i64>,
        by: &Author,
    ) -> Result<Option<Calendar>> {
        self.call(self.store.update_calendar(id, fields, if_version, by)).await
    }

    async fn delete_calendar(&self, id: CalendarId, if_version: Option<i64>, by: &Author) -> Result<Option<Calendar>> {
        self.call(self.store.delete_calendar(id, if_version, by)).await
    }

    async fn calendar(&self, id: CalendarId) -> Result<Option<Calendar>> {
        self.call(self.store.calendar(id)).await
    }

    async fn calendars(&self, query: &CalendarQuery) -> Result<Vec<Calendar>> {
        self.call(self.store.calendars(query)).await
    }
}
