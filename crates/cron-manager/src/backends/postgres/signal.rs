//! Nudges by LISTEN and NOTIFY.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_util::future::{Either, select};
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tokio::sync::{Notify, watch};

use super::line::Line;
use crate::contracts::{BoxFuture, Randomness, Signal, Spawn};

/// After so long without a word, the line is tried.
const QUIET: Duration = Duration::from_secs(20);
/// How long one's own word may take to come back.
const ECHO: Duration = Duration::from_secs(5);
/// Between two tries to connect: first, doubling, and in the end.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(30));
/// Between two words, so that a burst of nudges does not become a burst of statements.
const PAUSE: Duration = Duration::from_millis(10);

/// Nudges between the replicas that share a schema. It listens on a connection of its own, which it makes anew when it is lost; it
/// speaks on those of the store. Made by [`PostgresStore::signal`](super::PostgresStore::signal).
///
/// It is live when its own words come back to it. Through a pooler that gives a connection to each transaction they do not.
pub struct PostgresSignal {
    ends: Arc<Ends>,
    /// Its tasks end with it.
    _open: watch::Sender<()>,
}

/// The two ends of the line.
struct Ends {
    line: Line,
    connect: PgConnectOptions,
    /// Tells one's own words from those of others.
    me: String,
    waiting: Arc<Notify>,
    /// Something is to be said. However often it was asked for, it is said once.
    to_say: Notify,
    live: AtomicBool,
}

impl PostgresSignal {
    pub(super) fn new(line: Line, connect: PgConnectOptions, spawn: &dyn Spawn, randomness: &dyn Randomness) -> Self {
        let (open, closed) = watch::channel(());
        let ends = Arc::new(Ends {
            line,
            connect,
            me: format!("{:016x}", randomness.next()),
            waiting: Arc::default(),
            to_say: Notify::new(),
            live: AtomicBool::new(false),
        });
        spawn.spawn(until(closed.clone(), Arc::clone(&ends).speak()));
        if !ends.line.has_pooler() {
            spawn.spawn(until(closed, Arc::clone(&ends).listen()));
        }
        Self { ends, _open: open }
    }
}

impl Signal for PostgresSignal {
    fn nudge(&self) {
        self.ends.waiting.notify_waiters();
        self.ends.to_say.notify_one();
    }

    fn nudged(&self) -> BoxFuture<()> {
        // An owned wait counts from its creation, so a nudge before the first poll is not lost.
        Box::pin(Arc::clone(&self.ends.waiting).notified_owned())
    }

    fn is_live(&self) -> bool {
        self.ends.live.load(Ordering::Acquire)
    }
}

/// Does `work` until the sender of `closed` is gone.
fn until(mut closed: watch::Receiver<()>, work: impl Future<Output = ()> + Send + 'static) -> BoxFuture<()> {
    Box::pin(async move {
        select(pin!(work), pin!(closed.changed())).await;
    })
}

impl Ends {
    /// Says what is to be said, again and again.
    async fn speak(self: Arc<Self>) {
        loop {
            self.to_say.notified().await;
            if let Err(error) = self.line.notify(&self.me).await {
                tracing::debug!(%error, "other replicas were not nudged");
            }
            self.sleep(PAUSE).await;
        }
    }

    /// Listens, and connects again when the connection is lost.
    async fn listen(self: Arc<Self>) {
        let mut wait = BACKOFF.0;
        loop {
            let ended = self.hear().await;
            if self.live.swap(false, Ordering::AcqRel) {
                wait = BACKOFF.0;
            }
            if let Err(error) = ended {
                tracing::debug!(%error, "nudges of other replicas do not arrive");
            }
            self.sleep(wait).await;
            wait = (wait * 2).min(BACKOFF.1);
        }
    }

    /// Hears others until the connection is lost.
    async fn hear(&self) -> sqlx::Result<()> {
        let pool =
            PgPoolOptions::new().max_connections(1).acquire_timeout(ECHO).connect_lazy_with(self.connect.clone());
        let mut listener = PgListener::connect_with(&pool).await?;
        listener.eager_reconnect(false);
        listener.listen(self.line.channel()).await?;
        self.to_say.notify_one();
        let mut patience = ECHO;
        loop {
            let heard = match select(pin!(listener.try_recv()), self.sleep(patience)).await {
                Either::Left((heard, _)) => Some(heard?),
                Either::Right(_) => None,
            };
            patience = match heard {
                Some(Some(word)) => {
                    self.take(word.payload());
                    QUIET
                }
                Some(None) => return Ok(()),
                None if patience == ECHO => return Err(sqlx::Error::PoolTimedOut),
                None => {
                    self.to_say.notify_one();
                    ECHO
                }
            };
        }
    }

    /// A word came. After a time without connection, somebody's may have been missed.
    fn take(&self, word: &str) {
        let was_live = self.live.swap(true, Ordering::AcqRel);
        if !was_live || word != self.me {
            self.waiting.notify_waiters();
        }
    }

    fn sleep(&self, length: Duration) -> BoxFuture<()> {
        self.line.sleep(length)
    }
}
