//! The rows of the memory store, and the rules that its transactions cannot break.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    ops::RangeInclusive,
};

use jiff::Timestamp;

use super::{
    access::{Audit, Tokens},
    calendars::Calendars,
    output::Output,
    registry::Registry,
};
use crate::{
    AuditRecord, Author, CalendarName, ClaimToken, Control, ControlFields, CronConfig, CronConfigId, CronRun, Error,
    ErrorKind, Fence, Hold, JobName, PageId, ReplicaId, Result, Revision, RunId, RunKind, RunState, StoreId,
    contracts::CreateRequest,
    domain::{
        SwitchedOff,
        ledger::{Account, ConfigVersion, Page, Place},
        schedule::tz_database_version,
    },
};

pub(super) struct Tables {
    pub(super) id: StoreId,
    pub(super) configs: BTreeMap<CronConfigId, ConfigRow>,
    pub(super) runs: BTreeMap<RunId, CronRun>,
    pub(super) outputs: HashMap<RunId, Output>,
    pub(super) revision: Revision,
    pub(super) registry: Registry,
    pub(super) tokens: Tokens,
    pub(super) audit: Audit,
    pub(super) control: Control,
    pub(super) calendars: Calendars,
    /// When jobs were switched off, oldest first.
    off: Vec<SwitchedOff>,
    names: HashMap<JobName, CronConfigId>,
    /// The backstop of the protocol: a tick has one row per attempt.
    ticks: HashSet<(PageId, Timestamp, u32)>,
    /// Which run was asked for under a request id.
    pub(super) requests: HashMap<String, RunId>,
    /// Which config was created by a request.
    created: HashMap<String, (CronConfigId, String)>,
    /// How far each page has come.
    marks: BTreeMap<PageId, Mark>,
    live: BTreeMap<PageId, BTreeSet<RunId>>,
    last_skip: HashMap<PageId, RunId>,
}

pub(super) struct ConfigRow {
    pub(super) config: CronConfig,
    pub(super) revision: Revision,
    pub(super) versions: Vec<ConfigVersion>,
}

struct Mark {
    since: Timestamp,
    watermark: Timestamp,
    fence: Fence,
    started_at: Option<Timestamp>,
}

impl Mark {
    fn begun(at: Timestamp) -> Self {
        Self { since: at, watermark: at, fence: Fence(0), started_at: None }
    }
}

impl Tables {
    pub(super) fn new(id: StoreId) -> Self {
        Self {
            id,
            configs: BTreeMap::new(),
            runs: BTreeMap::new(),
            outputs: HashMap::new(),
            revision: Revision::default(),
            registry: Registry::default(),
            tokens: Tokens::default(),
            audit: Audit::default(),
            control: Control::default(),
            calendars: Calendars::default(),
            off: Vec::new(),
            names: HashMap::new(),
            ticks: HashSet::new(),
            requests: HashMap::new(),
            created: HashMap::new(),
            marks: BTreeMap::new(),
            live: BTreeMap::new(),
            last_skip: HashMap::new(),
        }
    }

    pub(super) fn create(&mut self, config: CronConfig, by: &Author, now: Timestamp) -> Result<CronConfig> {
        if let Some(id) = self.names.get(&config.name) {
            return Err(name_taken(&self.configs[id].config));
        }
        self.calendars.check(&config)?;
        let id = CronConfigId(self.configs.last_key_value().map_or(1, |(id, _)| id.0 + 1));
        let config = CronConfig { id, created_at: now, updated_at: now, ..config };
        self.names.insert(config.name.clone(), id);
        let versions = vec![version(&config, now)];
        let row = ConfigRow { config: config.clone(), revision: self.revise(), versions };
        self.configs.insert(id, row);
        self.marks.insert(id.into(), Mark::begun(now));
        self.audit.add(AuditRecord::created(&config, by), now);
        Ok(config)
    }

    pub(super) fn create_once(
        &mut self,
        config: CronConfig,
        request: &CreateRequest,
        by: &Author,
        now: Timestamp,
    ) -> Result<CronConfig> {
        match self.created.get(&request.id) {
            Some((id, body)) if *body == request.body => Ok(self.configs[id].config.clone()),
            Some(_) => Err(Error::new(ErrorKind::AlreadyExists, "that request id was used for another request")),
            None => {
                let config = self.create(config, by, now)?;
                self.created.insert(request.id.clone(), (config.id, request.body.clone()));
                Ok(config)
            }
        }
    }

