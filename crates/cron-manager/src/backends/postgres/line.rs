//! The way to the database: connections, time limits, and beginning anew.

use std::{pin::pin, sync::Arc, time::Duration};

use futures_util::future::{Either, select};
use sqlx::PgPool;

use super::{
    error::Failure,
    schema::Schema,
    session::{Begin, Session},
};
use crate::{
    Result,
    contracts::{BoxFuture, Clock},
};

/// How long one try of a call may last, connecting included.
const LIMIT: Duration = Duration::from_secs(10);

/// How often work is begun that meets others each time.
const TRIES: u32 = 8;

/// What became of a piece of work, and the session it was done in.
pub(super) type Done<T> = (Result<T, Failure>, Session);

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

    /// Does `work`, which is one statement. As all work here, it may have to begin anew; it gives the session back.
    pub(super) async fn once<T, W: Future<Output = Done<T>>>(&self, work: impl Fn(Session) -> W) -> Result<T> {
        // A statement is prepared in one step and executed in the next.
        self.repeated(if self.pooler { Begin::Writing } else { Begin::Not }, work).await
    }

    /// Does `work`, which only reads, at one moment.
    pub(super) async fn reading<T, W: Future<Output = Done<T>>>(&self, work: impl Fn(Session) -> W) -> Result<T> {
        self.repeated(Begin::Reading, work).await
    }

    /// Does `work` in a transaction: all of it is kept, or nothing.
    pub(super) async fn writing<T, W: Future<Output = Done<T>>>(&self, work: impl Fn(Session) -> W) -> Result<T> {
        self.repeated(Begin::Writing, work).await
    }

    /// The same for work whose statements each touch a few rows.
    pub(super) async fn writing_little<T, W: Future<Output = Done<T>>>(
        &self,
        work: impl Fn(Session) -> W,
    ) -> Result<T> {
        // Behind a pooler no statement stays prepared, so each is planned anyhow.
        self.repeated(if self.pooler { Begin::Writing } else { Begin::WritingLittle }, work).await
    }

    /// Whether a pooler gives a connection of its own to each transaction.
    pub(super) fn has_pooler(&self) -> bool {
        self.pooler
    }

    /// The channel on which replicas that share the schema nudge each other.
    pub(super) fn channel(&self) -> &str {
        self.schema.name()
    }

    /// Says `word` to all who listen.
    pub(super) async fn notify(&self, word: &str) -> Result<()> {
        let say = move |mut on: Session| async move {
            let query = on.query("SELECT pg_notify($1, $2)").bind(self.channel()).bind(word);
            (on.run(query).await.map(drop).map_err(Failure::from), on)
        };
        self.once(say).await
    }

    /// Ends after `length`.
    pub(super) fn sleep(&self, length: Duration) -> BoxFuture<()> {
        self.clock.sleep_until(self.clock.elapsed() + length)
    }

    async fn repeated<T, W: Future<Output = Done<T>>>(&self, begin: Begin, work: impl Fn(Session) -> W) -> Result<T> {
        for _ in 1..TRIES {
            match self.limited(self.try_once(begin, &work)).await {
                Err(failure) if failure.is_collision() => {}
                done => return Ok(done?),
            }
        }
        Ok(self.limited(self.try_once(begin, &work)).await?)
    }

    async fn limited<T>(&self, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        let done = match select(pin!(work), self.sleep(LIMIT)).await {
            Either::Left((done, _)) => done,
            Either::Right(((), _)) => Err(Failure::Late),
        };
        if done.as_ref().is_err_and(Failure::broke_connection) {
            self.close_idle();
        }
        done
    }

    async fn try_once<T, W: Future<Output = Done<T>>>(
        &self,
        begin: Begin,
        work: &impl Fn(Session) -> W,
    ) -> Result<T, Failure> {
        let connection = self.pool.acquire().await?;
        let session = Session::begin(connection, Arc::clone(&self.schema), !self.pooler, begin).await?;
        let (done, session) = work(session).await;
        session.end(done).await
    }

    /// When one connection broke, the server may have gone away from all: rather open new ones than let each fail a call.
    fn close_idle(&self) {
        while let Some(connection) = self.pool.try_acquire() {
            drop(connection.detach());
        }
    }
}
