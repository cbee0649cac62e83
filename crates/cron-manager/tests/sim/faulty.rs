//! A replica's way to the store, with faults.

use std::{sync::Arc, time::Duration};

use cron_manager::{
    Error, Result,
    contracts::{Clock, StoreLayer},
};
use parking_lot::Mutex;

use crate::{executor::SimClock, judged::JudgedStore, random::Random};

/// How likely a call goes wrong, and until when the replica is cut off.
#[derive(Clone, Copy, Default)]
pub(crate) struct Faults {
    pub(crate) before: f64,
    pub(crate) after: f64,
    pub(crate) slow: f64,
    pub(crate) cut_off_until: Duration,
    /// When something last went wrong.
    pub(crate) last_trouble: Duration,
}

impl Faults {
    pub(crate) fn trouble_until(&mut self, until: Duration) {
        self.last_trouble = self.last_trouble.max(until);
    }
}

/// The store as one replica reaches it.
pub(crate) struct FaultyStore {
    pub(crate) store: Arc<JudgedStore>,
    pub(crate) clock: SimClock,
    pub(crate) random: Random,
    pub(crate) faults: Arc<Mutex<Faults>>,
}

impl FaultyStore {
    fn fail(&self, what: &str) -> Error {
        self.faults.lock().trouble_until(self.clock.executor.now());
        Error::unavailable(what)
    }

    fn cut_off(&self) -> bool {
        self.clock.executor.now() < self.faults.lock().cut_off_until
    }

    async fn travel(&self) {
        let slow = self.random.chance(self.faults.lock().slow);
        let delay = if slow { self.random.millis(500..8_000) } else { Duration::from_micros(self.random.below(3_000)) };
        if slow {
            self.faults.lock().trouble_until(self.clock.executor.now() + delay);
        }
        self.clock.sleep_until(self.clock.elapsed() + delay).await;
    }
}

impl StoreLayer for FaultyStore {
    type Inner = JudgedStore;

    fn inner(&self) -> &JudgedStore {
        &self.store
    }

    async fn around<T: Send>(&self, _: &'static str, answer: impl Future<Output = Result<T>> + Send) -> Result<T> {
        self.travel().await;
        let faults = *self.faults.lock();
        if self.cut_off() || self.random.chance(faults.before) {
            return Err(self.fail("simulated: failed before it was done"));
        }
        let answer = answer.await;
        self.travel().await;
        if self.cut_off() || self.random.chance(faults.after) {
            return Err(self.fail("simulated: done, and the answer was lost"));
        }
        answer
    }
}
