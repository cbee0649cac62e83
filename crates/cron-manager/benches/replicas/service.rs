//! A replica that notes how late its handlers are called.

use std::{sync::Arc, time::Duration};

use cron_manager::{
    ActiveRun, CronManager, Handler, IntoHandler,
    backends::{
        memory::MemoryLocker,
        postgres::{PostgresOptions, PostgresStore},
        redis::Redis,
        system::{SystemClock, SystemRandomness, TokioSpawn},
    },
    contracts::{Clock, Locker},
    scheduler::{Parts, Replica, Tuning},
};
use parking_lot::Mutex;
use sqlx::PgPool;
use tokio::sync::Notify;

pub(crate) struct Service {
    pub(crate) manager: CronManager,
    /// Of each call, in milliseconds.
    pub(crate) lateness: Arc<Mutex<Vec<f64>>>,
    pub(crate) called: Arc<Notify>,
    replica: Arc<Replica>,
}

impl Service {
    pub(crate) async fn start(url: &str, schema: &str) -> Self {
        Self::on(url, schema, Arc::new(MemoryLocker::new(Arc::new(SystemClock)))).await
    }

    /// The same, with locks on a Redis.
    pub(crate) async fn start_locked(url: &str, schema: &str, redis_url: &str) -> Self {
        let redis = Redis::open(redis_url, Arc::new(SystemClock)).unwrap();
        Self::on(url, schema, Arc::new(redis.locker(Arc::new(SystemRandomness)))).await
    }

    async fn on(url: &str, schema: &str, locker: Arc<dyn Locker>) -> Self {
        let options = PostgresOptions { schema: schema.into(), ..PostgresOptions::from(url) };
        let store = PostgresStore::open(options, Arc::new(SystemClock)).await.unwrap();
        let signal = Arc::new(store.signal(&TokioSpawn, &SystemRandomness));
        let parts = Parts {
            store: Arc::new(store),
            locker,
            signal,
            clock: Arc::new(SystemClock),
            randomness: Arc::new(SystemRandomness),
            spawn: Arc::new(TokioSpawn),
            version: String::new(),
            host: String::new(),
            on: true,
            services: Arc::default(),
            observer: Arc::new(()),
            runners: Default::default(),
            sealer: None,
        };
        let replica = Replica::new(parts, Tuning { concurrency: 20_000, ..Tuning::default() });
        let manager = CronManager::new(Arc::clone(&replica));
        manager.start();
        Self { manager, lateness: Arc::default(), called: Arc::default(), replica }
    }

    /// Gives jobs their handlers.
    pub(crate) fn serve(&self, prefix: &str, jobs: usize) {
        let handler: Arc<dyn Handler> = Arc::new(self.handler());
        for at in 1..=jobs {
            self.replica.register(format!("{prefix}{at}").parse().unwrap(), Arc::clone(&handler));
        }
    }

    pub(crate) fn handler(&self) -> impl Handler + use<> {
        let (lateness, called) = (Arc::clone(&self.lateness), Arc::clone(&self.called));
        let handler = move |run: ActiveRun| {
            let late = SystemClock.now().duration_since(run.run().due_at);
            lateness.lock().push(late.as_millis_f64());
            called.notify_one();
            async {}
        };
        handler.into_handler()
    }
}

/// Creates many distributed configs at once, past the library, as one edit.
pub(crate) async fn in_bulk(pool: &PgPool, schema: &str, jobs: usize, every: Duration) {
    let sql = format!(
        "WITH edit AS (UPDATE {schema}.cron_revision SET revision = revision + 1 RETURNING revision), \
         made AS (INSERT INTO {schema}.cron_configs \
           (name, enabled, context, distributed, every_seconds, catch_up, overlap, on_abandoned, version, revision, watermark, fence, created_at, updated_at) \
           SELECT 'job-' || at, true, '{{\"distributed\":true}}', true, {}, 'latest', 'skip', 'report', 1, revision, now(), 0, now(), now() \
           FROM edit, generate_series(1, {jobs}) AS at RETURNING id, watermark) \
         INSERT INTO {schema}.cron_config_versions (config_id, version, since, distributed, every_seconds, tz_database) \
         SELECT id, 1, watermark, true, {}, '' FROM made",
        every.as_secs(),
        every.as_secs()
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(pool).await.unwrap();
    // As after an edit by the library: replicas look.
    sqlx::query("SELECT pg_notify($1, 'in bulk')").bind(schema).execute(pool).await.unwrap();
}
