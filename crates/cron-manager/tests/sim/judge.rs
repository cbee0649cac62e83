//! Judges what happened, by the invariants I1 to I8 and I11 of `docs/semantics.md`, from what handlers did and from every row that was
//! ever written.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, hash_map::DefaultHasher},
    hash::{Hash, Hasher},
    sync::Arc,
    time::Duration,
};

use cron_manager::{
    CronConfigId, CronRun, Fence, PageId, ReplicaId, RunId, RunKind, RunState, SkipReason,
    domain::ledger::{Account, Page},
};
use jiff::Timestamp;
use parking_lot::Mutex;

use crate::{
    calendars::Calendars,
    executor::{Executor, true_time},
    jobs::OUTSIDERS_JOBS,
    switches::Switches,
};

/// What the judge knows. Clones are the same judge.
#[derive(Clone)]
pub(crate) struct Judge {
    executor: Executor,
    pub(crate) seen: Arc<Mutex<Seen>>,
}

/// All that it has seen.
#[derive(Default)]
pub(crate) struct Seen {
    violations: Vec<String>,
    trace: DefaultHasher,
    rows: BTreeMap<RunId, CronRun>,
    fences: HashMap<PageId, Fence>,
    watermarks: HashMap<PageId, Timestamp>,
    starts: HashMap<RunId, Duration>,
    started_ticks: BTreeSet<(PageId, Timestamp, u32)>,
    last_claim: HashMap<PageId, Timestamp>,
    effects: HashMap<PageId, Fence>,
    deaths: HashMap<ReplicaId, Duration>,
    edits: HashMap<CronConfigId, i64>,
    pub(crate) switches: Switches,
    pub(crate) calendars: Calendars,
}

/// What a whole simulation came to.
pub(crate) struct Verdict {
    pub(crate) violations: Vec<String>,
    pub(crate) trace: u64,
    pub(crate) starts: usize,
    pub(crate) rows: usize,
    pub(crate) skipped_ticks: u64,
}

impl Judge {
    pub(crate) fn new(executor: Executor) -> Self {
        Self { executor, seen: Arc::default() }
    }

    /// A handler was called.
    pub(crate) fn started(&self, run: &CronRun) {
        let now = self.executor.now();
        let instant = true_time(now);
        let mut seen = self.seen.lock();
        seen.note(("start", run.id, run.fence, now));
        if seen.starts.insert(run.id, now).is_some() {
            // A run that was handed back starts later under a new fence; its handler never began before.
            seen.violation("I1", format!("run {} of {} started twice", run.id, run.name));
        }
        if run.kind == RunKind::Tick && !seen.started_ticks.insert((run.page_id(), run.due_at, run.attempt)) {
            seen.violation("I1", format!("the tick {} of {} started twice", run.due_at, run.name));
        }
        if run.lane.is_some() && run.lane != run.replica_id {
            seen.violation("I1", format!("the tick {} of {} ran in another replica's lane", run.due_at, run.name));
        }
        if instant < run.start_after || instant < run.due_at {
            seen.violation("I5", format!("the tick {} of {} started at {instant}", run.due_at, run.name));
        }
        // A claim plans everything that is due, so no older tick can be left for a later start.
        if run.kind == RunKind::Tick
            && let Some(claimed_at) = run.started_at
            && let Some(last) = seen.last_claim.insert(run.page_id(), claimed_at)
            && run.due_at <= last
        {
            seen.violation(
                "I8",
                format!("{} worked off a backlog: the tick {} after a start at {last}", run.name, run.due_at),
            );
        }
        seen.effect(run);
    }

    /// A handler was called that requires the lock.
    pub(crate) fn started_under_lock(&self, run: &CronRun, is_with_outsider: bool) {
        if is_with_outsider {
            let what = format!("run {} of {} started while an outsider held its lock", run.id, run.name);
            self.seen.lock().violation("lock", what);
        }
    }

    /// A handler changed something outside.
    pub(crate) fn effect(&self, run: &CronRun) {
        let now = self.executor.now();
        let mut seen = self.seen.lock();
        seen.note(("effect", run.id, run.fence, now));
        seen.effect(run);
    }

    /// A replica was killed.
    pub(crate) fn died(&self, replica_id: ReplicaId) {
        self.seen.lock().deaths.insert(replica_id, self.executor.now());
    }

    /// An edit that was made for `version` was acknowledged.
    pub(crate) fn edited(&self, id: CronConfigId, version: i64) {
        let mut seen = self.seen.lock();
        if seen.edits.insert(id, version).is_some_and(|last| last >= version) {
            seen.violation("edit", format!("two edits of config {id} went out from the version {version}"));
        }
    }

    /// I3: while some replica has lived in peace since `peace`, nothing that a dead one ran is still running long after.
    pub(crate) fn check_rescue(&self, peace: Duration, within: Duration) {
        let now = self.executor.now();
        let mut seen = self.seen.lock();
        let late = |run: &&CronRun| {
            let death = run.replica_id.and_then(|id| seen.deaths.get(&id));
            run.state == RunState::Running && death.is_some_and(|death| now > peace.max(*death) + run.ttl + within)
        };
        let late: Vec<_> = seen.rows.values().filter(late).cloned().collect();
        for run in late {
            seen.violation(
                "I3",
                format!("run {} of {} still runs on a dead replica at {}", run.id, run.name, true_time(now)),
            );
        }
    }

