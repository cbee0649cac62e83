//! The only wiring: which parts a manager is made of.

use std::sync::Arc;

use crate::{
    CronManager, Result,
    backends::{
        memory::{LocalSignal, MemoryStore},
        system::{SystemClock, SystemRandomness, TokioSpawn},
    },
    contracts::{Clock, Randomness, Signal, Spawn, Store},
    scheduler::{Parts, Replica, Tuning},
};

/// Collects the parts of a [`CronManager`]. What is not given: a store in memory, signals within the process, this machine's
/// clock and randomness, and the current tokio runtime.
#[must_use = "a manager is made by `build`"]
#[derive(Default)]
pub struct Builder {
    store: Option<Arc<dyn Store>>,
    signal: Option<Arc<dyn Signal>>,
    clock: Option<Arc<dyn Clock>>,
    randomness: Option<Arc<dyn Randomness>>,
    spawn: Option<Arc<dyn Spawn>>,
    tuning: Tuning,
}

impl CronManager {
    /// Begins to put a manager together.
    pub fn builder() -> Builder {
        Builder::default()
    }
}

impl Builder {
    /// Where configs and the ledger are kept, ready made.
    pub fn store(self, store: Arc<dyn Store>) -> Self {
        Self { store: Some(store), ..self }
    }

    /// How replicas nudge each other.
    pub fn signal(self, signal: Arc<dyn Signal>) -> Self {
        Self { signal: Some(signal), ..self }
    }

    /// The clock of this machine.
    pub fn clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock: Some(clock), ..self }
    }

    /// Where random values come from.
    pub fn randomness(self, randomness: Arc<dyn Randomness>) -> Self {
        Self { randomness: Some(randomness), ..self }
    }

    /// Who runs our futures.
    pub fn spawn(self, spawn: Arc<dyn Spawn>) -> Self {
        Self { spawn: Some(spawn), ..self }
    }

    /// The lengths and sizes to work by.
    pub fn tuning(self, tuning: Tuning) -> Self {
        Self { tuning, ..self }
    }

    /// Puts the manager together. It does nothing until [`CronManager::start`].
    ///
    /// Errors: what opening the store says.
    pub async fn build(self) -> Result<CronManager> {
        let clock = self.clock.unwrap_or_else(|| Arc::new(SystemClock));
        let store = match self.store {
            Some(store) => store,
            None => Arc::new(MemoryStore::new(Arc::clone(&clock))),
        };
        let parts = Parts {
            store,
            signal: self.signal.unwrap_or_else(|| Arc::new(LocalSignal::default())),
            clock,
            randomness: self.randomness.unwrap_or_else(|| Arc::new(SystemRandomness)),
            spawn: self.spawn.unwrap_or_else(|| Arc::new(TokioSpawn)),
        };
        Ok(CronManager::new(Replica::new(parts, self.tuning)))
    }
}
