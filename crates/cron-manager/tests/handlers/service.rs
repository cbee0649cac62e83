//! A service of one replica, and one run of a handler on it.

use std::{sync::Arc, time::Duration};

use cron_manager::{Builder, CronManager, CronRun, IntoHandler, contracts::RunQuery, testing::ManualClock};
use jiff::Timestamp;
use serde_json::{Value, json};

/// Half past a second, so that rounding shows.
pub(crate) const START: &str = "2026-03-01T12:00:00.5Z";

pub(crate) struct Service {
    pub(crate) manager: CronManager,
    clock: ManualClock,
}

impl Service {
    pub(crate) async fn new() -> Self {
        Self::with(|builder| builder).await
    }

    /// A manager of a store in memory that is not started yet.
    pub(crate) async fn with(more: impl FnOnce(Builder) -> Builder) -> Self {
        let clock = ManualClock::new(instant(START));
        let manager = more(CronManager::builder().clock(Arc::new(clock.clone()))).build().await.unwrap();
        Self { manager, clock }
    }

    /// Lets time go on in small steps, and everything happen that is then due.
    pub(crate) async fn pass(&self, seconds: u64) {
        for _ in 0..seconds * 4 {
            self.clock.advance(Duration::from_millis(250));
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
        }
    }

    /// All runs, oldest first.
    pub(crate) async fn runs(&self) -> Vec<CronRun> {
        let mut runs = self.manager.cron_runs(&RunQuery { limit: 1_000, ..RunQuery::default() }).await.unwrap();
        runs.reverse();
        runs
    }

    /// What is left of the first tick of a job every ten seconds.
    pub(crate) async fn first_run<M>(&self, context: Value, handler: impl IntoHandler<M>) -> CronRun {
        let job = self.manager.job("job").every(Duration::from_secs(10)).context(context);
        job.run(handler).await.unwrap();
        self.manager.start();
        self.pass(15).await;
        self.runs().await.remove(0)
    }
}

/// What one run of the handler leaves.
pub(crate) async fn ran<M>(handler: impl IntoHandler<M>) -> CronRun {
    Service::new().await.first_run(json!({}), handler).await
}

/// The result of a run that succeeded.
pub(crate) fn result(run: &CronRun) -> Value {
    assert_eq!(run.error, None);
    run.result.as_deref().map_or(Value::Null, |text| serde_json::from_str(text).unwrap())
}

pub(crate) fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}
