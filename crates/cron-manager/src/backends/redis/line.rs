//! The connection to Redis.

use std::{pin::pin, sync::Arc, time::Duration};

use async_trait::async_trait;
use futures_util::future::{Either, select};
use redis::{
    Cmd, FromRedisValue, RedisResult, Value,
    aio::{ConnectionLike, PubSub},
};
use tokio::sync::Mutex;

use super::{
    error::{Failure, wants_another_connection},
    place::Place,
};
use crate::contracts::{BoxFuture, Clock};

/// A connection, of whatever kind.
#[async_trait]
pub(super) trait Wire: Send + Sync {
    async fn send(&self, command: &Cmd) -> RedisResult<Value>;
}

#[async_trait]
impl<C: ConnectionLike + Clone + Send + Sync + 'static> Wire for C {
    async fn send(&self, command: &Cmd) -> RedisResult<Value> {
        command.query_async(&mut self.clone()).await
    }
}

/// One connection for commands, made when it is first needed, and anew when it is lost. A failure is not remembered: the next command
/// tries again.
pub(super) struct Line {
    place: Place,
    timeout: Duration,
    clock: Arc<dyn Clock>,
    /// Held while connecting, so that one does so for all.
    wire: Mutex<Option<Arc<dyn Wire>>>,
}

impl Line {
    pub(super) fn new(place: Place, timeout: Duration, clock: Arc<dyn Clock>) -> Self {
        Self { place, timeout, clock, wire: Mutex::default() }
    }

    /// Whether words can be heard here.
    pub(super) fn has_ears(&self) -> bool {
        self.place.has_ears()
    }

    pub(super) fn sleep(&self, length: Duration) -> BoxFuture<()> {
        self.clock.sleep_until(self.clock.elapsed() + length)
    }

    /// The answer to a command, within the time limit. Where its connection turns out to be lost, it is sent once more on a new one: a
    /// command that comes here may be carried out twice.
    pub(super) async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, Failure> {
        let until = self.clock.elapsed() + self.timeout;
        let mut again = true;
        loop {
            let wire = self.within(until, self.wire()).await?;
            let error = match self.within(until, wire.send(command)).await {
                Ok(answer) => return redis::from_redis_value(answer).map_err(|error| Failure::Redis(error.into())),
                Err(error) => error,
            };
            let repeat = match &error {
                // Who does not answer this does not answer what comes after it.
                Failure::Late => false,
                Failure::Redis(error) if wants_another_connection(error) => again,
                Failure::Redis(_) => return Err(error),
            };
            self.forget(&wire);
            if !repeat {
                return Err(error);
            }
            again = false;
        }
    }

    /// A new connection that hears what is said on the channel.
    pub(super) async fn listen(&self, channel: &str, limit: Duration) -> Result<PubSub, Failure> {
        self.within(self.clock.elapsed() + limit, self.place.listen(channel)).await
    }

    async fn wire(&self) -> RedisResult<Arc<dyn Wire>> {
        let mut wire = self.wire.lock().await;
        if let Some(wire) = &*wire {
            return Ok(Arc::clone(wire));
        }
        Ok(Arc::clone(wire.insert(self.place.connect().await?)))
    }

    /// Lets the next command connect anew.
    fn forget(&self, lost: &Arc<dyn Wire>) {
        // Locked, somebody is connecting already.
        if let Ok(mut wire) = self.wire.try_lock()
            && wire.as_ref().is_some_and(|wire| Arc::ptr_eq(wire, lost))
        {
            *wire = None;
        }
    }

    async fn within<T>(&self, until: Duration, work: impl Future<Output = RedisResult<T>>) -> Result<T, Failure> {
        match select(pin!(work), self.clock.sleep_until(until)).await {
            Either::Left((done, _)) => done.map_err(Failure::Redis),
            Either::Right(_) => Err(Failure::Late),
        }
    }
}
