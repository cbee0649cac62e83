//! Finish: tell the store how runs ended, in batches, until it has heard.

use std::{collections::HashSet, sync::Arc};

use tokio::sync::mpsc::UnboundedReceiver;
use tracing::Instrument;

use super::{
    Replica,
    active::End,
    lock::Ended,
    replica::{Activity, Phase},
};
use crate::{CronRun, Outcome, Result, RunId, contracts::Finish};

/// How many finishes one call takes.
const BATCH: usize = 512;

impl Replica {
    /// Hands finishes to the store until the replica has ended.
    pub(super) async fn keep_finishing(self: Arc<Self>, mut unfinished: UnboundedReceiver<Finish>) {
        let mut batch = Vec::new();
        loop {
            tokio::select! {
                biased;
                () = self.reached(Phase::Ended) => return,
                _ = unfinished.recv_many(&mut batch, BATCH) => self.finish(&mut batch).await,
            }
        }
    }

    /// Repeats until the store answers. A finish that was written although its reply was lost is refused the next time, and
    /// changes nothing.
    async fn finish(&self, batch: &mut Vec<Finish>) {
        loop {
            let span = tracing::debug_span!("cron_finish", runs = batch.len());
            match self.record(batch).instrument(span).await {
                Ok(recorded) => return self.settle_finishes(batch, &recorded),
                Err(error) => {
                    tracing::warn!(%error, runs = batch.len(), "finishing was delayed");
                    let wait = self.jitter(self.tuning.retry_after);
                    tokio::select! {
                        biased;
                        () = self.reached(Phase::Ended) => return,
                        () = self.clock.sleep_until(self.clock.elapsed() + wait) => {}
                    }
                }
            }
        }
    }

    /// The runs that ended as is said now in `batch`. A finish that is refused is looked for in the store: it may have been written when the
    /// reply was lost, or the run may have ended in the transaction of its work, which then tells how.
    async fn record(&self, batch: &mut [Finish]) -> Result<HashSet<RunId>> {
        let mut recorded: HashSet<_> = self.store.finish(batch).await?.into_iter().collect();
        let ids = batch.iter().map(|finish| finish.hold.run_id);
        let refused: Vec<_> = ids.filter(|id| !recorded.contains(id)).collect();
        if refused.is_empty() {
            return Ok(recorded);
        }
        for run in self.store.runs_after(RunId(i64::MAX), 0, &refused).await? {
            for Finish { hold, outcome } in batch.iter_mut() {
                if let Some(ended) = run.ended_under(*hold) {
                    *outcome = Outcome { log: outcome.log.take(), log_start: outcome.log_start, ..ended };
                    recorded.insert(run.id);
                }
            }
        }
        Ok(recorded)
    }

    fn settle_finishes(&self, batch: &mut Vec<Finish>, recorded: &HashSet<RunId>) {
        for Finish { hold, outcome } in batch.drain(..) {
            let Some(live) = self.active.get(hold) else { continue };
            let run = live.active.run();
            let is_recorded = recorded.contains(&hold.run_id);
            if is_recorded {
                live.tell(End::Recorded(outcome.clone()));
            }
            if let Some(reason) = outcome.reason {
                if is_recorded {
                    let run = CronRun { state: outcome.state, reason: Some(reason), started_at: None, ..run.clone() };
                    self.report_skip(&run, run.count);
                }
                self.active.remove(hold);
                continue;
            }
            if is_recorded {
                live.log(format_args!("Job: {}; Ended - {}", run.name, Ended::of(&outcome)));
            } else {
                tracing::warn!(run_id = %run.id, job = %run.name, state = %outcome.state, "a finish was not needed or came too late");
            }
            if is_recorded {
                self.observer.ended(run, outcome.state, live.took());
            }
            self.report(Activity::Ended(run.clone(), outcome));
            // Last: when none is left, a shutdown returns, and by then all ends have been told of.
            self.active.remove(hold);
        }
        self.run_ended.notify_one();
    }
}
