//! Execute: call the handler of a claimed run, as long as the claim can be trusted.

use std::{any::Any, future::poll_fn, panic::AssertUnwindSafe, pin::pin, sync::Arc, task::Poll, time::Duration};

use futures_util::FutureExt;
use tokio::sync::oneshot;
use tracing::{Instrument, Span};

use super::{
    Replica,
    active::{End, Live},
    lock::{Ended, Lock},
    replica::Activity,
    span,
};
use crate::{
    ActiveRun, CronConfig, CronRun, Handler, HandlerResult, Outcome, RunKind, RunState, Stop, contracts::Finish,
};

impl Replica {
    /// Takes on a run whose claim was sent at `sent`, unless it is live already. Its end can be waited for; it fails when that comes
    /// unknown to this replica.
    pub(super) fn begin(
        self: &Arc<Self>,
        handler: Option<Arc<dyn Handler>>,
        run: CronRun,
        config: Arc<CronConfig>,
        sent: Duration,
    ) -> Option<oneshot::Receiver<End>> {
        let hold = run.hold()?;
        let window_start = window_start(&run, &config);
        let active = ActiveRun::new(run, config, window_start, Arc::clone(&self.services));
        let live = Arc::new(Live::new(active, hold, sent));
        let ended = live.ended();
        let is_new = self.active.insert(&live);
        is_new.then(|| {
            self.spawn(Arc::clone(self).execute_or_let_go(live, handler));
            ended
        })
    }

    /// A panic that is not the handler's own, such as a locker's, must not leave a run that is kept alive and that nobody executes.
    async fn execute_or_let_go(self: Arc<Self>, live: Arc<Live>, handler: Option<Arc<dyn Handler>>) {
        let span = span::of(live.active.run(), live.hold.replica_id);
        let executed = AssertUnwindSafe(self.execute(&live, handler, &span)).catch_unwind();
        if executed.instrument(span.clone()).await.is_err() {
            tracing::error!(run_id = %live.hold.run_id, "executing a run panicked; it will be found abandoned");
            self.active.remove(live.hold);
            self.run_ended.notify_one();
        }
    }

    async fn execute(&self, live: &Arc<Live>, handler: Option<Arc<dyn Handler>>, span: &Span) {
        let run = live.active.run();
        let _locked = self.locks.begin();
        let Some(mut lock) = self.lock(live).await else { return self.run_ended.notify_one() };
        let mut ended = None;
        match handler.filter(|_| live.begin(self.clock.elapsed())) {
            Some(handler) => {
                live.log(format_args!("Job: {}; Started - Success", run.name));
                self.observer.started(run);
                self.report(Activity::Started(run.clone()));
                let outcome = if live.active.stopping() == Some(Stop::Cancelled) {
                    Some(cancelled_before())
                } else {
                    self.supervise(live, &mut lock, handler).await
                };
                live.end(self.clock.elapsed());
                span::record(span, outcome.as_ref());
                ended = Some(outcome.as_ref().map_or(Ended::Failed, Ended::of));
                self.hand_in(live, outcome);
            }
            // A claim that lapsed is left to be rescued; one that was taken back is no longer ours.
            None => self.active.remove(live.hold),
        }
        self.run_ended.notify_one();
        self.unlock(live, lock, ended).await;
    }

    fn hand_in(&self, live: &Live, outcome: Option<Outcome>) {
        let run = live.active.run();
        if let Some(outcome) = outcome {
            let outcome = if live.active.is_ending() && outcome.state == RunState::Succeeded {
                // That is for the transaction of its work to record, or for nobody.
                live.active.outcome(RunState::Failed, Err("the transaction of its work was not kept".into()))
            } else {
                outcome
            };
            // It cannot fail: the receiver lives as long as the replica's tasks do.
            let _ = self.finishes.send(Finish { hold: live.hold, outcome });
        } else {
            tracing::warn!(run_id = %run.id, job = %run.name, "the hold on a run was lost; its handler was stopped");
            self.active.remove(live.hold);
        }
    }

    /// Runs the handler to its end. `None`: the hold was lost before.
    async fn supervise(&self, live: &Arc<Live>, lock: &mut Lock, handler: Arc<dyn Handler>) -> Option<Outcome> {
        let active = &live.active;
        let mut call = pin!(AssertUnwindSafe(async { handler.call(active.clone()).await }).catch_unwind());
        // Whatever woke the task, the handler goes on only under trust: a replica that was paused wakes up here.
        let trusted =
            poll_fn(
                |context| {
                    if self.clock.elapsed() >= live.trust() { Poll::Pending } else { call.as_mut().poll(context) }
                },
            );
        let ended = tokio::select! {
            biased;
            () = self.lapsed(live) => None,
            () = self.keep_locked(live, lock) => None,
            ended = trusted => Some(ended.unwrap_or_else(|panic| Err(panic_text(&*panic)))),
            () = self.overdue(active) => Some(Err("the handler went on after it was told to stop, and was dropped".into())),
        };
        if ended.is_none() {
            active.stop(Stop::HoldLost);
        }
        // One that ends in the transaction of its work may have done so: then there is no hold any more.
        let ended = ended.or_else(|| active.is_ending().then(|| Err("the hold on the run was lost".into())));
        ended.map(|ended| outcome(active, ended))
    }

    /// Ends when the claim can no longer be trusted.
    async fn lapsed(&self, live: &Live) {
        while self.clock.elapsed() < live.trust() {
            tokio::select! {
                biased;
                Stop::HoldLost = live.active.stopped() => {}
                () = self.clock.sleep_until(live.trust()) => {}
            }
        }
    }

    /// Tells the handler to stop at its timeout; ends when it had its grace after it was told to stop.
    async fn overdue(&self, active: &ActiveRun) {
        let timeout = async {
            match active.timeout() {
                Some(timeout) => self.clock.sleep_until(self.clock.elapsed() + timeout).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            _ = active.stopped() => {}
            () = timeout => active.stop(Stop::TimedOut),
        }
        self.clock.sleep_until(self.clock.elapsed() + self.tuning.stop_grace).await;
    }
}

/// Cancelled after the claim, and before the handler was called.
fn cancelled_before() -> Outcome {
    Outcome { error: Some("cancelled before the handler was called".into()), ..Outcome::new(RunState::Cancelled) }
}

/// The tick before this one.
fn window_start(run: &CronRun, config: &CronConfig) -> Option<jiff::Timestamp> {
    let schedule = config.schedule.as_ref().filter(|_| run.kind != RunKind::Manual)?;
    schedule.latest(config.created_at, run.due_at - Duration::from_secs(1))
}

fn outcome(active: &ActiveRun, ended: HandlerResult) -> Outcome {
    let state = match (active.stopping(), &ended) {
        (Some(Stop::TimedOut), _) => RunState::TimedOut,
        (Some(Stop::Cancelled), _) => RunState::Cancelled,
        (Some(Stop::ShutDown | Stop::LockLost), Err(_)) => RunState::Cancelled,
        (_, Ok(_)) => RunState::Succeeded,
        (_, Err(_)) => RunState::Failed,
    };
    active.outcome(state, ended)
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("the handler panicked: {}", text.unwrap_or("with a value that is not text"))
}
