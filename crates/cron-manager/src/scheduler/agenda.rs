//! What a replica knows of the store: when each config is due next, and which runs wait.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;

use crate::{
    CronConfig, CronConfigId, PageId, ReplicaId, Revision, RunState,
    contracts::{Look, Standing, Waiting},
    domain::ledger::Page,
};

/// Ticks that do not run, of a disabled or paused config or while jobs are switched off, are written down at least this often; nobody waits for them.
const DISABLED_EVERY: Duration = Duration::from_secs(3_600);

/// How long after its deadline a run in another replica's lane is left to that replica.
const OTHERS_LANE: Duration = Duration::from_secs(5);

/// When to do what. It may be out of date: it decides when to ask the store, never what becomes of a tick.
pub(super) struct Agenda {
    me: ReplicaId,
    /// Since when this replica is registered.
    since: Timestamp,
    /// Whether jobs are switched on.
    on: bool,
    revision: Revision,
    configs: HashMap<CronConfigId, Entry>,
    queue: BTreeSet<(Timestamp, CronConfigId)>,
    /// In order, so that the same knowledge gives the same turn.
    waiting: BTreeMap<PageId, Vec<Waiting>>,
    tried: HashSet<PageId>,
}

struct Entry {
    config: Arc<CronConfig>,
    /// The page on which the config's ticks are this replica's to plan.
    page_id: PageId,
    watermark: Timestamp,
    /// The instant that is due next.
    tick: Option<Timestamp>,
    /// When to do something about it.
    next: Option<Timestamp>,
}

/// How long this replica leaves what is due on a page to the others.
pub(super) type Delay<'a> = &'a dyn Fn(&CronConfig, Timestamp) -> Duration;

impl Agenda {
    /// An empty agenda of a replica registered at `since`.
    pub(super) fn new(me: ReplicaId, since: Timestamp) -> Self {
        Self {
            me,
            since,
            on: true,
            revision: Revision::default(),
            configs: HashMap::new(),
            queue: BTreeSet::new(),
            waiting: BTreeMap::new(),
            tried: HashSet::new(),
        }
    }

    pub(super) fn owner(&self) -> ReplicaId {
        self.me
    }

    pub(super) fn revision(&self) -> Revision {
        self.revision
    }

    /// A new turn begins: what was tried may be tried again.
    pub(super) fn begin_turn(&mut self) {
        self.tried.clear();
    }

    pub(super) fn learn(&mut self, look: Look) {
        self.revision = look.revision;
        self.switch(look.control.enabled);
        for Standing { config, watermark } in look.changed {
            self.put(&config, watermark);
        }
        for (id, watermark) in look.watermarks {
            self.move_on(id, watermark);
        }
        self.waiting.clear();
        for waiting in look.waiting {
            self.waiting.entry(waiting.page_id).or_default().push(waiting);
        }
    }

    /// Jobs were switched on or off: all that is due is due at another time.
    fn switch(&mut self, on: bool) {
        if std::mem::replace(&mut self.on, on) != on {
            let known: Vec<_> =
                self.configs.values().map(|entry| (Arc::clone(&entry.config), entry.watermark)).collect();
            known.iter().for_each(|(config, watermark)| self.put(config, *watermark));
        }
    }

    pub(super) fn learn_page(&mut self, page: &Page) {
        let id = page.id();
        if id.lane.is_none_or(|lane| lane == self.me) {
            self.put(page.config(), page.watermark());
        }
        let pending = page.runs().filter(|run| run.state == RunState::Pending);
        let waiting: Vec<_> = pending.map(Waiting::of).collect();
        if waiting.is_empty() {
            self.waiting.remove(&id);
        } else {
            self.waiting.insert(id, waiting);
        }
    }

    /// Leaves a page alone until `until`.
    pub(super) fn put_off(&mut self, id: PageId, until: Timestamp) {
        self.waiting.remove(&id);
        if self.configs.get(&id.config_id).is_some_and(|entry| entry.page_id == id && entry.next.is_some()) {
            self.reschedule(id.config_id, Some(until));
        }
    }

    /// The configs whose tick is due and which another replica comes before: has it seen to them?
    pub(super) fn second_hand(&mut self, now: Timestamp, delay: Delay<'_>) -> Vec<CronConfigId> {
        let due: Vec<_> = self.queue.iter().take_while(|(at, _)| *at <= now).map(|(_, id)| *id).collect();
        due.into_iter().filter(|id| self.wait_for_others(*id, now, delay)).collect()
    }

    /// Moves a config to the instant at which it is this replica's turn. True: that has come, and others came before.
    fn wait_for_others(&mut self, id: CronConfigId, now: Timestamp, delay: Delay<'_>) -> bool {
        let Some(entry) = self.configs.get(&id).filter(|entry| entry.page_id.lane.is_none()) else { return false };
        let Some(tick) = entry.tick else { return false };
        let delay = delay(&entry.config, tick);
        let turn = later(tick, delay);
        if turn > now {
            self.reschedule(id, Some(turn));
        }
        delay > Duration::ZERO && turn <= now
    }