    /// The pages of a config that an edit is about.
    pub(super) fn pages_of(&self, config_id: CronConfigId) -> Vec<PageId> {
        let live = self.registry.ids().map(Some);
        let busy = self.live.range(lanes(config_id)).filter(|(_, runs)| !runs.is_empty()).map(|(page, _)| page.lane);
        let lanes: BTreeSet<Option<ReplicaId>> = live.chain(busy).chain([None]).collect();
        lanes.into_iter().map(|lane| PageId { config_id, lane }).collect()
    }

    pub(super) fn page(&mut self, id: PageId, now: Timestamp) -> Option<Page> {
        self.begin_lane(id);
        let (row, mark) = (self.configs.get(&id.config_id)?, self.marks.get(&id)?);
        let live = self.live.get(&id).into_iter().flatten();
        let runs = live.chain(self.last_skip.get(&id)).map(|run| self.runs[run].clone()).collect();
        let open = id.lane.is_none_or(|replica| self.registry.registered_at(replica).is_some());
        let Mark { watermark, fence, started_at, .. } = *mark;
        let place = Place { lane: id.lane, open, watermark, fence, started_at };
        let off = self.off.iter().filter(|off| off.until.is_none_or(|until| until > watermark)).copied().collect();
        let page = Page::new(now, row.config.clone(), place, runs).with_switched_off(off);
        Some(page.with_calendars(self.calendars.all().clone()))
    }

    pub(super) fn update_control(
        &mut self,
        fields: &ControlFields,
        if_version: Option<i64>,
        by: &Author,
        now: Timestamp,
    ) -> Result<Control> {
        let control = fields.change(&self.control, if_version, now)?;
        match (self.control.enabled, control.enabled) {
            (true, false) => self.off.push(SwitchedOff { since: now, until: None }),
            (false, true) => {
                self.off.iter_mut().filter(|off| off.until.is_none()).for_each(|off| off.until = Some(now))
            }
            _ => {}
        }
        if control != self.control {
            self.audit.add(AuditRecord::controlled(&self.control, &control, by), now);
        }
        self.control = control.clone();
        Ok(control)
    }

    fn begin_lane(&mut self, id: PageId) {
        let Some(registered_at) = id.lane.and_then(|replica| self.registry.registered_at(replica)) else { return };
        if let Some(row) = self.configs.get(&id.config_id).filter(|row| !row.config.is_distributed()) {
            let since = registered_at.max(self.marks[&row.config.id.into()].watermark);
            self.marks.entry(id).or_insert(Mark::begun(since));
        }
    }

    /// Refuses pages that break a rule; then nothing of the transaction may be written.
    pub(super) fn check(&self, pages: &mut [Page]) -> Result<()> {
        for page in pages {
            let id = page.config().id;
            if let Some(config) = page.edited()
                && self.names.get(&config.name).is_some_and(|owner| *owner != id)
            {
                return Err(name_taken(&self.configs[&self.names[&config.name]].config));
            }
            page.edited().map_or(Ok(()), |config| self.calendars.check(config))?;
            let running = page.runs().filter(|run| run.state == RunState::Running).count();
            if page.config().is_exclusive() && running > 1 {
                return Err(broken(format!("{running} runs of {} would be running", page.config().name)));
            }
            self.check_rows(page)?;
        }
        Ok(())
    }

    fn check_rows(&self, page: &mut Page) -> Result<()> {
        let mut new = HashSet::new();
        for run in page.inserted() {
            let key = (run.page_id(), run.due_at, run.attempt);
            if run.kind == RunKind::Tick && (self.ticks.contains(&key) || !new.insert(key)) {
                return Err(broken(format!("the tick {} of {} has a row already", run.due_at, run.name)));
            }
            if run.request_id.as_ref().is_some_and(|request| self.requests.contains_key(request)) {
                return Err(Error::new(ErrorKind::AlreadyExists, "that request id was used before"));
            }
        }
        Ok(())
    }

