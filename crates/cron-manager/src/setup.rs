//! The only wiring: which parts a manager is made of.

use std::sync::Arc;

#[cfg(feature = "settings")]
use crate::settings::Settings;
use crate::{
    CronManager, Error, Result,
    backends::{
        memory::{LocalSignal, MemoryLocker, MemoryStore},
        system::{SystemClock, SystemRandomness, TokioSpawn, host_name},
    },
    contracts::{Clock, Locker, Randomness, Services, Signal, Spawn, Store},
    scheduler::{Parts, Replica, Tuning},
};

/// Collects the parts of a [`CronManager`]. What is not given: a store in memory, signals within the process, this machine's
/// clock and randomness, and the current tokio runtime.
#[must_use = "a manager is made by `build`"]
#[derive(Default)]
pub struct Builder {
    store: Option<Arc<dyn Store>>,
    locker: Option<Arc<dyn Locker>>,
    signal: Option<Arc<dyn Signal>>,
    clock: Option<Arc<dyn Clock>>,
    randomness: Option<Arc<dyn Randomness>>,
    spawn: Option<Arc<dyn Spawn>>,
    database_url: Option<String>,
    database_schema: Option<String>,
    read_only: bool,
    cron_manager: Option<bool>,
    #[cfg(feature = "settings")]
    settings: Option<Settings>,
    version: String,
    services: Services,
    tuning: Option<Tuning>,
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

    /// Where configs and the ledger are kept, by URL: `sqlite:PATH` (feature `sqlite`) for one process,
    /// `postgres://USER:PASSWORD@HOST:PORT/DATABASE` (feature `postgres`) for any number of replicas. A ready made store counts more.
    pub fn database_url(self, url: impl Into<String>) -> Self {
        Self { database_url: Some(url.into()), ..self }
    }

    /// The PostgreSQL schema for the tables; `cron_manager` by default.
    pub fn database_schema(self, schema: impl Into<String>) -> Self {
        Self { database_schema: Some(schema.into()), ..self }
    }

    /// What keeps out those who do not share the store; by default nothing but this process's own runs.
    pub fn locker(self, locker: Arc<dyn Locker>) -> Self {
        Self { locker: Some(locker), ..self }
    }

    /// Opens the database of the URL to read it: it must be there and up to date, an embedded one may be in use by another process, and what
    /// would write to it fails. The manager is off.
    pub fn read_only(self) -> Self {
        Self { read_only: true, ..self }
    }

    /// Whether jobs run in this process; on by default. Off, nothing is planned or run here, and [`CronManager::handle_job`] does nothing; configs
    /// can be read and changed all the same. The original library's `cronManager` setting.
    pub fn cron_manager(self, on: bool) -> Self {
        Self { cron_manager: Some(on), ..self }
    }

    /// What people have settled: database, schema, concurrency, and whether anything runs. What the builder is told otherwise, before or after,
    /// counts more; so do the tuning's lengths and sizes, all of them.
    #[cfg(feature = "settings")]
    pub fn settings(self, settings: Settings) -> Self {
        Self { settings: Some(settings), ..self }
    }

    /// How replicas nudge each other; by default as the store can: within the process, or by PostgreSQL's NOTIFY.
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

