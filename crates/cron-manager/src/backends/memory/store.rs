//! The reference store.

use std::{collections::BTreeSet, ops::Bound, sync::Arc};

use async_trait::async_trait;
use jiff::Timestamp;
use parking_lot::Mutex;

use super::{output::Output, tables::Tables};
use crate::{
    AuditRecord, Author, Calendar, CalendarFields, CalendarId, ClaimToken, Control, ControlFields, CronConfig,
    CronConfigId, CronRun, Hold, JobName, LogPart, PageId, RegisteredReplica, ReplicaId, ReplicaStatus, Result,
    Revision, RunId, RunOutput, RunState, StoreId, Token, TokenId,
    contracts::{
        AuditQuery, Beat, Busy, CalendarQuery, Clock, ConfigQuery, CreateRequest, Decide, Finish, HeldOutput, Look,
        Pages, RunQuery, Running, Standing, Store, VersionQuery, Waiting, Watch,
    },
    domain::{
        NewToken, TokenHash,
        ledger::{Account, ConfigVersion, Page},
    },
};

/// A store in this process's memory. Clones share it. What it holds ends with the process.
#[derive(Clone)]
pub struct MemoryStore {
    clock: Arc<dyn Clock>,
    tables: Arc<Mutex<Tables>>,
    shared: bool,
}