    /// Writes what was decided on a page that [`Self::check`] let pass.
    pub(super) fn write(&mut self, page: &mut Page) {
        for run in page.inserted() {
            run.id = RunId(self.runs.last_key_value().map_or(1, |(id, _)| id.0 + 1));
            if run.kind == RunKind::Tick {
                self.ticks.insert((run.page_id(), run.due_at, run.attempt));
            }
            self.requests.extend(run.request_id.clone().map(|request| (request, run.id)));
            let run = run.clone();
            self.put(run);
        }
        for run in page.updated() {
            self.put(run.clone());
        }
        if let Some(mark) = self.marks.get_mut(&page.id()) {
            let Place { watermark, fence, started_at, .. } = page.place();
            *mark = Mark { since: mark.since, watermark, fence, started_at };
        }
        if let Some(config) = page.edited().filter(|_| page.place().lane.is_none()) {
            let revision = self.revise();
            let Some(row) = self.configs.get_mut(&config.id) else { return };
            self.names.remove(&row.config.name);
            self.names.insert(config.name.clone(), config.id);
            row.versions.push(version(config, page.watermark()));
            (row.config, row.revision) = (config.clone(), revision);
        }
        page.records().into_iter().for_each(|record| self.audit.add(record, page.now()));
    }

    /// Keeps a row and what is known by it.
    pub(super) fn put(&mut self, run: CronRun) {
        let live = self.live.entry(run.page_id()).or_default();
        if run.state.is_terminal() {
            live.remove(&run.id);
        } else {
            live.insert(run.id);
        }
        if run.state == RunState::Skipped && run.kind == RunKind::Tick {
            let furthest = self.last_skip.get(&run.page_id()).map(|id| self.runs[id].due_through);
            if furthest.is_none_or(|through| through <= run.due_through) {
                self.last_skip.insert(run.page_id(), run.id);
            }
        }
        self.runs.insert(run.id, run);
    }

    /// The running run under that hold.
    pub(super) fn held(&mut self, hold: Hold) -> Option<CronRun> {
        self.runs.get(&hold.run_id).filter(|run| run.hold() == Some(hold)).cloned()
    }

    pub(super) fn live(&self) -> impl Iterator<Item = &CronRun> {
        self.live.values().flatten().map(|id| &self.runs[id])
    }

    pub(super) fn claimed(&self, token: ClaimToken) -> Vec<CronRun> {
        self.live().filter(|run| run.state == RunState::Running && run.token == token).cloned().collect()
    }

    pub(super) fn named(&self, name: &JobName) -> Option<&CronConfig> {
        self.names.get(name).map(|id| &self.configs[id].config)
    }

    /// The configs that name a calendar and are not deleted.
    pub(super) fn users_of(&self, calendar: &CalendarName) -> Vec<JobName> {
        let configs = self.configs.values().map(|row| &row.config).filter(|config| config.deleted_at.is_none());
        configs.filter(|config| config.policy.calendars.contains(calendar)).map(|config| config.name.clone()).collect()
    }

    /// How far the service's page of a config has come.
    pub(super) fn watermark(&self, id: CronConfigId) -> Option<Timestamp> {
        self.marks.get(&id.into()).map(|mark| mark.watermark)
    }

    pub(super) fn accounts(&self, id: CronConfigId) -> Vec<Account> {
        let Some(row) = self.configs.get(&id) else { return Vec::new() };
        let account = |(page, mark): (&PageId, &Mark)| Account {
            page_id: *page,
            name: row.config.name.clone(),
            since: mark.since,
            watermark: mark.watermark,
            versions: row.versions.clone(),
            recorded: self.recorded(*page),
        };
        self.marks.range(lanes(id)).map(account).collect()
    }

    fn recorded(&self, page: PageId) -> Vec<(i64, u64)> {
        let ticks = |run: &&CronRun| run.page_id() == page && run.kind == RunKind::Tick && run.attempt == 1;
        let mut recorded = BTreeMap::new();
        for run in self.runs.values().filter(ticks) {
            *recorded.entry(run.config_version).or_default() += run.count;
        }
        recorded.into_iter().collect()
    }

    fn revise(&mut self) -> Revision {
        self.revision.0 += 1;
        self.revision
    }
}

/// The range of all pages of a config.
fn lanes(config_id: CronConfigId) -> RangeInclusive<PageId> {
    PageId::from(config_id)..=PageId { config_id, lane: Some(ReplicaId(u64::MAX)) }
}

fn version(config: &CronConfig, since: Timestamp) -> ConfigVersion {
    ConfigVersion {
        version: config.version,
        since,
        schedule: config.schedule.clone().filter(|_| config.deleted_at.is_none()),
        distributed: config.is_distributed(),
        tz_database: tz_database_version().into(),
    }
}

fn name_taken(config: &CronConfig) -> Error {
    Error::name_taken(config.name.as_str(), config.deleted_at.is_some())
}

fn broken(what: String) -> Error {
    Error::new(ErrorKind::FailedPrecondition, what)
}
