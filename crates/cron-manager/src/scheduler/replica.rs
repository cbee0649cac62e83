//! One process of the service: its parts, and the tasks it runs.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use parking_lot::{Mutex, RwLock};
use tokio::sync::{Notify, broadcast, mpsc, watch};

use super::{
    active::ActiveRuns, share::Share, store_time::StoreTime, tuning::Tuning, under_way::UnderWay, watch::Membership,
};
use crate::{
    ActiveRun, Control, CronConfig, CronRun, Handler, JobName, Outcome, ReplicaId, RunId, StoreId,
    contracts::{Clock, Finish, Locker, Observer, Randomness, Sealer, Services, Signal, Spawn, Store},
    domain::ledger::Page,
};

/// What a replica is made of.
#[derive(Clone)]
pub struct Parts {
    /// Configs and the ledger.
    pub store: Arc<dyn Store>,
    /// Keeps out those who do not share the store.
    pub locker: Arc<dyn Locker>,
    /// Nudges between replicas.
    pub signal: Arc<dyn Signal>,
    /// This machine's clock.
    pub clock: Arc<dyn Clock>,
    /// Ids, tokens, jitter.
    pub randomness: Arc<dyn Randomness>,
    /// Runs the replica's tasks.
    pub spawn: Arc<dyn Spawn>,
    /// The version of the service, for people to read.
    pub version: String,
    /// The name of this machine, for people to read.
    pub host: String,
    /// Whether it may be started; if not, it plans and runs nothing, and the store can be read and written all the same.
    pub on: bool,
    /// What handlers may ask for.
    pub services: Arc<Services>,
    /// Counts what happens; `()` does not.
    pub observer: Arc<dyn Observer>,
    /// Runs jobs of other types than inline, by what [`JobType::runner`](crate::JobType::runner) names.
    pub runners: HashMap<String, Arc<dyn Handler>>,
    /// Keeps secrets of jobs from the store; without it none can be written.
    pub sealer: Option<Arc<dyn Sealer>>,
}

/// What happens to runs, as it happens, for those who watch.
#[derive(Clone, Debug)]
pub enum Activity {
    /// A handler is about to be called.
    Started(CronRun),
    /// A run ended here, and the store has it.
    Ended(CronRun, Outcome),
    /// Ticks were recorded as skipped.
    Skipped(CronRun),
}

/// One process of the service.
pub struct Replica {
    pub(super) membership: Mutex<Membership>,
    pub(super) share: RwLock<Share>,
    pub(super) version: String,
    pub(super) host: String,
    pub(super) services: Arc<Services>,
    pub(super) observer: Arc<dyn Observer>,
    pub(super) store: Arc<dyn Store>,
    pub(super) locker: Arc<dyn Locker>,
    pub(super) signal: Arc<dyn Signal>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) tuning: Tuning,
    pub(super) store_time: StoreTime,
    pub(super) active: ActiveRuns,
    /// Wakes the turn when a run ended here, for what waits for its place.
    pub(super) run_ended: Notify,
    pub(super) finishes: mpsc::UnboundedSender<Finish>,
    /// Claims that are sent and may begin a run, beside the turns.
    pub(super) claims: UnderWay,
    /// Locks that are asked for, held, or let go.
    pub(super) locks: UnderWay,
    pub(super) phase: watch::Sender<Phase>,
    /// Whether the others were told that this replica plans no more.
    pub(super) left: watch::Sender<bool>,
    /// The configs that foreign timers call for, as this replica knows them.
    pub(super) called: Mutex<HashMap<JobName, Arc<CronConfig>>>,
    pub(super) handlers: RwLock<HashMap<JobName, Arc<dyn Handler>>>,
    pub(super) runners: HashMap<String, Arc<dyn Handler>>,
    sealer: Option<Arc<dyn Sealer>>,
    on: bool,
    control: watch::Sender<Control>,
    draining: AtomicBool,
    randomness: Arc<dyn Randomness>,
    spawn: Arc<dyn Spawn>,
    activity: broadcast::Sender<Activity>,
    unfinished: Mutex<Option<mpsc::UnboundedReceiver<Finish>>>,
}

