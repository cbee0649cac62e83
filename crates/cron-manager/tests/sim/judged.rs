//! The store of the simulated world, under the eyes of the judge.

use async_trait::async_trait;
use cron_manager::{
    AuditRecord, Author, Calendar, CalendarFields, CalendarId, ClaimToken, Control, ControlFields, CronConfig,
    CronConfigId, CronRun, Hold, JobName, RegisteredReplica, ReplicaId, ReplicaStatus, Result, Revision, RunId, Token,
    TokenId,
    backends::memory::MemoryStore,
    contracts::{
        AuditQuery, Beat, Busy, CalendarQuery, ConfigQuery, CreateRequest, Decide, Finish, HeldOutput, Look, Pages,
        RunOutput, RunQuery, Store, VersionQuery, Watch,
    },
    domain::{
        NewToken, TokenHash,
        ledger::{Account, ConfigVersion, Page},
    },
};

use crate::judge::Judge;

/// The store, with the judge looking at each row it writes.
pub(crate) struct JudgedStore {
    pub(crate) store: MemoryStore,
    pub(crate) judge: Judge,
}

#[async_trait]
impl Store for JudgedStore {
    fn is_shared(&self) -> bool {
        true
    }

    async fn create(&self, config: CronConfig, by: &Author) -> Result<CronConfig> {
        let created = self.store.create(config, by).await?;
        self.judge.seen.lock().calendars.config(&created);
        Ok(created)
    }

    async fn transact(&self, pages: Pages<'_>, busy: Busy, decide: Decide<'_>) -> Result<Vec<Page>> {
        let pages = self.store.transact(pages, busy, decide).await?;
        let mut seen = self.judge.seen.lock();
        pages.iter().for_each(|page| seen.page(page));
        Ok(pages)
    }

    async fn look(&self, after: Revision, of: &[CronConfigId]) -> Result<Look> {
        self.store.look(after, of).await
    }

    async fn heartbeat(&self, holds: &[Hold]) -> Result<Vec<Beat>> {
        self.store.heartbeat(holds).await
    }

    async fn finish(&self, finishes: &[Finish]) -> Result<Vec<RunId>> {
        let moved = self.store.finish(finishes).await?;
        for id in &moved {
            if let Some(run) = self.store.run(*id).await? {
                self.judge.seen.lock().row(&run);
            }
        }
        Ok(moved)
    }

    async fn watch(&self, me: &ReplicaStatus) -> Result<Watch> {
        self.store.watch(me).await
    }

    async fn end_replica(&self, id: ReplicaId, heartbeat: i64) -> Result<bool> {
        self.store.end_replica(id, heartbeat).await
    }

    async fn drain_replica(&self, id: ReplicaId, draining: bool, by: &Author) -> Result<bool> {
        self.store.drain_replica(id, draining, by).await
    }

    async fn replicas(&self) -> Result<Vec<RegisteredReplica>> {
        self.store.replicas().await
    }

    async fn claimed(&self, token: ClaimToken) -> Result<Vec<CronRun>> {
        self.store.claimed(token).await
    }

    async fn config(&self, id: CronConfigId) -> Result<Option<CronConfig>> {
        self.store.config(id).await
    }

    async fn config_named(&self, name: &JobName) -> Result<Option<CronConfig>> {
        self.store.config_named(name).await
    }

    async fn configs(&self, query: &ConfigQuery) -> Result<Vec<CronConfig>> {
        self.store.configs(query).await
    }

    async fn run(&self, id: RunId) -> Result<Option<CronRun>> {
        self.store.run(id).await
    }

    async fn log(&self, id: RunId) -> Result<Option<String>> {
        self.store.log(id).await
    }

    async fn keep_output(&self, outputs: &[HeldOutput]) -> Result<()> {
        self.store.keep_output(outputs).await
    }

    async fn output(&self, id: RunId, from: u64) -> Result<RunOutput> {
        self.store.output(id, from).await
    }

    async fn runs_after(&self, after: RunId, limit: usize, ids: &[RunId]) -> Result<Vec<CronRun>> {
        self.store.runs_after(after, limit, ids).await
    }

    async fn runs(&self, query: &RunQuery) -> Result<Vec<CronRun>> {
        self.store.runs(query).await
    }

    async fn accounts(&self, id: CronConfigId) -> Result<Vec<Account>> {
        self.store.accounts(id).await
    }

    async fn create_token(&self, token: &NewToken, by: &Author) -> Result<Token> {
        self.store.create_token(token, by).await
    }

    async fn revoke_token(&self, id: TokenId, by: &Author) -> Result<Option<Token>> {
        self.store.revoke_token(id, by).await
    }

    async fn tokens(&self) -> Result<Vec<Token>> {
        self.store.tokens().await
    }

    async fn live_token(&self, id: TokenId) -> Result<Option<(Token, TokenHash)>> {
        self.store.live_token(id).await
    }

    async fn has_live_token(&self) -> Result<bool> {
        self.store.has_live_token().await
    }

    async fn audit(&self, query: &AuditQuery) -> Result<Vec<AuditRecord>> {
        self.store.audit(query).await
    }

    async fn requested(&self, request_ids: &[String]) -> Result<Vec<CronRun>> {
        self.store.requested(request_ids).await
    }

    async fn create_once(&self, config: CronConfig, request: &CreateRequest, by: &Author) -> Result<CronConfig> {
        self.store.create_once(config, request, by).await
    }

    async fn versions(&self, id: CronConfigId, query: &VersionQuery) -> Result<Vec<ConfigVersion>> {
        self.store.versions(id, query).await
    }

    async fn control(&self) -> Result<Control> {
        self.store.control().await
    }

    async fn update_control(&self, fields: &ControlFields, if_version: Option<i64>, by: &Author) -> Result<Control> {
        let control = self.store.update_control(fields, if_version, by).await?;
        self.judge.seen.lock().switches.control(&control);
        Ok(control)
    }

    async fn create_calendar(&self, calendar: Calendar, by: &Author) -> Result<Calendar> {
        let created = self.store.create_calendar(calendar, by).await?;
        self.judge.seen.lock().calendars.changed(&created);
        Ok(created)
    }

    async fn update_calendar(
        &self,
        id: CalendarId,
        fields: &CalendarFields,
        if_version: Option<i64>,
        by: &Author,
    ) -> Result<Option<Calendar>> {
        let changed = self.store.update_calendar(id, fields, if_version, by).await?;
        changed.iter().for_each(|calendar| self.judge.seen.lock().calendars.changed(calendar));
        Ok(changed)
    }

    async fn delete_calendar(&self, id: CalendarId, if_version: Option<i64>, by: &Author) -> Result<Option<Calendar>> {
        self.store.delete_calendar(id, if_version, by).await
    }

    async fn calendar(&self, id: CalendarId) -> Result<Option<Calendar>> {
        self.store.calendar(id).await
    }

    async fn calendars(&self, query: &CalendarQuery) -> Result<Vec<Calendar>> {
        self.store.calendars(query).await
    }
}
