//! What a replica knows of the store: when each config is due next, and which runs wait.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    time::Duration,
};

use jiff::Timestamp;

use crate::{
    CronConfig, CronConfigId, JobName, Revision, RunState,
    contracts::{Look, Standing, Waiting},
    domain::ledger::Page,
};

/// Ticks of a disabled config are written down at least this often; nobody waits for them.
const DISABLED_EVERY: Duration = Duration::from_secs(3_600);

/// When to do what. It may be out of date: it decides when to ask the store, never what becomes of a tick.
#[derive(Default)]
pub(super) struct Agenda {
    revision: Revision,
    configs: HashMap<CronConfigId, Entry>,
    queue: BTreeSet<(Timestamp, CronConfigId)>,
    /// In order, so that the same knowledge gives the same turn.
    waiting: BTreeMap<CronConfigId, Vec<Waiting>>,
    tried: HashSet<CronConfigId>,
}

struct Entry {
    name: JobName,
    next: Option<Timestamp>,
}

impl Agenda {
    pub(super) fn revision(&self) -> Revision {
        self.revision
    }

    /// A new turn begins: what was tried may be tried again.
    pub(super) fn learn(&mut self, look: Look) {
        self.tried.clear();
        self.revision = look.revision;
        for Standing { config, watermark } in look.changed {
            self.put(&config, watermark);
        }
        self.waiting.clear();
        for waiting in look.waiting {
            self.waiting.entry(waiting.config_id).or_default().push(waiting);
        }
    }

    pub(super) fn learn_page(&mut self, page: &Page) {
        let config = page.config();
        self.put(config, page.watermark());
        let pending = page.runs().filter(|run| run.state == RunState::Pending);
        let waiting: Vec<_> = pending.map(Waiting::of).collect();
        if waiting.is_empty() {
            self.waiting.remove(&config.id);
        } else {
            self.waiting.insert(config.id, waiting);
        }
    }

    /// Leaves a config alone until `until`.
    pub(super) fn put_off(&mut self, id: CronConfigId, until: Timestamp) {
        self.waiting.remove(&id);
        if let Some(entry) = self.configs.get_mut(&id)
            && let Some(old) = entry.next.replace(until)
        {
            self.queue.remove(&(old, id));
            self.queue.insert((until, id));
        }
    }

    fn put(&mut self, config: &CronConfig, watermark: Timestamp) {
        let next = next_plan(config, watermark);
        let entry = Entry { name: config.name.clone(), next };
        if let Some(old) = self.configs.insert(config.id, entry).and_then(|entry| entry.next) {
            self.queue.remove(&(old, config.id));
        }
        match next {
            Some(next) => drop(self.queue.insert((next, config.id))),
            None if config.deleted_at.is_some() => drop(self.configs.remove(&config.id)),
            None => {}
        }
    }

    /// Up to `limit` configs with something to do at `now` that were not tried in this turn. `startable` tells which jobs this
    /// replica could start.
    pub(super) fn due(
        &mut self,
        now: Timestamp,
        limit: usize,
        startable: impl Fn(&JobName) -> bool,
    ) -> Vec<CronConfigId> {
        let ticks = self.queue.iter().take_while(|(at, _)| *at <= now).map(|(_, id)| *id);
        let waits = self.waiting.iter().filter(|(id, waiting)| {
            let starts = || self.configs.get(id).is_some_and(|entry| startable(&entry.name));
            let due = |run: &Waiting| run.start_deadline <= now || (run.start_after <= now && starts());
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
    pub(super) fn next_wake(&self, now: Timestamp) -> Option<Timestamp> {
        let tick = self.queue.first().map(|(at, _)| *at);
        let waits = self.waiting.values().flatten().flat_map(|run| [run.start_after, run.start_deadline]);
        tick.into_iter().chain(waits.filter(|at| *at > now)).min()
    }

    /// Whether a run waits that could start when another one ends.
    pub(super) fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }
}

fn next_plan(config: &CronConfig, watermark: Timestamp) -> Option<Timestamp> {
    let schedule = config.schedule.as_ref().filter(|_| config.deleted_at.is_none())?;
    let tick = schedule.next_after(watermark)?;
    let lazily = watermark.saturating_add(DISABLED_EVERY).unwrap_or(Timestamp::MAX);
    Some(if config.enabled { tick } else { tick.max(lazily) })
}
