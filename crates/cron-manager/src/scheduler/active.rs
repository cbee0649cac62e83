//! The runs that are live on this replica.

use std::{
    collections::{HashMap, hash_map::Entry},
    fmt,
    sync::Arc,
    time::Duration,
};

use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot};

use crate::{ActiveRun, CronRun, Hold, Outcome, RunId, Stop};

/// The runs that this replica has claimed and whose end the store does not know yet.
#[derive(Default)]
pub struct ActiveRuns {
    lives: Mutex<HashMap<RunId, Arc<Live>>>,
    /// When the heartbeats will look again; a run that needs one before wakes them.
    next_beat: Mutex<Option<Duration>>,
    /// Wakes the heartbeats.
    pub(super) beat_sooner: Notify,
    /// Wakes a shutdown when the last run has gone.
    pub(super) emptied: Notify,
}

/// A claimed run and how long this replica may trust its claim.
pub(super) struct Live {
    pub(super) active: ActiveRun,
    pub(super) hold: Hold,
    state: Mutex<State>,
    /// Who waits for the end.
    waiter: Mutex<Option<oneshot::Sender<Outcome>>>,
}

struct State {
    step: Step,
    /// Until here nobody else can have taken the run, on this machine's clock.
    trust: Duration,
    next_beat: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Claimed,
    Executing,
    /// The handler is over, or will never begin.
    Over,
}

impl ActiveRuns {
    /// Adds a run, unless it is there already.
    pub(super) fn insert(&self, live: &Arc<Live>) -> bool {
        match self.lives.lock().entry(live.hold.run_id) {
            Entry::Occupied(_) => return false,
            Entry::Vacant(place) => drop(place.insert(Arc::clone(live))),
        }
        if self.next_beat.lock().is_none_or(|next| live.next_beat() < next) {
            self.beat_sooner.notify_one();
        }
        true
    }

    pub(super) fn remove(&self, id: RunId) -> Option<Arc<Live>> {
        let mut lives = self.lives.lock();
        let removed = lives.remove(&id);
        if lives.is_empty() {
            self.emptied.notify_waiters();
        }
        removed
    }

    /// When the next heartbeat is due, if any; the heartbeats will look then.
    pub(super) fn plan_beat(&self) -> Option<Duration> {
        let mut planned = self.next_beat.lock();
        *planned = self.lives.lock().values().map(|live| live.next_beat()).min();
        *planned
    }

    pub(super) fn get(&self, id: RunId) -> Option<Arc<Live>> {
        self.lives.lock().get(&id).cloned()
    }

    pub(super) fn all(&self) -> Vec<Arc<Live>> {
        let mut lives: Vec<_> = self.lives.lock().values().cloned().collect();
        lives.sort_unstable_by_key(|live| live.hold.run_id);
        lives
    }

    pub(super) fn contains(&self, hold: Hold) -> bool {
        self.lives.lock().get(&hold.run_id).is_some_and(|live| live.hold == hold)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lives.lock().is_empty()
    }

    /// How many runs take up room here.
    pub(super) fn executing(&self) -> usize {
        self.lives.lock().values().filter(|live| live.state.lock().step != Step::Over).count()
    }
}

impl Live {
    /// A run whose claim was sent at `sent`: trust counts from there.
    pub(super) fn new(active: ActiveRun, hold: Hold, sent: Duration) -> Self {
        let ttl = active.run().ttl;
        let state = State { step: Step::Claimed, trust: sent + ttl, next_beat: sent + ttl / 3 };
        Self { active, hold, state: Mutex::new(state), waiter: Mutex::default() }
    }

    /// Ends when the run has; with an error, when it ends unknown to this replica.
    pub(super) fn ended(&self) -> oneshot::Receiver<Outcome> {
        let (waiter, ended) = oneshot::channel();
        *self.waiter.lock() = Some(waiter);
        ended
    }

    /// Logs one of the original library's lines, with what tells this run from others.
    pub(super) fn log(&self, line: fmt::Arguments<'_>) {
        let CronRun { id, name, due_at, fence, attempt, .. } = self.active.run();
        let replica_id = self.hold.replica_id;
        tracing::info!(run_id = %id, job = %name, %due_at, attempt, %replica_id, %fence, "{line}");
    }

    /// Tells who waits for the end.
    pub(super) fn tell(&self, outcome: &Outcome) {
        if let Some(waiter) = self.waiter.lock().take() {
            // Who no longer waits need not be told.
            let _ = waiter.send(outcome.clone());
        }
    }

    /// The handler may be called now; false when the claim has lapsed or was taken back.
    pub(super) fn begin(&self, now: Duration) -> bool {
        let mut state = self.state.lock();
        let may = state.step == Step::Claimed && now < state.trust;
        state.step = if may { Step::Executing } else { Step::Over };
        may
    }

    /// Takes the claim back, if the handler has not begun.
    pub(super) fn take_back(&self) -> bool {
        let mut state = self.state.lock();
        let claimed = state.step == Step::Claimed;
        if claimed {
            state.step = Step::Over;
        }
        claimed
    }

    pub(super) fn end(&self) {
        self.state.lock().step = Step::Over;
    }

    pub(super) fn trust(&self) -> Duration {
        self.state.lock().trust
    }

    pub(super) fn next_beat(&self) -> Duration {
        self.state.lock().next_beat
    }

    pub(super) fn beat_again_at(&self, at: Duration) {
        self.state.lock().next_beat = at;
    }

    /// A heartbeat sent at `sent` was counted. Trust that has lapsed is never revived.
    pub(super) fn renew(&self, sent: Duration, now: Duration) {
        let ttl = self.active.run().ttl;
        let mut state = self.state.lock();
        state.next_beat = sent + ttl / 3;
        if now < state.trust {
            state.trust = state.trust.max(sent + ttl);
        }
    }

    /// Somebody else may have the run by now.
    pub(super) fn lose(&self) {
        self.state.lock().trust = Duration::ZERO;
        self.active.stop(Stop::HoldLost);
    }
}
