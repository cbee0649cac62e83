//! A page of the ledger, and the only ways to write on it.

mod asked;
mod signed;
mod spans;

use std::{mem, sync::Arc};

use jiff::Timestamp;

use crate::{
    Author, Calendar, ClaimToken, CronConfig, CronRun, Difference, Fence, Hold, PageId, ReplicaId, RunId, RunKind,
    RunState, SkipReason, domain::SwitchedOff,
};

/// A page: what a store hands over under a lock, and what it writes back. A config has one for the service, and one lane for each
/// replica when every replica runs it.
///
/// Every decision of the protocol is made on a page, in memory, between a store's read and its commit. So it is
/// the same for every store, and is always made on what is true. The verbs that take a run refuse by
/// returning false where the run is not in the state they need.
#[derive(Clone, Debug)]
pub struct Page {
    now: Timestamp,
    config: CronConfig,
    place: Place,
    rows: Vec<Row>,
    /// The config as it was before it was edited.
    old: Option<CronConfig>,
    author: Author,
    notes: Vec<(&'static str, Difference)>,
    off: Arc<[SwitchedOff]>,
    calendars: Arc<[Calendar]>,
}

/// Which page it is, and how far it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The replica whose lane it is.
    pub lane: Option<ReplicaId>,
    /// Whether it may have new ticks and starts: not in the lane of a replica that has ended.
    pub open: bool,
    /// All ticks up to here are accounted for.
    pub watermark: Timestamp,
    /// The fence of the newest claim.
    pub fence: Fence,
    /// When the newest claim was made.
    pub started_at: Option<Timestamp>,
}

/// A row of the page and whether the store must write it.
#[derive(Clone, Debug)]
struct Row {
    run: CronRun,
    change: Change,
    /// How many skipped ticks it stood for when it was read.
    skipped: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    None,
    Insert,
    Update,
}

/// Who claims, and the random value by which the claim is found again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claimant {
    /// The claiming replica.
    pub replica_id: ReplicaId,
    /// New for each attempt to claim.
    pub token: ClaimToken,
}

impl Place {
    /// The service's page of a config made at `now`.
    pub fn begun(now: Timestamp) -> Self {
        Self { lane: None, open: true, watermark: now, fence: Fence(0), started_at: None }
    }
}

impl Page {
    /// The page as it stands in the store: `now` by the store's clock, `runs` all its pending and running rows and
    /// the skipped tick row that reaches furthest.
    pub fn new(now: Timestamp, config: CronConfig, place: Place, runs: Vec<CronRun>) -> Self {
        let skipped = |run: &CronRun| if run.state == RunState::Skipped { run.count } else { 0 };
        let row = |run: CronRun| Row { skipped: skipped(&run), run, change: Change::None };
        let rows = runs.into_iter().map(row).collect();
        let (off, calendars) = Default::default();
        Self { now, config, place, rows, off, calendars, old: None, author: Author::code(), notes: Vec::new() }
    }

    /// Which page it is.
    pub fn id(&self) -> PageId {
        PageId { config_id: self.config.id, lane: self.place.lane }
    }

    /// Which page it is, and how far it has come.
    pub fn place(&self) -> Place {
        self.place
    }

    /// Whether the config's ticks are due on this page.
    pub fn has_ticks(&self) -> bool {
        self.place.open && self.config.deleted_at.is_none() && self.config.is_distributed() == self.place.lane.is_none()
    }

    /// The store's clock when the page was locked.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The config, locked.
    pub fn config(&self) -> &CronConfig {
        &self.config
    }

    /// All ticks up to here are accounted for.
    pub fn watermark(&self) -> Timestamp {
        self.place.watermark
    }

    /// The fence of the page's newest claim.
    pub fn fence(&self) -> Fence {
        self.place.fence
    }

    /// The rows as they now stand: pending and running ones, skipped ones at the edge, and all that moved.
    pub fn runs(&self) -> impl Iterator<Item = &CronRun> {
        self.rows.iter().map(|row| &row.run)
    }

    /// Whether the exclusive right to run is taken.
    pub fn is_busy(&self) -> bool {
        self.config.is_exclusive() && self.runs().any(|run| run.state == RunState::Running)
    }

