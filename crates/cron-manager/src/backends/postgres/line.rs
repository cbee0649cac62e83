//! The way to the database: connections, time limits, and beginning anew.

use std::{pin::pin, sync::Arc, time::Duration};

use futures_util::future::{Either, select};
use sqlx::PgPool;

use super::{
    error::Failure,
    schema::Schema,
    session::{Begin, Session},
};
use crate::{Result, contracts::Clock};

/// How long a call may last, connecting and all repetitions of it aside.
const LIMIT: Duration = Duration::from_secs(10);

/// How often work is begun that meets others each time.
const TRIES: u32 = 8;

/// Connections for one purpose.
#[derive(Clone)]
pub(super) struct Line {
    pool: PgPool,
    clock: Arc<dyn Clock>,
    schema: Arc<Schema>,
    pooler: bool,
}

impl Line {
    /// `pooler`: another program gives a connection of its own to each transaction, so no statement stays prepared, and none stands
    /// alone.
    pub(super) fn new(pool: PgPool, clock: Arc<dyn Clock>, schema: Arc<Schema>, pooler: bool) -> Self {
        Self { pool, clock, schema, pooler }
    }

    /// Does `work`, which is one statement.
    pub(super) async fn once<T, W>(&self, work: W) -> Result<T>
    where
        W: AsyncFn(&mut Session) -> Result<T, Failure>,
    {
        // A statement is prepared in one step and executed in the next.
        self.repeated(if self.pooler { Begin::Writing } else { Begin::Not }, work).await
    }

    /// Does `work`, which only reads, at one moment.
    pub(super) async fn reading<T, W>(&self, work: W) -> Result<T>
    where
        W: AsyncFn(&mut Session) -> Result<T, Failure>,
    {
        self.repeated(Begin::Reading, work).await
    }

    /// Does `work` in a transaction: all of it is kept, or nothing.
    pub(super) async fn writing<T, W>(&self, work: W) -> Result<T>
    where
        W: AsyncFn(&mut Session) -> Result<T, Failure>,
    {
        self.repeated(Begin::Writing, work).await
    }

    async fn repeated<T, W>(&self, begin: Begin, work: W) -> Result<T>
    where
        W: AsyncFn(&mut Session) -> Result<T, Failure>,
    {
        for _ in 1..TRIES {
            match self.limited(begin, &work).await {
                Err(failure) if failure.is_collision() => {}
                done => return Ok(done?),
            }
        }
        Ok(self.limited(begin, &work).await?)
    }

    async fn limited<T, W>(&self, begin: Begin, work: &W) -> Result<T, Failure>
    where
        W: AsyncFn(&mut Session) -> Result<T, Failure>,
    {
        let limit = self.clock.sleep_until(self.clock.elapsed() + LIMIT);
        match select(pin!(self.on_connection(begin, work)), limit).await {
            Either::Left((done, _)) => done,
            Either::Right(((), _)) => Err(Failure::Late),
        }
    }

    async fn on_connection<T, W>(&self, begin: Begin, work: &W) -> Result<T, Failure>
    where
        W: AsyncFn(&mut Session) -> Result<T, Failure>,
    {
        let connection = self.pool.acquire().await?;
        let session = Session::new(connection, Arc::clone(&self.schema), !self.pooler);
        let done = session.within(begin, work).await;
        if done.as_ref().is_err_and(Failure::broke_connection) {
            self.close_idle();
        }
        done
    }

    /// When one connection broke, the server may have gone away from all: rather open new ones than let each fail a call.
    fn close_idle(&self) {
        while let Some(connection) = self.pool.try_acquire() {
            drop(connection.detach());
        }
    }
}