    fn put(&mut self, config: &CronConfig, watermark: Timestamp) {
        let old = self.configs.remove(&config.id);
        if let Some(next) = old.as_ref().and_then(|entry| entry.next) {
            self.queue.remove(&(next, config.id));
        }
        if config.deleted_at.is_some() {
            return;
        }
        let page_id = PageId { config_id: config.id, lane: (!config.is_distributed()).then_some(self.me) };
        let old = old.filter(|entry| entry.page_id == page_id);
        // Nobody else moves a lane's watermark, but for an edit, which moves the service page's as well.
        let known = old.as_ref().map_or(self.since, |entry| entry.watermark.max(self.since));
        let watermark = if page_id.lane.is_some() { watermark.max(known) } else { watermark };
        let kept = old.map(|entry| entry.config).filter(|known| known.version == config.version);
        let (tick, next) = next_plan(config, watermark, self.on).unzip();
        let config = kept.unwrap_or_else(|| Arc::new(config.clone()));
        self.queue.extend(next.map(|next| (next, config.id)));
        self.configs.insert(config.id, Entry { config, page_id, watermark, tick, next });
    }

    /// Others have seen to the ticks of a service's page up to `watermark`.
    fn move_on(&mut self, id: CronConfigId, watermark: Timestamp) {
        let Some(entry) = self.configs.get(&id) else { return };
        if entry.page_id.lane.is_none() && watermark > entry.watermark {
            let config = Arc::clone(&entry.config);
            self.put(&config, watermark);
        }
    }

    fn reschedule(&mut self, id: CronConfigId, next: Option<Timestamp>) {
        let Some(entry) = self.configs.get_mut(&id) else { return };
        if let Some(old) = entry.next {
            self.queue.remove(&(old, id));
        }
        entry.next = next;
        self.queue.extend(next.map(|next| (next, id)));
    }

    /// Up to `limit` pages with something to do at `now` that were not tried in this turn. `startable` tells which jobs this
    /// replica could start.
    pub(super) fn due(
        &mut self,
        now: Timestamp,
        limit: usize,
        startable: impl Fn(&CronConfig) -> bool,
        delay: Delay<'_>,
    ) -> Vec<PageId> {
        let ticks = self.queue.iter().take_while(|(at, _)| *at <= now).map(|(_, id)| self.configs[id].page_id);
        let waits = self.waiting.iter().filter(|(id, waiting)| {
            let Some(entry) = self.configs.get(&id.config_id) else { return false };
            let starts = self.on && id.lane.is_none_or(|lane| lane == self.me) && startable(&entry.config);
            let due =
                |run: &Waiting| run.deadline(entry, self.me, delay) <= now || (starts && run.turn(entry, delay) <= now);
            waiting.iter().any(due)
        });
        let mut ids: Vec<_> =
            ticks.chain(waits.map(|(id, _)| *id)).filter(|id| !self.tried.contains(id)).take(limit).collect();
        ids.sort_unstable();
        ids.dedup();
        self.tried.extend(&ids);
        ids
    }

    /// The next instant at which something is due, of what waits only what is not due at `now` already.
    pub(super) fn next_wake(&self, now: Timestamp, delay: Delay<'_>) -> Option<Timestamp> {
        let tick = self.queue.first().map(|(at, _)| *at);
        let waits = self.waiting.iter().filter_map(|(id, waiting)| Some((self.configs.get(&id.config_id)?, waiting)));
        let instants = waits.flat_map(|(entry, waiting)| {
            waiting.iter().flat_map(move |run| [run.turn(entry, delay), run.deadline(entry, self.me, delay)])
        });
        tick.into_iter().chain(instants.filter(|at| *at > now)).min()
    }

    /// Whether a run waits that could start when another one ends.
    pub(super) fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }
}

impl Waiting {
    /// When a replica may start it, after those that come before.
    fn turn(&self, entry: &Entry, delay: Delay<'_>) -> Timestamp {
        if self.page_id.lane.is_some() {
            return self.start_after;
        }
        later(self.start_after, delay(&entry.config, self.start_after))
    }

    /// When `me` skips it; in another's lane, some time after that one should have.
    fn deadline(&self, entry: &Entry, me: ReplicaId, delay: Delay<'_>) -> Timestamp {
        match self.page_id.lane {
            Some(lane) if lane == me => self.start_deadline,
            Some(_) => later(self.start_deadline, OTHERS_LANE),
            None => later(self.start_deadline, delay(&entry.config, self.start_after)),
        }
    }
}

/// The tick after `watermark`, and when to do something about it. `on`: whether jobs are switched on.
fn next_plan(config: &CronConfig, watermark: Timestamp, on: bool) -> Option<(Timestamp, Timestamp)> {
    let schedule = config.schedule.as_ref()?;
    let tick = schedule.next_after(watermark)?;
    let now_and_then = tick.max(later(watermark, DISABLED_EVERY));
    Some((
        tick,
        match &config.paused {
            _ if !on || !config.enabled => now_and_then,
            Some(pause) if pause.holds(tick) => {
                // The first tick that runs again is not waited for longer than others.
                let runs = pause.until.and_then(|until| schedule.next_after(until - Duration::from_secs(1)));
                runs.map_or(now_and_then, |runs| now_and_then.min(runs))
            }
            _ => tick,
        },
    ))
}

fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.saturating_add(by).unwrap_or(Timestamp::MAX)
}
