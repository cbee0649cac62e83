//! A store whose calls are timed.

use std::{collections::BTreeMap, sync::Arc};

use super::{Metrics, WAITS, histogram::Histogram};
use crate::{
    Result,
    contracts::{Store, StoreLayer},
};

/// A store, and who counts how long its answers take.
pub(super) struct TimedStore {
    pub(super) store: Arc<dyn Store>,
    pub(super) metrics: Arc<Metrics>,
}

/// How long the answers to each call took.
pub(super) struct Timings(BTreeMap<&'static str, Histogram>);

impl Timings {
    pub(super) fn new() -> Self {
        Self(TimedStore::CALLS.iter().map(|call| (*call, Histogram::new(WAITS))).collect())
    }

    /// Each call with what was counted of it.
    pub(super) fn all(&self) -> impl Iterator<Item = (&'static str, &Histogram)> {
        self.0.iter().map(|(call, took)| (*call, took))
    }
}

impl StoreLayer for TimedStore {
    type Inner = dyn Store;

    fn inner(&self) -> &dyn Store {
        &*self.store
    }

    /// The answer is counted whether it is an error or not. A call that was given up has none.
    async fn around<T: Send>(&self, call: &'static str, answer: impl Future<Output = Result<T>> + Send) -> Result<T> {
        let Metrics { clock, store, .. } = &*self.metrics;
        let asked = clock.elapsed();
        let answer = answer.await;
        if let Some(took) = store.0.get(call) {
            took.count(clock.elapsed().saturating_sub(asked));
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicU64, Ordering},
        time::Duration,
    };

    use jiff::Timestamp;

    use super::*;
    use crate::{backends::memory::MemoryStore, contracts::BoxFuture, contracts::Clock};

    /// A clock that is turned by hand, in seconds.
    struct Turned(AtomicU64);

    impl Clock for Turned {
        fn now(&self) -> Timestamp {
            Timestamp::UNIX_EPOCH
        }

        fn elapsed(&self) -> Duration {
            Duration::from_secs(self.0.load(Ordering::Relaxed))
        }

        fn sleep_until(&self, _: Duration) -> BoxFuture<()> {
            Box::pin(std::future::pending())
        }
    }

    #[tokio::test]
    async fn a_call_counts_for_as_long_as_its_answer_took() {
        let clock = Arc::new(Turned(AtomicU64::new(40)));
        let metrics = Arc::new(Metrics::new(clock.clone(), 1));
        let store = TimedStore { store: Arc::new(MemoryStore::new(clock.clone())), metrics: metrics.clone() };
        let answer = store.around("run", async { Ok(clock.0.fetch_add(2, Ordering::Relaxed)) }).await;
        let counted = |call| metrics.store.0[call].read();
        assert_eq!((answer.unwrap(), counted("run").seconds), (40, 2.0));
        assert_eq!(counted("run").up_to.last(), Some(&(f64::INFINITY, 1)));
        assert_eq!(counted("runs").up_to.last(), Some(&(f64::INFINITY, 0)));
    }
}