/// Where a replica is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// Not started: nothing is planned.
    Idle,
    /// Plans, claims and runs.
    Running,
    /// Plans no more; what runs may go on.
    Stopping,
    /// Plans no more, and the last turn is over.
    Stopped,
    /// All tasks end.
    Ended,
}

impl Replica {
    /// How many activities a slow watcher may lag behind before it loses the oldest.
    const WATCHED: usize = 1_024;

    /// A replica with a new random id. It does nothing until it is started.
    pub fn new(parts: Parts, tuning: Tuning) -> Arc<Self> {
        let (finishes, unfinished) = mpsc::unbounded_channel();
        Arc::new(Self {
            membership: Mutex::new(Membership::new(ReplicaId(parts.randomness.next()), StoreId(0))),
            share: RwLock::default(),
            version: parts.version,
            host: parts.host,
            services: parts.services,
            observer: parts.observer,
            store: parts.store,
            locker: parts.locker,
            signal: parts.signal,
            clock: parts.clock,
            tuning,
            store_time: StoreTime::default(),
            active: ActiveRuns::default(),
            run_ended: Notify::new(),
            finishes,
            claims: UnderWay::new(),
            locks: UnderWay::new(),
            phase: watch::Sender::new(Phase::Idle),
            left: watch::Sender::new(false),
            on: parts.on,
            control: watch::Sender::new(Control::default()),
            draining: AtomicBool::new(false),
            randomness: parts.randomness,
            spawn: parts.spawn,
            called: Mutex::default(),
            handlers: RwLock::default(),
            runners: parts.runners,
            sealer: parts.sealer,
            activity: broadcast::Sender::new(Self::WATCHED),
            unfinished: Mutex::new(Some(unfinished)),
        })
    }

    /// Starts the replica's tasks; once. Nothing is started when it is off.
    pub fn start(self: &Arc<Self>) {
        if !self.on {
            tracing::info!("cron_manager is off: nothing runs");
            return;
        }
        let Some(unfinished) = self.unfinished.lock().take() else { return };
        self.phase.send_replace(Phase::Running);
        self.spawn(Arc::clone(self).take_turns());
        self.spawn(Arc::clone(self).keep_heartbeats());
        self.spawn(Arc::clone(self).keep_finishing(unfinished));
        self.spawn(Arc::clone(self).keep_watching());
        self.spawn(Arc::clone(self).keep_output());
    }

    /// Its id; a new one when the others had given it up for dead.
    pub fn id(&self) -> ReplicaId {
        self.membership.lock().id
    }

    /// Which store it stands on, as it told when the replica joined.
    pub(super) fn store_id(&self) -> StoreId {
        self.membership.lock().store_id
    }

    /// What keeps out those who do not share the store.
    pub fn locker(&self) -> &Arc<dyn Locker> {
        &self.locker
    }

    /// How replicas nudge each other.
    pub fn signal(&self) -> &Arc<dyn Signal> {
        &self.signal
    }

    /// Where configs and the ledger are kept.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// The lengths and sizes it works by.
    pub fn tuning(&self) -> &Tuning {
        &self.tuning
    }

    /// This machine's clock.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// A random value.
    pub fn random(&self) -> u64 {
        self.randomness.next()
    }

    /// What keeps statements secret from the store.
    pub fn sealer(&self) -> Option<&dyn Sealer> {
        self.sealer.as_deref()
    }

    /// What handlers may ask for.
    pub fn services(&self) -> &Services {
        &self.services
    }

    /// A name for a run that somebody asks for.
    pub fn request_id(&self) -> String {
        format!("{:016x}{:016x}", self.random(), self.random())
    }

    /// Tells all replicas to look at the store again.
    pub fn nudge(&self) {
        self.signal.nudge();
    }

    /// Gives the job its handler, in place of an older one.
    pub fn register(&self, name: JobName, handler: Arc<dyn Handler>) {
        self.handlers.write().insert(name, handler);
        self.run_ended.notify_one();
    }

