//! Which Redis, and how to use it.

use std::{sync::Arc, time::Duration};

use redis::aio::ConnectionLike;

use super::line::Wire;
use crate::{Error, Result};

/// Which Redis, and how to use it.
///
/// ```
/// use std::time::Duration;
/// use cron_manager::backends::redis::RedisOptions;
///
/// let options = RedisOptions::from("redis://redis.example").prefix("billing-lock-").timeout(Duration::from_millis(300));
/// ```
#[derive(Clone)]
#[must_use = "options are used by `Redis::open`"]
pub struct RedisOptions {
    pub(super) source: Source,
    pub(super) prefix: String,
    pub(super) timeout: Duration,
}

/// Who knows how to connect.
#[derive(Clone)]
pub(super) enum Source {
    Url(String),
    Client(Arc<dyn Wire>),
}

impl<T: Into<String>> From<T> for RedisOptions {
    /// The Redis at a URL: `redis://USER:PASSWORD@HOST:PORT/DB`, `redis-sentinel://HOST:PORT,HOST:PORT/SERVICE/DB`,
    /// `redis-cluster://HOST:PORT,HOST:PORT`; encrypted (feature `redis-tls`) with `rediss` in place of `redis`.
    fn from(url: T) -> Self {
        Self::of(Source::Url(url.into()))
    }
}

impl RedisOptions {
    /// The original library's.
    const PREFIX: &str = "cron-lock-";
    /// The longest prefix, in bytes.
    const LONGEST_PREFIX: usize = 128;

    /// A client that the service has anyway, whose connection is shared: any connection of the crate `redis` that connects again by
    /// itself, as its `ConnectionManager` and its cluster connection do. It is used for commands alone; nudges of others are heard only
    /// through a URL.
    pub fn client(client: impl ConnectionLike + Clone + Send + Sync + 'static) -> Self {
        Self::of(Source::Client(Arc::new(client)))
    }

    fn of(source: Source) -> Self {
        Self { source, prefix: Self::PREFIX.into(), timeout: Duration::from_secs(1) }
    }

    /// What the keys of locks begin with, before the job's name; `cron-lock-` by default, as in the original library.
    pub fn prefix(self, prefix: impl Into<String>) -> Self {
        Self { prefix: prefix.into(), ..self }
    }

    /// How long a command may take, connecting included; 1 s by default.
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Errors: invalid argument (`redisPrefix`).
    pub(super) fn checked_prefix(&self) -> Result<Arc<str>> {
        let refuse = |what: String| Err(Error::invalid("redisPrefix", what));
        if self.prefix.len() > Self::LONGEST_PREFIX {
            return refuse(format!("a prefix has at most {} bytes", Self::LONGEST_PREFIX));
        }
        // Braces would say which part of a key chooses its slot in a cluster.
        match self.prefix.chars().find(|c| c.is_control() || matches!(c, '{' | '}')) {
            Some(c) => refuse(format!("a prefix has no control characters and no braces, this has {c:?}")),
            None => Ok(self.prefix.as_str().into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_that_would_move_keys_is_refused() {
        let prefix = |text: &str| RedisOptions::from("redis://h").prefix(text).checked_prefix();
        for wrong in ["{", "a}b", "{a}", "a\nb", "a\0", "\u{7f}", "\u{85}", &"a".repeat(129)] {
            assert_eq!(prefix(wrong).unwrap_err().field(), Some("redisPrefix"), "{wrong:?}");
        }
        for right in ["", "cron-lock-", "a b:", "ü*?[", &"a".repeat(128)] {
            assert_eq!(&*prefix(right).unwrap(), right);
        }
    }
}