    /// Whether pending runs may start at all.
    pub fn is_active(&self) -> bool {
        self.place.open && self.config.is_active() && !self.config.is_paused(self.now) && !self.is_switched_off()
    }

    /// The places of the pending rows, oldest first; what makes up for the past comes after all others.
    pub fn pending(&self) -> Vec<usize> {
        let mut places: Vec<_> =
            (0..self.rows.len()).filter(|&at| self.rows[at].run.state == RunState::Pending).collect();
        places.sort_by_key(|&at| (self.rows[at].run.kind == RunKind::Backfill, self.rows[at].run.due_at));
        places
    }

    /// The row at a place that [`Self::pending`] or [`Self::record_tick`] gave.
    pub fn row(&self, place: usize) -> &CronRun {
        &self.rows[place].run
    }

    /// Writes the tick `due_at` as a pending run.
    pub fn record_tick(&mut self, due_at: Timestamp) -> usize {
        let start_after = self.config.start_after(due_at);
        self.insert(CronRun { start_after, ..self.new_run(RunKind::Tick, due_at) })
    }

    /// Writes the `count` ticks from `first` through `last` as skipped: the newest skipped row grows when it has the
    /// same reason and no tick lies between, else a new row stands for them.
    pub fn record_skipped(&mut self, reason: SkipReason, first: Timestamp, last: Timestamp, count: u64) {
        if count == 0 {
            return;
        }
        if let Some(place) = self.growable(reason, first) {
            let run = self.change(place);
            (run.due_through, run.count) = (last, run.count + count);
        } else {
            let run = self.new_run(RunKind::Tick, first);
            self.insert(CronRun { due_through: last, count, state: RunState::Skipped, reason: Some(reason), ..run });
        }
    }

    /// All ticks up to `to` are accounted for. A watermark never falls.
    pub fn move_watermark(&mut self, to: Timestamp) {
        self.place.watermark = self.place.watermark.max(to);
    }

    /// Starts the pending run at `place` and raises the fence. Refused before its `start_after`, after its start
    /// deadline, while the right is taken, when the config is disabled, paused or deleted, and while jobs are switched off.
    pub fn start(&mut self, place: usize, claimant: Claimant) -> bool {
        let now = self.now;
        let run = self.row(place);
        let may = run.state == RunState::Pending && run.start_after <= now && now < run.start_deadline;
        if !may || self.is_busy() || !self.is_active() {
            return false;
        }
        self.place.fence.0 += 1;
        self.place.started_at = Some(now);
        let fence = self.place.fence;
        let ttl = self.row(place).context.as_ref().unwrap_or(&self.config.context).ttl();
        let run = self.change(place);
        run.ttl = ttl;
        (run.state, run.reason) = (RunState::Running, None);
        run.started_at = Some(now);
        (run.replica_id, run.token, run.fence, run.heartbeat) = (Some(claimant.replica_id), claimant.token, fence, 0);
        true
    }

    /// Skips the pending run at `place`.
    pub fn skip(&mut self, place: usize, reason: SkipReason) -> bool {
        let pending = self.row(place).state == RunState::Pending;
        if pending {
            self.set_skipped(place, reason);
        }
        pending
    }

    /// Takes a claim back before its handler began: the run is pending again, or skipped if it was to be cancelled.
    pub fn hand_back(&mut self, hold: Hold) -> bool {
        self.take_back(hold).is_some()
    }

    /// Takes a claim back before its handler began: the run waits on, for `reason`, until `start_after`; or it is skipped if it was to be
    /// cancelled.
    pub fn postpone(&mut self, hold: Hold, reason: SkipReason, start_after: Timestamp) -> bool {
        let Some(run) = self.take_back(hold) else { return false };
        if run.state == RunState::Pending {
            (run.reason, run.start_after) = (Some(reason), start_after);
        }
        true
    }

    /// Ends a running run whose replica stopped answering: only if nobody moved its heartbeat since.
    pub fn abandon(&mut self, hold: Hold, heartbeat: i64, error: String) -> bool {
        let now = self.now;
        match self.held(hold) {
            Some(place) if self.row(place).heartbeat == heartbeat => {
                let run = self.change(place);
                (run.state, run.finished_at, run.error) = (RunState::Abandoned, Some(now), Some(error));
                true
            }
            _ => false,
        }
    }

