//! The only wiring: which parts a manager is made of.

mod open;
mod runners;

use std::{collections::HashMap, sync::Arc};

#[cfg(feature = "settings")]
use crate::settings::Settings;
use crate::{
    CronManager, EncryptionKeys, IntoHandler, ListedCommand, ListedConnection, Result,
    backends::{
        memory::{MemoryLocker, MemoryStore},
        system::{SystemClock, SystemRandomness, TokioSpawn, host_name},
    },
    contracts::{Clock, Handler, Locker, Randomness, Services, Signal, Signals, Spawn, Store},
    scheduler::{Parts, Replica, Tuning},
};
use open::{Ground, Opened};
use runners::{Base, OwnRunners};

#[cfg(feature = "redis")]
use crate::backends::redis::RedisOptions;
#[cfg(feature = "metrics")]
use crate::metrics::Metrics;

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
    redis_url: Option<String>,
    redis_prefix: Option<String>,
    #[cfg(feature = "redis")]
    redis: Option<RedisOptions>,
    read_only: bool,
    cron_manager: Option<bool>,
    #[cfg(feature = "settings")]
    settings: Option<Settings>,
    version: String,
    services: Services,
    runners: HashMap<String, Arc<dyn Handler>>,
    own_runners: OwnRunners,
    tuning: Option<Tuning>,
    #[cfg(feature = "metrics")]
    metrics_max_jobs: Option<usize>,
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

    /// The Redis whose locks keep out those who do not share the store (feature `redis`): `redis://USER:PASSWORD@HOST:PORT`,
    /// `redis-sentinel://…`, `redis-cluster://…`, encrypted with `rediss` (feature `redis-tls`). It need not be there yet. Where the store is shared it
    /// carries nudges, too. Where replicas have stores of their own, it decides who takes a tick.
    pub fn redis_url(self, url: impl Into<String>) -> Self {
        Self { redis_url: Some(url.into()), ..self }
    }

    /// What the keys of locks begin with; `cron-lock-` by default, as in the original library.
    pub fn redis_prefix(self, prefix: impl Into<String>) -> Self {
        Self { redis_prefix: Some(prefix.into()), ..self }
    }

    /// The Redis, ready made: with a client that the service has anyway, or other options. Counts more than a URL and a prefix.
    #[cfg(feature = "redis")]
    pub fn redis(self, options: RedisOptions) -> Self {
        Self { redis: Some(options), ..self }
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

    /// What people have settled: database, schema, Redis and its prefix, concurrency, and whether anything runs. What the builder is told otherwise, before or after,
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

    /// Runs jobs of another type than inline: `runner` as [`JobType::runner`](crate::JobType::runner) names it, such as `http`. Counts more
    /// than the library's own.
    pub fn runner<M>(mut self, runner: impl Into<String>, handler: impl IntoHandler<M>) -> Self {
        self.runners.insert(runner.into(), Arc::new(handler.into_handler()));
        self
    }

    /// Whether jobs that call a URL (feature `http-jobs`) may call this machine and closed networks, too; not so by default.
    pub fn http_allow_private_addresses(mut self, allow: bool) -> Self {
        self.own_runners.http_allow_private_addresses = Some(allow);
        self
    }

    /// A command that jobs of that type can name (feature `command-jobs`).
    pub fn command(mut self, name: impl Into<String>, command: ListedCommand) -> Self {
        self.own_runners.commands.insert(name.into(), command);
        self
    }

    /// A database that jobs which run a statement can name (feature `query-jobs`). They need [`Builder::encryption_keys`], too.
    pub fn connection(mut self, name: impl Into<String>, connection: impl Into<ListedConnection>) -> Self {
        self.own_runners.connections.insert(name.into(), connection.into());
        self
    }

    /// The keys by which statements are kept secret from the store: `ID:KEY,…`, where a KEY is 32 random bytes in base64. The first one
    /// encrypts, all decrypt.
    pub fn encryption_keys(mut self, keys: impl Into<EncryptionKeys>) -> Self {
        self.own_runners.encryption_keys = Some(keys.into());
        self
    }

    /// The lengths and sizes to work by.
    pub fn tuning(self, tuning: Tuning) -> Self {
        Self { tuning: Some(tuning), ..self }
    }

    /// How many jobs get series of their own in [`CronManager::metrics`]; 1,000 by default. Each has some fifty.
    #[cfg(feature = "metrics")]
    pub fn metrics_max_jobs(self, most: usize) -> Self {
        Self { metrics_max_jobs: Some(most), ..self }
    }

    /// Puts the manager together. It does nothing until [`CronManager::start`].
    ///
    /// Errors: what opening the store says; invalid argument (`databaseUrl`, `redisUrl`, `redisPrefix`) for a URL that names what this build
    /// does not have, or a prefix that keys cannot begin with.
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
        self.own_runners.settle(&settings);
        Self {
            tuning: self.tuning.or_else(|| Some(tuning())),
            database_url: self.database_url.or_else(|| settings.database_url.map(|url| url.expose().to_owned())),
            database_schema: self.database_schema.or(Some(settings.database_schema)),
            redis_url: self.redis_url.or_else(|| settings.redis_url.map(|url| url.expose().to_owned())),
            redis_prefix: self.redis_prefix.or(Some(settings.redis_prefix)),
            cron_manager: self.cron_manager.or(Some(settings.cron_manager)),
            ..self
        }
    }

    async fn build_settled(self) -> Result<CronManager> {
        let clock = self.clock.unwrap_or_else(|| Arc::new(SystemClock));
        let randomness = self.randomness.unwrap_or_else(|| Arc::new(SystemRandomness));
        let spawn = self.spawn.unwrap_or_else(|| Arc::new(TokioSpawn));
        let ground = Ground { clock: &clock, randomness: &randomness, spawn: &*spawn, read_only: self.read_only };
        let Opened { store, signal } = match (self.store, self.database_url) {
            (Some(store), _) => Opened::alone(store),
            (None, Some(url)) => open::store(&url, self.database_schema, ground).await?,
            (None, None) => Opened::alone(Arc::new(MemoryStore::new(Arc::clone(&clock)))),
        };
        #[cfg(feature = "redis")]
        let redis = open::redis(self.redis, self.redis_url, self.redis_prefix, ground)?;
        #[cfg(not(feature = "redis"))]
        let redis = open::no_redis(self.redis_url, self.redis_prefix)?;
        let (locker, nudges) = redis.unzip();
        // Nudges are of use only to those who look at the same store, over and over.
        let signal = match nudges.filter(|_| store.is_shared() && !self.read_only) {
            Some(nudges) => Arc::new(Signals(vec![signal, nudges])),
            None => signal,
        };
        let in_process = || -> Arc<dyn Locker> { Arc::new(MemoryLocker::new(Arc::clone(&clock))) };
        let locker = self.locker.or(locker).unwrap_or_else(in_process);
        #[cfg(feature = "metrics")]
        let metrics = Arc::new(Metrics::new(Arc::clone(&clock), self.metrics_max_jobs.unwrap_or(Metrics::MAX_JOBS)));
        #[cfg(feature = "metrics")]
        let store = metrics.timing(store);
        let tuning = self.tuning.unwrap_or_default();
        let sealer = self.own_runners.sealer()?;
        let base = Base { clock: &clock, tuning: &tuning, sealer: sealer.as_ref(), home: store.home() };
        let mut runners = self.own_runners.into_runners(base)?;
        runners.extend(self.runners);
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
            runners,
            sealer,
            #[cfg(feature = "metrics")]
            observer: Arc::clone(&metrics) as _,
            #[cfg(not(feature = "metrics"))]
            observer: Arc::new(()),
        };
        let manager = CronManager::new(Replica::new(parts, tuning));
        #[cfg(feature = "metrics")]
        let manager = manager.with_metrics(metrics);
        Ok(manager)
    }
}