impl MemoryStore {
    /// An empty store that dates what it writes by `clock`.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        // A machine without randomness cannot start a process; the clock still tells stores apart.
        let id = getrandom::u64().unwrap_or_else(|_| clock.elapsed().as_nanos() as u64);
        Self { clock, tables: Arc::new(Mutex::new(Tables::new(StoreId(id)))), shared: false }
    }

    /// An empty store that stands for one that several processes share: its clones are given to replicas in this one.
    pub fn shared(clock: Arc<dyn Clock>) -> Self {
        Self { shared: true, ..Self::new(clock) }
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

#[async_trait]
impl Store for MemoryStore {
    fn is_shared(&self) -> bool {
        self.shared
    }

    async fn create(&self, config: CronConfig, by: &Author) -> Result<CronConfig> {
        self.tables.lock().create(config, by, self.now())
    }

    async fn transact(&self, pages: Pages<'_>, _busy: Busy, decide: Decide<'_>) -> Result<Vec<Page>> {
        let mut tables = self.tables.lock();
        let now = self.now();
        let mut ids: Vec<PageId> = match pages {
            Pages::Of(ids) => ids.to_vec(),
            Pages::AllOf(configs) => configs.iter().flat_map(|id| tables.pages_of(*id)).collect(),
        };
        ids.sort_unstable();
        ids.dedup();
        let mut pages: Vec<Page> = ids.into_iter().filter_map(|id| tables.page(id, now)).collect();
        decide(&mut pages)?;
        tables.check(&mut pages)?;
        pages.iter_mut().for_each(|page| tables.write(page));
        Ok(pages)
    }

    async fn look(&self, after: Revision, of: &[CronConfigId]) -> Result<Look> {
        let tables = self.tables.lock();
        let changed = tables.configs.values().filter(|row| row.revision > after);
        let waiting = tables.live().filter(|run| run.state == RunState::Pending);
        Ok(Look {
            now: self.now(),
            revision: tables.revision,
            changed: changed
                .filter_map(|row| {
                    Some(Standing { config: Arc::new(row.config.clone()), watermark: tables.watermark(row.config.id)? })
                })
                .collect(),
            waiting: waiting.map(Waiting::of).collect(),
            watermarks: of.iter().filter_map(|id| Some((*id, tables.watermark(*id)?))).collect(),
            draining: draining(tables.registry.all()),
            control: tables.control.clone(),
            cancelling: tables.live().filter(|run| run.cancelling).filter_map(CronRun::hold).collect(),
        })
    }

    async fn heartbeat(&self, holds: &[Hold]) -> Result<Vec<Beat>> {
        let mut tables = self.tables.lock();
        let mut moved = Vec::new();
        for hold in holds {
            if let Some(run) = tables.held(*hold) {
                moved.push(Beat { run_id: run.id, cancelling: run.cancelling });
                tables.put(CronRun { heartbeat: run.heartbeat + 1, ..run });
            }
        }
        Ok(moved)
    }

    async fn finish(&self, finishes: &[Finish]) -> Result<Vec<RunId>> {
        let mut tables = self.tables.lock();
        let now = self.now();
        let mut moved = Vec::new();
        for Finish { hold, outcome } in finishes {
            let Some(run) = tables.held(*hold) else { continue };
            moved.push(run.id);
            if let Some(log) = &outcome.log {
                let part = LogPart { start: outcome.log_start, text: log.clone() };
                tables.outputs.entry(run.id).or_default().end_with(part);
            }
            tables.put(CronRun {
                state: outcome.state,
                reason: outcome.reason,
                started_at: run.started_at.filter(|_| outcome.state != RunState::Skipped),
                finished_at: (outcome.state != RunState::Skipped).then_some(now),
                result: outcome.result.clone(),
                error: outcome.error.clone(),
                truncated: outcome.truncated,
                ..run
            });
        }
        Ok(moved)
    }

    async fn watch(&self, me: &ReplicaStatus) -> Result<Watch> {
        let mut tables = self.tables.lock();
        let now = self.now();
        tables.registry.watch(me, now);
        let running = tables.live().filter_map(Running::of).collect();
        Ok(Watch { store_id: tables.id, now, replicas: tables.registry.all().to_vec(), running })
    }

    async fn end_replica(&self, id: ReplicaId, heartbeat: i64) -> Result<bool> {
        Ok(self.tables.lock().registry.end(id, heartbeat))
    }

    async fn drain_replica(&self, id: ReplicaId, draining: bool, by: &Author) -> Result<bool> {
        let mut tables = self.tables.lock();
        let changed = tables.registry.drain(id, draining);
        if changed == Some(true) {
            tables.audit.add(AuditRecord::drained(id, draining, by), self.now());
        }
        Ok(changed.is_some())
    }

    async fn replicas(&self) -> Result<Vec<RegisteredReplica>> {
        Ok(self.tables.lock().registry.all().to_vec())
    }

    async fn claimed(&self, token: ClaimToken) -> Result<Vec<CronRun>> {
        Ok(self.tables.lock().claimed(token))
    }

    async fn config(&self, id: CronConfigId) -> Result<Option<CronConfig>> {
        Ok(self.tables.lock().configs.get(&id).map(|row| row.config.clone()))
    }

    async fn config_named(&self, name: &JobName) -> Result<Option<CronConfig>> {
        Ok(self.tables.lock().named(name).cloned())
    }

    async fn configs(&self, query: &ConfigQuery) -> Result<Vec<CronConfig>> {
        let tables = self.tables.lock();
        let configs = tables.configs.values().map(|row| &row.config);
        Ok(configs.filter(|config| query.matches(config)).take(query.limit).cloned().collect())
    }

    async fn run(&self, id: RunId) -> Result<Option<CronRun>> {
        Ok(self.tables.lock().runs.get(&id).cloned())
    }

    async fn log(&self, id: RunId) -> Result<Option<String>> {
        let text = |kept: &Output| Some(kept.log().to_owned()).filter(|log| !log.is_empty());
        Ok(self.tables.lock().outputs.get(&id).and_then(text))
    }

    async fn keep_output(&self, outputs: &[HeldOutput]) -> Result<()> {
        let mut tables = self.tables.lock();
        for HeldOutput { hold, output } in outputs {
            if tables.held(*hold).is_some() {
                tables.outputs.entry(hold.run_id).or_default().keep(output);
            }
        }
        Ok(())
    }

    async fn output(&self, id: RunId, from: u64) -> Result<RunOutput> {
        Ok(self.tables.lock().outputs.get(&id).map(|kept| kept.after(from)).unwrap_or_default())
    }

    async fn runs_after(&self, after: RunId, limit: usize, ids: &[RunId]) -> Result<Vec<CronRun>> {
        let tables = self.tables.lock();
        let newer = tables.runs.range((Bound::Excluded(after), Bound::Unbounded)).map(|(_, run)| run).take(limit);
        let asked = ids.iter().filter_map(|id| tables.runs.get(id));
        Ok(newer.chain(asked).cloned().collect())
    }

    async fn runs(&self, query: &RunQuery) -> Result<Vec<CronRun>> {
        let tables = self.tables.lock();
        let runs = tables.runs.values().rev();
        Ok(runs.filter(|run| query.matches(run)).take(query.limit).cloned().collect())
    }

    async fn accounts(&self, id: CronConfigId) -> Result<Vec<Account>> {
        Ok(self.tables.lock().accounts(id))
    }

    async fn create_token(&self, token: &NewToken, by: &Author) -> Result<Token> {
        let mut tables = self.tables.lock();
        let token = tables.tokens.create(token, self.now())?;
        tables.audit.add(AuditRecord::token_created(&token, by), self.now());
        Ok(token)
    }

    async fn revoke_token(&self, id: TokenId, by: &Author) -> Result<Option<Token>> {
        let mut tables = self.tables.lock();
        let Some((token, is_new)) = tables.tokens.revoke(id, self.now()) else { return Ok(None) };
        if is_new {
            tables.audit.add(AuditRecord::token_revoked(&token, by), self.now());
        }
        Ok(Some(token))
    }

    async fn tokens(&self) -> Result<Vec<Token>> {
        Ok(self.tables.lock().tokens.all())
    }

    async fn live_token(&self, id: TokenId) -> Result<Option<(Token, TokenHash)>> {
        Ok(self.tables.lock().tokens.live(self.now()).find(|(token, _)| token.id == id).cloned())
    }

    async fn has_live_token(&self) -> Result<bool> {
        Ok(self.tables.lock().tokens.live(self.now()).next().is_some())
    }

    async fn audit(&self, query: &AuditQuery) -> Result<Vec<AuditRecord>> {
        Ok(self.tables.lock().audit.list(query))
    }

    async fn requested(&self, request_ids: &[String]) -> Result<Vec<CronRun>> {
        let tables = self.tables.lock();
        let ids: BTreeSet<_> = request_ids.iter().filter_map(|id| tables.requests.get(id)).collect();
        Ok(ids.into_iter().map(|id| tables.runs[id].clone()).collect())
    }

    async fn create_once(&self, config: CronConfig, request: &CreateRequest, by: &Author) -> Result<CronConfig> {
        self.tables.lock().create_once(config, request, by, self.now())
    }

    async fn versions(&self, id: CronConfigId, query: &VersionQuery) -> Result<Vec<ConfigVersion>> {
        let tables = self.tables.lock();
        let versions = tables.configs.get(&id).map(|row| row.versions.as_slice()).unwrap_or_default();
        let before = |version: &&ConfigVersion| query.before.is_none_or(|before| version.version < before);
        Ok(versions.iter().rev().filter(before).take(query.limit).cloned().collect())
    }

    async fn control(&self) -> Result<Control> {
        Ok(self.tables.lock().control.clone())
    }

    async fn update_control(&self, fields: &ControlFields, if_version: Option<i64>, by: &Author) -> Result<Control> {
        let mut tables = self.tables.lock();
        let now = self.now();
        tables.update_control(fields, if_version, by, now)
    }

    async fn create_calendar(&self, calendar: Calendar, by: &Author) -> Result<Calendar> {
        let mut tables = self.tables.lock();
        let now = self.now();
        let calendar = tables.calendars.create(calendar, now)?;
        let record = AuditRecord::calendar(None, Some(&calendar), by);
        record.into_iter().for_each(|record| tables.audit.add(record, now));
        Ok(calendar)
    }

    async fn update_calendar(
        &self,
        id: CalendarId,
        fields: &CalendarFields,
        if_version: Option<i64>,
        by: &Author,
    ) -> Result<Option<Calendar>> {
        let mut tables = self.tables.lock();
        let now = self.now();
        let Some(old) = tables.calendars.get(id).cloned() else { return Ok(None) };
        let users = tables.users_of(&old.name);
        let new = tables.calendars.change(&old, fields, if_version, &users, now)?;
        let record = AuditRecord::calendar(Some(&old), Some(&new), by);
        record.into_iter().for_each(|record| tables.audit.add(record, now));
        Ok(Some(new))
    }

    async fn delete_calendar(&self, id: CalendarId, if_version: Option<i64>, by: &Author) -> Result<Option<Calendar>> {
        let mut tables = self.tables.lock();
        let now = self.now();
        let Some(old) = tables.calendars.get(id).cloned() else { return Ok(None) };
        let users = tables.users_of(&old.name);
        tables.calendars.delete(&old, if_version, &users)?;
        let record = AuditRecord::calendar(Some(&old), None, by);
        record.into_iter().for_each(|record| tables.audit.add(record, now));
        Ok(Some(old))
    }

    async fn calendar(&self, id: CalendarId) -> Result<Option<Calendar>> {
        Ok(self.tables.lock().calendars.get(id).cloned())
    }

    async fn calendars(&self, query: &CalendarQuery) -> Result<Vec<Calendar>> {
        Ok(self.tables.lock().calendars.list(query))
    }
}

fn draining(replicas: &[RegisteredReplica]) -> Vec<ReplicaId> {
    replicas.iter().filter(|replica| replica.draining).map(|replica| replica.status.id).collect()
}