    /// Puts `config` in place of the old one, as its next version. Ticks before now belong to the old one: plan them first.
    /// What is true of one page of a config must be of all of them.
    pub fn edit(&mut self, config: CronConfig) {
        let version = self.config.version + 1;
        let old = mem::replace(&mut self.config, CronConfig { version, updated_at: self.now, ..config });
        self.old.get_or_insert(old);
        if self.place.open {
            self.move_watermark(self.now);
        }
    }

    /// The rows to insert; they have no id yet. The store gives each one its id through this.
    pub fn inserted(&mut self) -> impl Iterator<Item = &mut CronRun> {
        self.rows.iter_mut().filter(|row| row.change == Change::Insert).map(|row| &mut row.run)
    }

    /// The rows to overwrite.
    pub fn updated(&self) -> impl Iterator<Item = &CronRun> {
        self.rows.iter().filter(|row| row.change == Change::Update).map(|row| &row.run)
    }

    /// The rows that were written as skipped, or grew, and how many more ticks they now stand for.
    pub fn written_skips(&self) -> impl Iterator<Item = (&CronRun, u64)> {
        let skipped = |row: &&Row| row.change != Change::None && row.run.state == RunState::Skipped;
        self.rows.iter().filter(skipped).map(|row| (&row.run, row.run.count - row.skipped))
    }

    /// The config to write, when it was edited.
    pub fn edited(&self) -> Option<&CronConfig> {
        self.old.as_ref().map(|_| &self.config)
    }

    /// The runs that this claim started.
    pub fn claimed(&self, token: ClaimToken) -> impl Iterator<Item = &CronRun> {
        self.runs().filter(move |run| run.state == RunState::Running && run.token == token)
    }

    fn growable(&self, reason: SkipReason, first: Timestamp) -> Option<usize> {
        let schedule = self.config.schedule.as_ref()?;
        (0..self.rows.len()).rfind(|&place| {
            let run = self.row(place);
            run.state == RunState::Skipped
                && run.reason == Some(reason)
                && run.kind == RunKind::Tick
                && run.attempt == 1
                && run.config_version == self.config.version
                && schedule.next_after(run.due_through) == Some(first)
        })
    }

    fn take_back(&mut self, hold: Hold) -> Option<&mut CronRun> {
        let place = self.held(hold)?;
        let run = self.change(place);
        (run.state, run.replica_id, run.started_at) = (RunState::Pending, None, None);
        if run.cancelling {
            (run.state, run.reason) = (RunState::Skipped, Some(SkipReason::Cancelled));
        }
        Some(run)
    }

    fn held(&self, hold: Hold) -> Option<usize> {
        self.rows.iter().position(|row| row.run.hold() == Some(hold))
    }

    fn set_skipped(&mut self, place: usize, reason: SkipReason) {
        let run = self.change(place);
        (run.state, run.reason, run.started_at) = (RunState::Skipped, Some(reason), None);
    }

    fn change(&mut self, place: usize) -> &mut CronRun {
        let row = &mut self.rows[place];
        if row.change == Change::None {
            row.change = Change::Update;
        }
        &mut row.run
    }

    fn insert(&mut self, run: CronRun) -> usize {
        self.rows.push(Row { run, change: Change::Insert, skipped: 0 });
        self.rows.len() - 1
    }

    fn new_run(&self, kind: RunKind, due_at: Timestamp) -> CronRun {
        CronRun {
            id: RunId(0),
            config_id: self.config.id,
            lane: self.place.lane,
            name: self.config.name.clone(),
            config_version: self.config.version,
            kind,
            due_at,
            due_through: due_at,
            count: 1,
            attempt: 1,
            request_id: None,
            context: None,
            retry_of: None,
            start_after: due_at,
            start_deadline: self.config.start_deadline(due_at),
            state: RunState::Pending,
            cancelling: false,
            reason: None,
            replica_id: None,
            fence: Fence(0),
            token: ClaimToken(0),
            heartbeat: 0,
            ttl: self.config.context.ttl(),
            created_at: self.now,
            started_at: None,
            finished_at: None,
            result: None,
            error: None,
            truncated: false,
            traceparent: None,
        }
    }
}
