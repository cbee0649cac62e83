//! A service with one replica, and what the tests do with it.

use std::{sync::Arc, time::Duration};

use cron_manager::{
    CronConfigId, CronManager, CronRun, IntoHandler, JobName, RunState,
    backends::memory::{LocalSignal, MemoryStore},
    contracts::{RunQuery, Store},
    scheduler::Tuning,
    testing::ManualClock,
};
use jiff::Timestamp;
use tokio::sync::Notify;

use crate::locker::SharedLock;

/// Half past a second, so that rounding shows.
pub(crate) const START: &str = "2026-03-01T12:00:00.5Z";

pub(crate) struct Service {
    pub(crate) clock: ManualClock,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) manager: CronManager,
    signal: LocalSignal,
}

pub(crate) const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

impl Service {
    /// A manager that is not started yet, on an empty store.
    pub(crate) async fn new() -> Self {
        let clock = ManualClock::new(instant(START));
        let store = Arc::new(MemoryStore::shared(Arc::new(clock.clone())));
        let tuning = Tuning { stop_grace: seconds(5), ..Tuning::default() };
        Self::on(clock, store, LocalSignal::default(), tuning).await
    }

    /// The same, with a lock that others hold, too.
    pub(crate) async fn with_lock() -> (Self, SharedLock) {
        let clock = ManualClock::new(instant(START));
        let lock = SharedLock::new(clock.clone());
        let store = Arc::new(MemoryStore::shared(Arc::new(clock.clone())));
        (Self::locked(clock, store, lock.clone()).await, lock)
    }

    /// Another process of the same service, with the same lock.
    pub(crate) async fn another_locked(&self, lock: &SharedLock) -> Self {
        Self::locked(self.clock.clone(), Arc::clone(&self.store), lock.clone()).await
    }

    /// A service on a store of its own, which has nothing in common with others but the lock.
    pub(crate) async fn alone(shares: Option<(ManualClock, SharedLock)>) -> (Self, SharedLock) {
        let own = || {
            let clock = ManualClock::new(instant(START));
            (clock.clone(), SharedLock::new(clock))
        };
        let (clock, lock) = shares.unwrap_or_else(own);
        let store = Arc::new(MemoryStore::new(Arc::new(clock.clone())));
        (Self::locked(clock, store, lock.clone()).await, lock)
    }

    async fn locked(clock: ManualClock, store: Arc<dyn Store>, lock: SharedLock) -> Self {
        let tuning = Tuning { stop_grace: seconds(5), ..Tuning::default() };
        let signal = LocalSignal::default();
        let builder = CronManager::builder().store(Arc::clone(&store)).clock(Arc::new(clock.clone()));
        let builder = builder.signal(Arc::new(signal.clone())).locker(Arc::new(lock)).tuning(tuning);
        let manager = builder.build().await.unwrap();
        Self { clock, store, manager, signal }
    }

    async fn on(clock: ManualClock, store: Arc<dyn Store>, signal: LocalSignal, tuning: Tuning) -> Self {
        let builder = CronManager::builder().store(Arc::clone(&store)).clock(Arc::new(clock.clone()));
        let builder = builder.signal(Arc::new(signal.clone())).tuning(tuning);
        let manager = builder.build().await.unwrap();
        Self { clock, store, manager, signal }
    }

    /// A manager that can run jobs of another type than inline.
    pub(crate) async fn with_runner(runner: &str, handler: impl cron_manager::Handler) -> Self {
        let clock = ManualClock::new(instant(START));
        let store = Arc::new(MemoryStore::shared(Arc::new(clock.clone())));
        Self::running(clock, store, LocalSignal::default(), runner, handler).await
    }

    /// Another process of the same service, with such a runner.
    pub(crate) async fn another_with_runner(&self, runner: &str, handler: impl cron_manager::Handler) -> Self {
        Self::running(self.clock.clone(), Arc::clone(&self.store), self.signal.clone(), runner, handler).await
    }

    async fn running(
        clock: ManualClock,
        store: Arc<dyn Store>,
        signal: LocalSignal,
        runner: &str,
        handler: impl cron_manager::Handler,
    ) -> Self {
        let builder = CronManager::builder().store(Arc::clone(&store)).clock(Arc::new(clock.clone()));
        let manager = builder.signal(Arc::new(signal.clone())).runner(runner, handler).build().await.unwrap();
        Self { clock, store, manager, signal }
    }

    /// Another process of the same service.
    pub(crate) async fn another(&self) -> Self {
        self.another_with(Tuning { stop_grace: seconds(5), ..Tuning::default() }).await
    }

    pub(crate) async fn another_with(&self, tuning: Tuning) -> Self {
        Self::on(self.clock.clone(), Arc::clone(&self.store), self.signal.clone(), tuning).await
    }

    /// Lets time go on in small steps, and everything happen that is then due.
    pub(crate) async fn pass(&self, length: Duration) {
        let step = Duration::from_millis(250);
        for _ in 0..length.as_millis() / step.as_millis() {
            self.clock.advance(step);
            quiet().await;
        }
    }

    /// All runs of a config, oldest first.
    pub(crate) async fn runs(&self, id: CronConfigId) -> Vec<CronRun> {
        let query = RunQuery { config_id: Some(id), limit: 10_000, ..RunQuery::default() };
        let mut runs = self.manager.cron_runs(&query).await.unwrap();
        runs.reverse();
        runs
    }

    pub(crate) async fn states(&self, id: CronConfigId) -> Vec<(RunState, u64)> {
        self.runs(id).await.iter().map(|run| (run.state, run.count)).collect()
    }

    /// The ledger has each tick once.
    pub(crate) async fn assert_balanced(&self, id: CronConfigId) {
        for account in self.manager.accounts(id).await.unwrap() {
            assert_eq!(account.imbalances(), [], "{}", account.name);
        }
    }
}

/// Lets all tasks do what they can without time going on. There is one thread and no IO, so this is enough.
pub(crate) async fn quiet() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

/// A handler that goes on until it is let go, and the means to let it go.
pub(crate) fn held() -> (impl cron_manager::Handler, Arc<Notify>) {
    let gate = Arc::new(Notify::new());
    let waits = Arc::clone(&gate);
    let handler = async move || waits.notified().await;
    (handler.into_handler(), gate)
}

pub(crate) fn done() -> impl cron_manager::Handler {
    (|| async {}).into_handler()
}

pub(crate) fn name(text: &str) -> JobName {
    text.parse().unwrap()
}
