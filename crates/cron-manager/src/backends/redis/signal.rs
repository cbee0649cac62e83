//! Nudges by PUBLISH and SUBSCRIBE.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_util::{
    StreamExt,
    future::{Either, select},
};
use redis::{Value, cmd};
use tokio::sync::{Notify, watch};

use super::{error::Failure, line::Line};
use crate::{
    Error,
    contracts::{BoxFuture, Randomness, Signal, Spawn},
};

/// After so long without a word, the line is tried.
const QUIET: Duration = Duration::from_secs(20);
/// How long connecting, and one's own word, may take.
const ECHO: Duration = Duration::from_secs(5);
/// Between two tries to connect: first, doubling, and in the end.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// Between two words, so that a burst of nudges does not become a burst of commands.
const PAUSE: Duration = Duration::from_millis(10);

/// Nudges between those who use the same prefix. It listens on a connection of its own, which it makes anew when it is lost; it speaks
/// on the one that the locks use. Made by [`Redis::signal`](super::Redis::signal).
///
/// It is live when its own words come back to it: behind a Sentinel they do not while it listens to a server that is master no more.
pub struct RedisSignal {
    ends: Arc<Ends>,
    /// Its tasks end with it.
    _open: watch::Sender<()>,
}

/// The two ends of the line.
struct Ends {
    line: Arc<Line>,
    channel: String,
    /// Tells one's own words from those of others.
    me: String,
    waiting: Arc<Notify>,
    /// Something is to be said. However often it was asked for, it is said once.
    to_say: Notify,
    live: AtomicBool,
}

impl RedisSignal {
    pub(super) fn new(line: Arc<Line>, prefix: &str, spawn: &dyn Spawn, randomness: &dyn Randomness) -> Self {
        let (open, closed) = watch::channel(());
        let ends = Arc::new(Ends {
            line,
            channel: format!("{prefix}nudge"),
            me: format!("{:016x}", randomness.next()),
            waiting: Arc::default(),
            to_say: Notify::new(),
            live: AtomicBool::new(false),
        });
        spawn.spawn(until(closed.clone(), Arc::clone(&ends).speak()));
        if ends.line.has_ears() {
            spawn.spawn(until(closed, Arc::clone(&ends).listen()));
        }
        Self { ends, _open: open }
    }
}

impl Signal for RedisSignal {
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
            let mut word = cmd("PUBLISH");
            word.arg(&self.channel).arg(&self.me);
            if let Err(failure) = self.line.ask::<Value>(&word).await {
                tracing::debug!(error = %Error::from(failure), "other replicas were not nudged");
            }
            self.line.sleep(PAUSE).await;
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
            if let Err(failure) = ended {
                tracing::debug!(error = %Error::from(failure), "nudges of other replicas do not arrive");
            }
            self.line.sleep(wait).await;
            wait = (wait * 2).min(BACKOFF.1);
        }
    }

    /// Hears others until the connection is lost.
    async fn hear(&self) -> Result<(), Failure> {
        let mut listener = self.line.listen(&self.channel, ECHO).await?;
        let mut words = listener.on_message();
        self.to_say.notify_one();
        let (mut silence, mut is_tried) = (self.line.sleep(ECHO), true);
        loop {
            match select(words.next(), &mut silence).await {
                // Somebody else's word says nothing about whether one's own arrive, and buys no time.
                Either::Left((Some(word), _)) => {
                    if self.take(word.get_payload_bytes()) {
                        (silence, is_tried) = (self.line.sleep(QUIET), false);
                    }
                }
                Either::Left((None, _)) => return Ok(()),
                Either::Right(_) if is_tried => return Err(Failure::Late),
                Either::Right(_) => {
                    self.to_say.notify_one();
                    (silence, is_tried) = (self.line.sleep(ECHO), true);
                }
            }
        }
    }

    /// A word came; whether it is this signal's own. After a time without connection, somebody's may have been missed.
    fn take(&self, word: &[u8]) -> bool {
        let is_mine = word == self.me.as_bytes();
        let was_live = if is_mine { self.live.swap(true, Ordering::AcqRel) } else { true };
        if !was_live || !is_mine {
            self.waiting.notify_waiters();
        }
        is_mine
    }
}
