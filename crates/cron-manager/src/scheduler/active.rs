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
    /// Wakes who tells the store what runs log.
    pub(super) begun: Notify,
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
    waiter: Mutex<Option<oneshot::Sender<End>>>,
}

/// How a live run left this replica.
#[derive(Clone, Debug)]
pub(super) enum End {
    /// The handler did not begin: the claim was taken back, and the run waits again.
    TakenBack,
    /// It ended so, and the store has that.
    Recorded(Outcome),
}

struct State {
    step: Step,
    /// Until here nobody else can have taken the run, on this machine's clock.
    trust: Duration,
    next_beat: Duration,
    /// When the handler was called, and for how long it went on.
    began: Duration,
    took: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Claimed,
    Executing,
    /// The handler is over, or will never begin.
    Over,
}

impl ActiveRuns {
    /// Adds a run, unless it is there already under the same hold.
    pub(super) fn insert(&self, live: &Arc<Live>) -> bool {
        match self.lives.lock().entry(live.hold.run_id) {
            Entry::Occupied(place) if place.get().hold == live.hold => return false,
            // A claim that is still being taken back here, although the store has let the run be claimed anew.
            Entry::Occupied(mut place) => drop(place.insert(Arc::clone(live))),
            Entry::Vacant(place) => drop(place.insert(Arc::clone(live))),
        }
        self.begun.notify_one();
        if self.next_beat.lock().is_none_or(|next| live.next_beat() < next) {
            self.beat_sooner.notify_one();
        }
        true
    }

    pub(super) fn remove(&self, hold: Hold) {
        let mut lives = self.lives.lock();
        if lives.get(&hold.run_id).is_some_and(|live| live.hold == hold) {
            lives.remove(&hold.run_id);
        }
        if lives.is_empty() {
            self.emptied.notify_waiters();
        }
    }

    /// When the next heartbeat is due, if any; the heartbeats will look then.
    pub(super) fn plan_beat(&self) -> Option<Duration> {
        let mut planned = self.next_beat.lock();
        *planned = self.lives.lock().values().map(|live| live.next_beat()).min();
        *planned
    }

    pub(super) fn get(&self, hold: Hold) -> Option<Arc<Live>> {
        self.lives.lock().get(&hold.run_id).filter(|live| live.hold == hold).cloned()
    }

    /// The live run of that id.
    pub(super) fn of(&self, id: RunId) -> Option<Arc<Live>> {
        self.lives.lock().get(&id).cloned()
    }

    pub(super) fn all(&self) -> Vec<Arc<Live>> {
        let mut lives: Vec<_> = self.lives.lock().values().cloned().collect();
        lives.sort_unstable_by_key(|live| live.hold.run_id);
        lives
    }

    pub(super) fn contains(&self, hold: Hold) -> bool {
        self.get(hold).is_some()
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
        let state =
            State { step: Step::Claimed, trust: sent + ttl, next_beat: sent + ttl / 3, began: sent, took: None };
        Self { active, hold, state: Mutex::new(state), waiter: Mutex::default() }
    }

    /// Ends when the run has left this replica; with an error, when nobody here knows how.
    pub(super) fn ended(&self) -> oneshot::Receiver<End> {
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
    pub(super) fn tell(&self, end: End) {
        if let Some(waiter) = self.waiter.lock().take() {
            // Who no longer waits need not be told.
            let _ = waiter.send(end);
        }
    }

    /// The handler may be called now; false when the claim has lapsed or was taken back.
    pub(super) fn begin(&self, now: Duration) -> bool {
        let mut state = self.state.lock();
        let may = state.step == Step::Claimed && now < state.trust;
        state.step = if may { Step::Executing } else { Step::Over };
        state.began = now;
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

    /// The handler is over.
    pub(super) fn end(&self, now: Duration) {
        let mut state = self.state.lock();
        (state.step, state.took) = (Step::Over, Some(now - state.began));
    }

    /// How long the handler went on, once it is over.
    pub(super) fn took(&self) -> Option<Duration> {
        self.state.lock().took
    }

    pub(super) fn is_executing(&self) -> bool {
        self.state.lock().step == Step::Executing
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ClaimToken, CronConfigFields, ReplicaId,
        domain::ledger::{Claimant, Page, Place},
    };
    use jiff::Timestamp;

    /// A run that was claimed twice: at first, and again after its claim was taken back.
    fn claimed_twice() -> [Arc<Live>; 2] {
        let now = Timestamp::UNIX_EPOCH;
        let config = CronConfigFields::named("j").enabled(true).create(now).unwrap();
        let mut page = Page::new(now, config.clone(), Place::begun(now), Vec::new());
        let place = page.record_tick(now);
        [1, 2].map(|token| {
            assert!(page.start(place, Claimant { replica_id: ReplicaId(1), token: ClaimToken(token) }));
            let run = page.row(place).clone();
            let hold = run.hold().unwrap();
            page.hand_back(hold);
            let active = ActiveRun::new(run, Arc::new(config.clone()), None, Arc::default());
            Arc::new(Live::new(active, hold, Duration::ZERO))
        })
    }

    #[test]
    fn a_run_that_is_claimed_anew_takes_the_place_of_its_old_claim() {
        let (runs, [old, new]) = (ActiveRuns::default(), claimed_twice());
        assert!(runs.insert(&old) && !runs.insert(&old));
        assert!(runs.insert(&new));
        // Whoever still takes the old claim back leaves the new one alone.
        runs.remove(old.hold);
        assert!(!runs.contains(old.hold) && runs.contains(new.hold));
        runs.remove(new.hold);
        assert!(runs.is_empty());
    }
}