    /// The end: the world has healed and had time to come to rest.
    pub(crate) fn conclude(&self, accounts: &[Account], enabled: &BTreeSet<PageId>) -> Verdict {
        let now = true_time(self.executor.now());
        let mut seen = self.seen.lock();
        for account in accounts {
            seen.check_account(account);
            if enabled.contains(&account.page_id) && account.watermark < now - Duration::from_secs(90) {
                seen.violation("I4", format!("{} stands still at {}", account.name, account.watermark));
            }
        }
        let rows: Vec<_> = seen.rows.values().cloned().collect();
        for row in &rows {
            if row.cancelling && row.state == RunState::Running {
                seen.violation("cancel", format!("run {} of {} went on after it was cancelled", row.id, row.name));
            }
            if let Some(what) = seen.switches.judge(row) {
                seen.violation("switch", what);
            }
            seen.note(("row", row.id, row.state, row.due_through, row.count));
        }
        Verdict {
            violations: std::mem::take(&mut seen.violations),
            trace: seen.trace.finish(),
            starts: seen.starts.len(),
            rows: rows.len(),
            skipped_ticks: rows.iter().filter(|run| run.state == RunState::Skipped).map(|run| run.count).sum(),
        }
    }
}

impl Seen {
    fn violation(&mut self, law: &str, what: String) {
        self.violations.push(format!("{law}: {what}"));
    }

    fn note(&mut self, event: impl Hash) {
        event.hash(&mut self.trace);
    }

    /// I2: what a run does never comes after what a later run of the same config did.
    fn effect(&mut self, run: &CronRun) {
        let latest = self.effects.entry(run.page_id()).or_default();
        if run.fence < *latest {
            let what = format!("{} acted under fence {} after fence {latest}", run.name, run.fence);
            return self.violation("I2", what);
        }
        *latest = run.fence;
    }

    pub(crate) fn page(&mut self, page: &Page) {
        let watermark = self.watermarks.insert(page.id(), page.watermark());
        if watermark.is_some_and(|old| old > page.watermark()) {
            self.violation("I7", format!("the watermark of {} fell", page.config().name));
        }
        if let Some(what) = self.switches.page(page) {
            self.violation("switch", what);
        }
        if let Some(what) = self.calendars.page(page, &self.rows) {
            self.violation("calendar", what);
        }
        page.runs().for_each(|run| self.row(run));
    }

    /// I6, I7: a terminal row stays as it is, but for a skipped one that grows; each claim raises the fence.
    pub(crate) fn row(&mut self, run: &CronRun) {
        let old = self.rows.insert(run.id, run.clone());
        if let Some(old) = old.as_ref().filter(|old| old.state.is_terminal() && *old != run) {
            let grown = CronRun { due_through: run.due_through, count: run.count, ..old.clone() };
            if old.state != RunState::Skipped || grown != *run || run.count < old.count {
                self.violation(
                    "I6",
                    format!("run {} of {} was {} and became {}", run.id, run.name, old.state, run.state),
                );
            }
        }
        if run.state == RunState::Running && old.is_none_or(|old| old.fence != run.fence) {
            let last = self.fences.insert(run.page_id(), run.fence);
            if last.is_some_and(|last| last >= run.fence) {
                self.violation("I7", format!("the fence of {} did not rise", run.name));
            }
        }
        if run.cancelling && run.state == RunState::Pending {
            self.violation("cancel", format!("run {} of {} waits again after it was cancelled", run.id, run.name));
        }
        if run.reason == Some(SkipReason::LockedElsewhere) && !OUTSIDERS_JOBS.contains(&run.name.as_str()) {
            self.violation("I11", format!("run {} of {} was kept out by a sibling's lock", run.id, run.name));
        }
        // A finish carries the fence it was made under.
        if let Some(result) = run.result.as_ref().filter(|_| run.state == RunState::Succeeded)
            && *result != run.fence.to_string()
        {
            self.violation("I6", format!("run {} under fence {} was finished by fence {result}", run.id, run.fence));
        }
    }

    /// I4: the rows cover every tick of every version exactly once.
    fn check_account(&mut self, account: &Account) {
        for (version, since, through) in account.spans() {
            let Some(schedule) = &version.schedule else { continue };
            let expected: Vec<Timestamp> = schedule.ticks(since, through).collect();
            let of_version = |run: &&CronRun| {
                run.page_id() == account.page_id && run.config_version == version.version && run.kind == RunKind::Tick
            };
            let mut recorded = Vec::new();
            for run in self.rows.values().filter(of_version) {
                let ticks: Vec<_> = schedule.ticks(run.due_at - Duration::from_secs(1), run.due_through).collect();
                if ticks.len() as u64 != run.count {
                    recorded.push(Timestamp::MAX);
                }
                recorded.extend(ticks);
            }
            recorded.sort();
            if recorded != expected {
                let lost = expected.iter().filter(|tick| !recorded.contains(tick)).count();
                let what = format!(
                    "{} version {}: {} ticks, {} recorded, {lost} lost",
                    account.name,
                    version.version,
                    expected.len(),
                    recorded.len()
                );
                self.violation("I4", what);
            }
        }
        if !account.imbalances().is_empty() {
            self.violation("I4", format!("{} does not add up: {:?}", account.name, account.imbalances()));
        }
    }
}
