//! What users write: the code that a job runs.

use std::{fmt::Display, sync::Arc, time::Duration};

use async_trait::async_trait;
use jiff::Timestamp;
use parking_lot::Mutex;
use serde::Serialize;
use serde_json::Value;
use tokio::sync::watch;

use super::BoxFuture;
use crate::{Context, CronConfig, CronRun};

/// What a handler returns: events or a value, or the text of an error.
pub type HandlerResult = std::result::Result<Value, String>;

/// The code that a job runs.
///
/// # Laws
/// - It is called once per claimed run, and only while the claim is good.
/// - An error and a panic end the run as failed, with the events captured so far, and nothing else.
/// - When it is told to stop it ends soon; what it does after its hold has ended is refused.
#[async_trait]
pub trait Handler: Send + Sync + 'static {
    /// Does the job once.
    async fn call(&self, run: ActiveRun) -> HandlerResult;
}

/// A handler from an async closure whose value is anything serde can write and whose error is anything with a text.
///
/// ```
/// use cron_manager::{ActiveRun, handler_fn};
///
/// let handler = handler_fn(|run: ActiveRun| async move {
///     run.event("sent 3 invoices");
///     Ok::<_, std::io::Error>(())
/// });
/// ```
pub fn handler_fn<F, Fut, T, E>(call: F) -> impl Handler
where
    F: Fn(ActiveRun) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = std::result::Result<T, E>> + Send + 'static,
    T: Serialize,
    E: Display,
{
    FnHandler(move |run| -> BoxFuture<HandlerResult> {
        let future = call(run);
        Box::pin(async move {
            let value = future.await.map_err(|error| error.to_string())?;
            serde_json::to_value(value).map_err(|error| format!("the returned value is not JSON: {error}"))
        })
    })
}

struct FnHandler<F>(F);

#[async_trait]
impl<F: Fn(ActiveRun) -> BoxFuture<HandlerResult> + Send + Sync + 'static> Handler for FnHandler<F> {
    async fn call(&self, run: ActiveRun) -> HandlerResult {
        (self.0)(run).await
    }
}

/// Why a run is told to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// It took longer than the config's timeout.
    TimedOut,
    /// The replica shuts down, and the grace period is over.
    ShutDown,
    /// The lock was lost, and the config requires it.
    LockLost,
    /// The replica lost its hold on the run: somebody else may run by now.
    HoldLost,
}

/// A run that is live on this replica, as its handler sees it. Clones are the same run.
#[derive(Clone)]
pub struct ActiveRun {
    inner: Arc<Inner>,
}

struct Inner {
    run: CronRun,
    config: Arc<CronConfig>,
    window_start: Option<Timestamp>,
    events: Mutex<Vec<Value>>,
    log: Mutex<Log>,
    stop: watch::Sender<Option<Stop>>,
}

/// The end of what a run printed.
#[derive(Default)]
struct Log {
    text: String,
    cut: bool,
}

impl ActiveRun {
    /// The most that is kept of what a run prints, in bytes; older lines go first.
    pub const LOG_LIMIT: usize = 64 * 1024;

    /// A run that was claimed, with the tick before it.
    pub fn new(run: CronRun, config: Arc<CronConfig>, window_start: Option<Timestamp>) -> Self {
        let inner = Inner {
            run,
            config,
            window_start,
            events: Mutex::default(),
            log: Mutex::default(),
            stop: watch::Sender::new(None),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The row in the ledger, as it was claimed.
    pub fn run(&self) -> &CronRun {
        &self.inner.run
    }

    /// The config it was claimed under.
    pub fn config(&self) -> &CronConfig {
        &self.inner.config
    }

    /// What the config tells the handler.
    pub fn context(&self) -> &Context {
        &self.inner.config.context
    }

    /// From the previous tick to this one: the span that this run is for.
    pub fn window(&self) -> (Option<Timestamp>, Timestamp) {
        (self.inner.window_start, self.inner.run.due_at)
    }

    /// How long the run may last.
    pub fn timeout(&self) -> Option<Duration> {
        self.inner.config.policy.timeout
    }

    /// Captures an event. Events are kept even when the run fails.
    pub fn event(&self, event: impl Serialize) {
        let value = serde_json::to_value(event)
            .unwrap_or_else(|error| Value::String(format!("an event that is not JSON: {error}")));
        self.inner.events.lock().push(value);
    }

    /// The events captured so far.
    pub fn events(&self) -> Vec<Value> {
        self.inner.events.lock().clone()
    }

    /// Adds a line to the run's log.
    pub fn log(&self, line: &str) {
        self.inner.log.lock().push(line);
    }

    /// The run's log so far, and whether its beginning was dropped.
    pub fn log_text(&self) -> (String, bool) {
        let mut log = self.inner.log.lock();
        log.cut();
        (log.text.clone(), log.cut)
    }

    /// Tells the handler to stop. The first reason stays.
    pub fn stop(&self, why: Stop) {
        self.inner.stop.send_if_modified(|stop| stop.is_none() && stop.replace(why).is_none());
    }

    /// Why the handler is told to stop, if it is.
    pub fn stopping(&self) -> Option<Stop> {
        *self.inner.stop.borrow()
    }

    /// Ends when the handler is told to stop.
    pub async fn stopped(&self) -> Stop {
        let mut stop = self.inner.stop.subscribe();
        loop {
            if let Some(why) = *stop.borrow_and_update() {
                return why;
            }
            if stop.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}

impl Log {
    fn push(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
        // Twice the limit before it is cut, so that printing much costs little.
        if self.text.len() > 2 * ActiveRun::LOG_LIMIT {
            self.cut();
        }
    }

    /// Drops what is over the limit, from the beginning.
    fn cut(&mut self) {
        let excess = self.text.len().saturating_sub(ActiveRun::LOG_LIMIT);
        if excess > 0 {
            let start = (excess..=self.text.len()).find(|&at| self.text.is_char_boundary(at)).unwrap_or(0);
            self.text.drain(..start);
            self.cut = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_keeps_its_end_within_the_limit_at_whole_characters() {
        let mut log = Log::default();
        for at in 0..20_000 {
            log.push(&format!("{at} ü"));
        }
        log.cut();
        assert!(log.cut && log.text.len() <= ActiveRun::LOG_LIMIT && log.text.len() > ActiveRun::LOG_LIMIT - 4);
        assert!(log.text.ends_with("19999 ü\n"));
    }
}
