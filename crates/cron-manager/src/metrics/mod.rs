//! Metrics for Prometheus: what this replica counts, and how it is written. `docs/metrics.md` has them all.

mod histogram;
mod job;
mod jobs;
mod store;
mod text;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

pub use text::{Kind, Text};

use crate::{
    CronConfig, CronRun, JobName, RunKind, RunState,
    contracts::{Clock, LockAnswer, Observer, Store},
};
use histogram::Histogram;
use job::Job;
use jobs::Jobs;
use store::{TimedStore, Timings};

/// The upper bounds of how long others take to answer, in seconds.
const WAITS: &[f64] = &[0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 2.0];
const LOCK_ANSWERS: [(LockAnswer, &str); 4] = [
    (LockAnswer::Acquired, "acquired"),
    (LockAnswer::Elsewhere, "locked_elsewhere"),
    (LockAnswer::TickTaken, "tick_taken"),
    (LockAnswer::Unreachable, "unreachable"),
];

/// Counts what happens on this replica.
pub struct Metrics {
    clock: Arc<dyn Clock>,
    jobs: Jobs,
    /// Of jobs that have no series of their own.
    uncounted: AtomicU64,
    lock_wait: Histogram,
    lock_answers: [AtomicU64; LOCK_ANSWERS.len()],
    store: Timings,
}

impl Metrics {
    /// How many jobs have series of their own, unless it is settled otherwise.
    pub const MAX_JOBS: usize = 1_000;

    /// Nothing is counted yet. At most `max_jobs` jobs get series of their own.
    pub fn new(clock: Arc<dyn Clock>, max_jobs: usize) -> Self {
        Self {
            clock,
            jobs: Jobs::new(max_jobs),
            uncounted: AtomicU64::new(0),
            lock_wait: Histogram::new(WAITS),
            lock_answers: Default::default(),
            store: Timings::new(),
        }
    }

    /// The store, with how long its answers take counted here.
    pub fn timing(self: &Arc<Self>, store: Arc<dyn Store>) -> Arc<dyn Store> {
        Arc::new(TimedStore { store, metrics: Arc::clone(self) })
    }

    fn count(&self, name: &JobName, count: impl FnOnce(&Job)) {
        match self.jobs.get(name) {
            Some(job) => count(&job),
            None => drop(self.uncounted.fetch_add(1, Ordering::Relaxed)),
        }
    }

    /// Writes what was counted.
    pub fn write(&self, text: &mut Text) {
        self.jobs.write(text, self.clock.now());
        let help = "Events of jobs beyond the limit of jobs with series of their own.";
        let uncounted = self.uncounted.load(Ordering::Relaxed);
        text.family("cron_manager_metrics_uncounted_events_total", Kind::Counter, help).series(&[], uncounted);
        let help = "How long the answer to a request for a run's lock took, in seconds.";
        text.family("cron_manager_lock_wait_seconds", Kind::Histogram, help).histogram(&[], &self.lock_wait);
        let help = "Requests for the lock of a run, by what became of them.";
        let mut requests = text.family("cron_manager_lock_requests_total", Kind::Counter, help);
        for ((_, word), count) in LOCK_ANSWERS.iter().zip(&self.lock_answers) {
            requests.series(&[("outcome", word)], count.load(Ordering::Relaxed));
        }
        let help = "How long the store took to answer, in seconds, by what it was asked.";
        let mut asked = text.family("cron_manager_store_request_duration_seconds", Kind::Histogram, help);
        for (operation, took) in self.store.all() {
            asked.histogram(&[("operation", operation)], took);
        }
    }
}

impl Observer for Metrics {
    fn configured(&self, config: &CronConfig) {
        self.jobs.configure(config);
    }

    fn started(&self, run: &CronRun) {
        if run.kind == RunKind::Tick
            && let Some(started_at) = run.started_at
        {
            let late = Duration::try_from(started_at.duration_since(run.due_at)).unwrap_or_default();
            self.count(&run.name, |job| job.lateness.count(late));
        }
    }

    fn ended(&self, run: &CronRun, state: RunState, took: Option<Duration>) {
        self.count(&run.name, |job| job.end(state, took, self.clock.now()));
    }

    fn skipped(&self, run: &CronRun, ticks: u64) {
        self.count(&run.name, |job| job.skip(run.reason, ticks));
    }

    fn lock_answered(&self, answer: LockAnswer, took: Duration) {
        self.lock_wait.count(took);
        if let Some(place) = LOCK_ANSWERS.iter().position(|(known, _)| *known == answer) {
            self.lock_answers[place].fetch_add(1, Ordering::Relaxed);
        }
    }
}
