//! Locks by SET NX PX.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use async_trait::async_trait;
use redis::{Value, cmd};

use super::{error::Failure, line::Line, script::OneStep};
use crate::{
    LockHolder, Result,
    contracts::{Lease, LockRequest, Locked, Locker, Randomness},
};

static ACQUIRE: LazyLock<OneStep> = LazyLock::new(|| OneStep::new(include_str!("acquire.lua")));
static EXTEND: LazyLock<OneStep> = LazyLock::new(|| OneStep::new(include_str!("extend.lua")));
static RELEASE: LazyLock<OneStep> = LazyLock::new(|| OneStep::new(include_str!("release.lua")));

/// Locks at `<prefix><name>`, as the original library has them: taken by `SET NX PX`, ended by compare-and-delete. Made by
/// [`Redis::locker`](super::Redis::locker).
#[derive(Clone)]
pub struct RedisLocker {
    line: Arc<Line>,
    prefix: Arc<str>,
    randomness: Arc<dyn Randomness>,
}

struct RedisLease {
    line: Arc<Line>,
    key: String,
    value: String,
}

impl RedisLocker {
    pub(super) fn new(line: Arc<Line>, prefix: Arc<str>, randomness: Arc<dyn Randomness>) -> Self {
        Self { line, prefix, randomness }
    }

    /// Takes the lock if nobody holds it.
    async fn set(&self, key: &str, value: &str, ttl: u64) -> Result<bool, Failure> {
        let mut set = cmd("SET");
        set.arg(key).arg(value).arg("NX").arg("PX").arg(ttl);
        Ok(self.line.ask::<Value>(&set).await? == Value::Okay)
    }
}

#[async_trait]
impl Locker for RedisLocker {
    async fn acquire(&self, request: &LockRequest<'_>) -> Result<Locked> {
        let LockHolder { store_id, config_id, fence } = request.holder;
        let key = format!("{}{}", self.prefix, request.name);
        let kin = format!("cron-manager:{store_id}:{config_id}:");
        let value = format!("{kin}{fence}:{:016x}", self.randomness.next());
        let ttl = milliseconds(request.ttl);
        let taken = if request.tick.is_none() && self.set(&key, &value, ttl).await? {
            1
        } else {
            let mut keys = vec![key.as_str()];
            let mut arguments = vec![value.clone(), kin, fence.to_string(), ttl.to_string()];
            // In a cluster it lies where the lock lies: what is in braces chooses the slot.
            let tick_key = format!("{{{key}}}:tick");
            if let Some(tick) = &request.tick {
                keys.push(&tick_key);
                let (due, remember) = (tick.due_at.as_microsecond(), milliseconds(tick.remember));
                arguments.extend([store_id.to_string(), due.to_string(), remember.to_string()]);
            }
            ACQUIRE.run(&self.line, &keys, &arguments).await?
        };
        Ok(match taken {
            1 => Locked::Mine(Box::new(RedisLease { line: Arc::clone(&self.line), key, value })),
            0 => Locked::Elsewhere,
            _ => Locked::TickTaken,
        })
    }

    async fn ping(&self) -> Result<()> {
        Ok(self.line.ask::<Value>(&cmd("PING")).await.map(drop)?)
    }

    fn is_shared(&self) -> bool {
        true
    }
}

#[async_trait]
impl Lease for RedisLease {
    async fn extend(&self, ttl: Duration) -> Result<bool> {
        let arguments = [&self.value, &milliseconds(ttl).to_string()];
        Ok(EXTEND.run(&self.line, &[&self.key], &arguments).await?)
    }

    /// Ends the lease. False: it had ended before, or it ended now and the answer to that was lost on the way.
    async fn release(&self) -> Result<bool> {
        Ok(RELEASE.run(&self.line, &[&self.key], &[&self.value]).await?)
    }
}

/// Whole milliseconds, never more than asked for but at least one: Redis knows nothing shorter.
fn milliseconds(length: Duration) -> u64 {
    /// What Redis can still add to the time of day.
    const LONGEST: u64 = 1 << 53;
    u64::try_from(length.as_millis()).unwrap_or(LONGEST).clamp(1, LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ttl_is_at_least_a_millisecond_and_never_longer_than_asked_for() {
        let of = |nanoseconds| milliseconds(Duration::from_nanos(nanoseconds));
        assert_eq!([of(0), of(1), of(1_999_999), of(2_000_000)], [1, 1, 1, 2]);
        assert_eq!(milliseconds(Duration::MAX), 1 << 53);
    }
}