    /// What happens to runs from now on.
    pub fn activity(&self) -> broadcast::Receiver<Activity> {
        self.activity.subscribe()
    }

    /// The run, when it is live here.
    pub fn active_run(&self, id: RunId) -> Option<ActiveRun> {
        self.active.of(id).map(|live| live.active.clone())
    }

    /// How many runs are live here.
    pub fn running(&self) -> usize {
        self.active.executing()
    }

    /// Counts the ticks that were written as skipped by a decision on these pages.
    pub fn count_skips(&self, pages: &[Page]) {
        let skips = pages.iter().flat_map(Page::written_skips);
        skips.for_each(|(run, ticks)| self.observer.skipped(run, ticks));
    }

    /// The control record as this replica knows it, to be followed.
    pub fn control(&self) -> watch::Receiver<Control> {
        self.control.subscribe()
    }

    /// What the store told of the control record.
    pub fn learn_control(&self, control: &Control) {
        let is_news = |known: &mut Control| {
            let newer = control.version > known.version;
            if newer {
                tracing::info!(
                    enabled = control.enabled,
                    log_level = control.log_level,
                    "the control record was changed"
                );
                *known = control.clone();
            }
            newer
        };
        self.control.send_if_modified(is_news);
    }

    /// What runs it here: the handler of its name, or the runner of its type.
    pub(super) fn handler(&self, config: &CronConfig) -> Option<Arc<dyn Handler>> {
        match config.job_type.runner() {
            None => self.handlers.read().get(&config.name).cloned(),
            Some(runner) => self.runners.get(&runner).cloned(),
        }
    }

    pub(super) fn can_run(&self, config: &CronConfig) -> bool {
        self.handler(config).is_some()
    }

    /// How many more runs may start here.
    pub(super) fn room(&self) -> usize {
        if self.is_stopping() { 0 } else { self.tuning.concurrency.saturating_sub(self.active.executing()) }
    }

    /// Whether it runs anything.
    pub fn is_on(&self) -> bool {
        self.on
    }

    pub(super) fn has_started(&self) -> bool {
        *self.phase.borrow() > Phase::Idle
    }

    pub(super) fn is_stopping(&self) -> bool {
        *self.phase.borrow() >= Phase::Stopping
    }

    /// The version of the service, for people to read.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The name of this machine, for people to read.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether the replica was asked to start nothing more.
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    pub(super) fn set_draining(&self, draining: bool) {
        if self.draining.swap(draining, Ordering::Relaxed) != draining {
            tracing::info!(replica_id = %self.id(), draining, "this replica was asked to start nothing more, or to start again");
        }
    }

    /// Ends when the others were told that this replica plans no more, or could not be.
    pub(super) async fn left(&self) {
        let mut left = self.left.subscribe();
        // The sender lives as long as `self`, so waiting cannot fail.
        let _ = left.wait_for(|left| *left).await;
    }

    /// Ends when the replica has come to `phase`.
    pub(super) async fn reached(&self, phase: Phase) {
        let mut watched = self.phase.subscribe();
        // The sender lives as long as `self`, so waiting cannot fail.
        let _ = watched.wait_for(|now| *now >= phase).await;
    }

    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.spawn.spawn(Box::pin(task));
    }

    /// A length between four and six fifths of `length`, so that replicas do not march in step.
    pub(super) fn jitter(&self, length: Duration) -> Duration {
        length.mul_f64(0.8 + 0.4 * self.randomness.fraction())
    }

    pub(super) fn report(&self, activity: Activity) {
        // Nobody may be watching.
        let _ = self.activity.send(activity);
    }

    /// Tells of a row that stands for so many more skipped ticks.
    pub(super) fn report_skip(&self, run: &CronRun, ticks: u64) {
        self.observer.skipped(run, ticks);
        tracing::info!(
            run_id = %run.id, job = %run.name, due_at = %run.due_at, reason = run.reason.map(tracing::field::display), count = run.count,
            "Job: {}; Skipped", run.name
        );
        self.report(Activity::Skipped(run.clone()));
    }
}