    /// The service's own configuration, for handlers that take [`Config<T>`](crate::Config).
    pub fn config<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        self.services.config(value);
        self
    }

    /// Something that runs share, for handlers that take [`State<T>`](crate::State); one of each type.
    pub fn state<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        self.services.state(value);
        self
    }

    /// The lengths and sizes to work by.
    pub fn tuning(self, tuning: Tuning) -> Self {
        Self { tuning: Some(tuning), ..self }
    }

    /// Puts the manager together. It does nothing until [`CronManager::start`].
    ///
    /// Errors: what opening the store says; invalid argument (`databaseUrl`) for a URL that names no store this build has.
    pub async fn build(self) -> Result<CronManager> {
        #[cfg(feature = "settings")]
        let builder = self.settled();
        #[cfg(not(feature = "settings"))]
        let builder = self;
        builder.build_settled().await
    }

    /// With what the settings say where nothing was said otherwise.
    #[cfg(feature = "settings")]
    fn settled(mut self) -> Self {
        let Some(settings) = self.settings.take() else { return self };
        let tuning = || Tuning { concurrency: settings.concurrency, ..Tuning::default() };
        Self {
            tuning: self.tuning.or_else(|| Some(tuning())),
            database_url: self.database_url.or_else(|| settings.database_url.map(|url| url.expose().to_owned())),
            database_schema: self.database_schema.or(Some(settings.database_schema)),
            cron_manager: self.cron_manager.or(Some(settings.cron_manager)),
            ..self
        }
    }

    async fn build_settled(self) -> Result<CronManager> {
        let clock = self.clock.unwrap_or_else(|| Arc::new(SystemClock));
        let randomness = self.randomness.unwrap_or_else(|| Arc::new(SystemRandomness));
        let spawn = self.spawn.unwrap_or_else(|| Arc::new(TokioSpawn));
        let ground = Ground { clock: &clock, randomness: &*randomness, spawn: &*spawn, read_only: self.read_only };
        let Opened { store, signal } = match (self.store, self.database_url) {
            (Some(store), _) => Opened::alone(store),
            (None, Some(url)) => open(&url, self.database_schema, ground).await?,
            (None, None) => Opened::alone(Arc::new(MemoryStore::new(Arc::clone(&clock)))),
        };
        let locker = self.locker.unwrap_or_else(|| Arc::new(MemoryLocker::new(Arc::clone(&clock))));
        let parts = Parts {
            store,
            locker,
            signal: self.signal.unwrap_or(signal),
            clock,
            randomness,
            spawn,
            version: self.version,
            host: host_name(),
            on: self.cron_manager.unwrap_or(true) && !self.read_only,
            services: Arc::new(self.services),
        };
        Ok(CronManager::new(Replica::new(parts, self.tuning.unwrap_or_default())))
    }
}

/// What a store stands on.
#[cfg_attr(not(feature = "postgres"), expect(dead_code, reason = "other stores need less"))]
struct Ground<'a> {
    clock: &'a Arc<dyn Clock>,
    randomness: &'a dyn Randomness,
    spawn: &'a dyn Spawn,
    read_only: bool,
}

/// A store, and how its replicas nudge each other.
struct Opened {
    store: Arc<dyn Store>,
    signal: Arc<dyn Signal>,
}

impl Opened {
    /// The store of one process.
    fn alone(store: Arc<dyn Store>) -> Self {
        Self { store, signal: Arc::new(LocalSignal::default()) }
    }
}

/// The store that a URL names.
#[cfg_attr(not(feature = "postgres"), expect(unused_variables, reason = "other stores need less"))]
#[cfg_attr(
    not(any(feature = "sqlite", feature = "postgres")),
    expect(clippy::unused_async, reason = "no store of this build opens anything")
)]
async fn open(url: &str, schema: Option<String>, ground: Ground<'_>) -> Result<Opened> {
    match url.split(':').next() {
        #[cfg(feature = "sqlite")]
        Some("sqlite") => {
            use crate::backends::sqlite::SqliteStore;

            let clock = Arc::clone(ground.clock);
            let store = if ground.read_only {
                SqliteStore::open_url_read_only(url, clock).await?
            } else {
                SqliteStore::open_url(url, clock).await?
            };
            Ok(Opened::alone(Arc::new(store)))
        }
        #[cfg(feature = "postgres")]
        Some("postgres" | "postgresql") => open_postgres(url, schema, ground).await,
        scheme => {
            let message = format!(
                "this build has no store for {:?}; it knows sqlite:PATH with the feature sqlite, postgres://HOST/DATABASE with postgres",
                scheme.unwrap_or("")
            );
            Err(Error::invalid("databaseUrl", message))
        }
    }
}

#[cfg(feature = "postgres")]
async fn open_postgres(url: &str, schema: Option<String>, ground: Ground<'_>) -> Result<Opened> {
    use crate::backends::postgres::{PostgresOptions, PostgresStore};

    let mut options = PostgresOptions::from(url);
    if let Some(schema) = schema {
        options.schema = schema;
    }
    if ground.read_only {
        let store = PostgresStore::open_read_only(options, Arc::clone(ground.clock)).await?;
        return Ok(Opened::alone(Arc::new(store)));
    }
    let store = PostgresStore::open(options, Arc::clone(ground.clock)).await?;
    let signal = store.signal(ground.spawn, ground.randomness);
    Ok(Opened { store: Arc::new(store), signal: Arc::new(signal) })
}
