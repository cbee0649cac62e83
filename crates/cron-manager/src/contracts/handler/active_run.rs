//! A run that is live.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::{
    Cancellation, Events, HandlerResult, Log, OutputChanges, Progress, ProgressReport, RunOutput, Services, Stop,
    Window,
};
use crate::{Context, CronConfig, CronRun, Outcome, RunState};

/// A run that is live on this replica, as its handler sees it. Clones are the same run.
#[derive(Clone)]
pub struct ActiveRun {
    inner: Arc<Inner>,
}

struct Inner {
    run: CronRun,
    config: Arc<CronConfig>,
    window_start: Option<Timestamp>,
    services: Arc<Services>,
    events: Events,
    progress: Progress,
    log: Log,
    cancellation: Cancellation,
    is_ending: AtomicBool,
}

impl ActiveRun {
    /// The most that is kept of what a run logs, in characters; older ones go first.
    pub const LOG_LIMIT: usize = Log::LIMIT;

    /// A run that was claimed, with the tick before it and what its handler may ask for.
    pub fn new(
        run: CronRun,
        config: Arc<CronConfig>,
        window_start: Option<Timestamp>,
        services: Arc<Services>,
    ) -> Self {
        let inner = Inner {
            run,
            config,
            window_start,
            services,
            events: Events::default(),
            progress: Progress::default(),
            log: Log::default(),
            cancellation: Cancellation::default(),
            is_ending: AtomicBool::new(false),
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

    /// What the handler is told: by the run, if it has a context of its own, else by the config.
    pub fn context(&self) -> &Context {
        self.inner.run.context.as_ref().unwrap_or(&self.inner.config.context)
    }

    /// From the previous tick to this one: the span that this run is for.
    pub fn window(&self) -> Window {
        Window { start: self.inner.window_start, end: self.inner.run.due_at }
    }

    /// How long the run may last.
    pub fn timeout(&self) -> Option<Duration> {
        self.inner.config.policy.timeout
    }

    /// Captures an event. Events are kept even when the run fails.
    pub fn event(&self, event: impl Serialize) {
        self.inner.events.push(event);
    }

    /// The events captured so far.
    pub fn events(&self) -> Vec<Value> {
        self.inner.events.all()
    }

    /// How far the handler says it has come.
    pub fn progress(&self) -> Option<ProgressReport> {
        self.inner.progress.report()
    }

    /// Adds a line to the run's log.
    pub fn log(&self, line: &str) {
        self.inner.log.line(line);
    }

    /// The run's log so far, and whether its beginning was dropped.
    pub fn log_text(&self) -> (String, bool) {
        (self.inner.log.part(0).text, self.inner.log.is_truncated())
    }

    /// Whether its log has lost something.
    pub fn log_is_truncated(&self) -> bool {
        self.inner.log.is_truncated()
    }

    /// How many characters it logged.
    pub fn log_end(&self) -> u64 {
        self.inner.log.end()
    }

    /// Tells of what it logs and how far it says it has come, from now on.
    pub fn output_changes(&self) -> OutputChanges {
        OutputChanges { log: self.inner.log.changes(), progress: self.inner.progress.changes() }
    }

    /// What is seen of it: its log after the first `from` characters, as [`Log::part`] gives it, and its progress.
    pub fn output(&self, from: u64) -> RunOutput {
        RunOutput { log: self.inner.log.part(from), progress: self.progress() }
    }

    /// Tells the handler to stop. The first reason stays.
    pub fn stop(&self, why: Stop) {
        self.inner.cancellation.cancel(why);
    }

    /// Why the handler is told to stop, if it is.
    pub fn stopping(&self) -> Option<Stop> {
        self.inner.cancellation.reason()
    }

    /// Ends when the handler is told to stop.
    pub async fn stopped(&self) -> Stop {
        self.inner.cancellation.cancelled().await
    }

    /// How it ends, in `state` and with what its handler returned.
    pub fn outcome(&self, state: RunState, returned: HandlerResult) -> Outcome {
        let log = self.output(0).log;
        let outcome =
            Outcome { log_start: log.start, ..Outcome::new(state).with_log(&log.text, self.log_is_truncated()) };
        match returned {
            Ok(value) => outcome.with_result(self.events(), value),
            Err(error) => outcome.with_failure(self.events(), &error),
        }
    }

    /// What a handler records in the store's [`Home`](crate::contracts::Home) that ends the run as succeeded in the transaction of its work. From now on it alone
    /// can record a success, and the store tells whether it did: its replica records nothing but a failure, and counts no more heartbeats,
    /// which would wait for that transaction.
    pub fn ending(&self, value: Value) -> Outcome {
        self.inner.is_ending.store(true, Ordering::Relaxed);
        self.outcome(RunState::Succeeded, Ok(value))
    }

    /// Whether its handler ends it in the transaction of its work.
    pub fn is_ending(&self) -> bool {
        self.inner.is_ending.load(Ordering::Relaxed)
    }

    pub(super) fn services(&self) -> &Services {
        &self.inner.services
    }

    pub(super) fn captures(&self) -> &Events {
        &self.inner.events
    }

    pub(super) fn lines(&self) -> &Log {
        &self.inner.log
    }

    pub(super) fn progress_report(&self) -> &Progress {
        &self.inner.progress
    }

    pub(super) fn cancellation(&self) -> &Cancellation {
        &self.inner.cancellation
    }
}
