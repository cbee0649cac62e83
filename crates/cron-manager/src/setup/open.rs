//! Back ends by their URLs.

use std::sync::Arc;

use crate::{
    Error, Result,
    backends::memory::LocalSignal,
    contracts::{Clock, Locker, Randomness, Signal, Spawn, Store},
};

#[cfg(feature = "redis")]
use crate::backends::redis::{Redis, RedisOptions};

/// What back ends stand on.
#[derive(Clone, Copy)]
#[cfg_attr(
    not(any(feature = "postgres", all(feature = "sqlite", feature = "redis"))),
    expect(dead_code, reason = "other back ends need less")
)]
pub(super) struct Ground<'a> {
    pub(super) clock: &'a Arc<dyn Clock>,
    pub(super) randomness: &'a Arc<dyn Randomness>,
    pub(super) spawn: &'a dyn Spawn,
    pub(super) read_only: bool,
}

/// A store, and how its replicas nudge each other.
pub(super) struct Opened {
    pub(super) store: Arc<dyn Store>,
    pub(super) signal: Arc<dyn Signal>,
}

impl Opened {
    /// A store that has no way for nudges between processes.
    pub(super) fn alone(store: Arc<dyn Store>) -> Self {
        let signal = if store.is_shared() { LocalSignal::beside_others() } else { LocalSignal::default() };
        Self { store, signal: Arc::new(signal) }
    }
}

/// The store that a URL names.
#[cfg_attr(not(feature = "postgres"), expect(unused_variables, reason = "other stores need less"))]
#[cfg_attr(
    not(any(feature = "sqlite", feature = "postgres")),
    expect(clippy::unused_async, reason = "no store of this build opens anything")
)]
pub(super) async fn store(url: &str, schema: Option<String>, ground: Ground<'_>) -> Result<Opened> {
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
    let signal = store.signal(ground.spawn, &**ground.randomness);
    Ok(Opened { store: Arc::new(store), signal: Arc::new(signal) })
}

/// A lock that other processes hold, too, and how its users nudge each other.
type Shared = (Arc<dyn Locker>, Arc<dyn Signal>);

/// The Redis that was asked for, if one was.
#[cfg(feature = "redis")]
pub(super) fn redis(
    options: Option<RedisOptions>,
    url: Option<String>,
    prefix: Option<String>,
    ground: Ground<'_>,
) -> Result<Option<Shared>> {
    let by_url = || {
        let options = RedisOptions::from(url?);
        Some(if let Some(prefix) = prefix { options.prefix(prefix) } else { options })
    };
    let Some(options) = options.or_else(by_url) else { return Ok(None) };
    let redis = Redis::open(options, Arc::clone(ground.clock))?;
    let signal = redis.signal(ground.spawn, &**ground.randomness);
    Ok(Some((Arc::new(redis.locker(Arc::clone(ground.randomness))), Arc::new(signal))))
}

/// A build without Redis refuses to be told of one: who asked for locks must not be left without.
#[cfg(not(feature = "redis"))]
pub(super) fn no_redis(url: Option<String>, _prefix: Option<String>) -> Result<Option<Shared>> {
    match url {
        None => Ok(None),
        Some(_) => Err(Error::invalid("redisUrl", "this build has no Redis; it comes with the feature redis")),
    }
}
