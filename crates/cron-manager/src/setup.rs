//! The only wiring: which parts a manager is made of.

use std::sync::Arc;

use crate::{
    CronManager, Error, Result,
    backends::{
        memory::{LocalSignal, MemoryStore},
        system::{SystemClock, SystemRandomness, TokioSpawn, host_name},
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
    database_url: Option<String>,
    version: String,
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

    /// Where configs and the ledger are kept, by URL: `sqlite:PATH` (feature `sqlite`). A ready made store counts more.
    pub fn database_url(self, url: impl Into<String>) -> Self {
        Self { database_url: Some(url.into()), ..self }
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

    /// The version of the service, for people who look at its replicas.
    pub fn version(self, version: impl Into<String>) -> Self {
        Self { version: version.into(), ..self }
    }

    /// The lengths and sizes to work by.
    pub fn tuning(self, tuning: Tuning) -> Self {
        Self { tuning, ..self }
    }

    /// Puts the manager together. It does nothing until [`CronManager::start`].
    ///
    /// Errors: what opening the store says; invalid argument (`databaseUrl`) for a URL that names no store this build has.
    pub async fn build(self) -> Result<CronManager> {
        let clock = self.clock.unwrap_or_else(|| Arc::new(SystemClock));
        let store = match (self.store, self.database_url) {
            (Some(store), _) => store,
            (None, Some(url)) => open(&url, Arc::clone(&clock)).await?,
            (None, None) => Arc::new(MemoryStore::new(Arc::clone(&clock))),
        };
        let parts = Parts {
            store,
            signal: self.signal.unwrap_or_else(|| Arc::new(LocalSignal::default())),
            clock,
            randomness: self.randomness.unwrap_or_else(|| Arc::new(SystemRandomness)),
            spawn: self.spawn.unwrap_or_else(|| Arc::new(TokioSpawn)),
            version: self.version,
            host: host_name(),
        };
        Ok(CronManager::new(Replica::new(parts, self.tuning)))
    }
}

/// The store that a URL names.
#[cfg_attr(
    not(feature = "sqlite"),
    expect(clippy::unused_async, unused_variables, reason = "no store of this build opens anything")
)]
async fn open(url: &str, clock: Arc<dyn Clock>) -> Result<Arc<dyn Store>> {
    match url.split(':').next() {
        #[cfg(feature = "sqlite")]
        Some("sqlite") => Ok(Arc::new(crate::backends::sqlite::SqliteStore::open_url(url, clock).await?)),
        scheme => {
            let message = format!(
                "this build has no store for {:?}; it knows sqlite:PATH with the feature sqlite",
                scheme.unwrap_or("")
            );
            Err(Error::invalid("databaseUrl", message))
        }
    }
}
