//! What Redis's errors mean to callers.

use redis::{ErrorKind as RedisErrorKind, RedisError, RetryMethod, ServerErrorKind};

use crate::{Error, ErrorKind};

/// Why a command has no answer.
pub(super) enum Failure {
    /// Redis, or the way to it.
    Redis(RedisError),
    /// No answer within the limit.
    Late,
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Redis(error) => from_redis(error),
            Failure::Late => Self::unavailable("Redis does not answer in time"),
        }
    }
}

impl Failure {
    /// Whether the server does not know the script: it was started anew, or told to forget it.
    pub(super) fn is_unknown_script(&self) -> bool {
        matches!(self, Self::Redis(error) if error.kind() == RedisErrorKind::Server(ServerErrorKind::NoScript))
    }
}

/// Whether another connection may do what this one did not: it is lost, or leads to a server that is no longer the master.
pub(super) fn wants_another_connection(error: &RedisError) -> bool {
    let demoted = error.kind() == RedisErrorKind::Server(ServerErrorKind::ReadOnly);
    demoted
        || error.is_io_error()
        || matches!(error.retry_method(), RetryMethod::Reconnect | RetryMethod::ReconnectFromInitialConnections)
}

/// An error of Redis or of the way to it.
pub(super) fn from_redis(error: RedisError) -> Error {
    let refused = |what: &str| Error::new(ErrorKind::FailedPrecondition, what);
    let meaning = match (error.kind(), error.code()) {
        (RedisErrorKind::AuthenticationFailed, _) | (_, Some("NOAUTH" | "WRONGPASS")) => {
            refused("Redis does not let this user in")
        }
        (RedisErrorKind::Server(ServerErrorKind::NoPerm), _) => {
            refused("this user lacks a right in Redis; docs/redis.md lists what is needed")
        }
        (RedisErrorKind::InvalidClientConfig, _) => Error::invalid("redisUrl", "Redis cannot be used as the URL says"),
        // Loading, out of memory, no master in the cluster or known to the Sentinels …
        _ => Error::unavailable("Redis cannot be used now"),
    };
    meaning.with_source(error)
}
