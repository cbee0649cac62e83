//! Finish: tell the store how runs ended, in batches, until it has heard.

use std::{collections::HashSet, sync::Arc};

use tokio::sync::mpsc::UnboundedReceiver;

use super::{
    Replica,
    lock::Ended,
    replica::{Activity, Phase},
};
use crate::{CronRun, RunId, contracts::Finish};

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
            match self.store.finish(batch).await {
                Ok(moved) => return self.settle_finishes(batch, &moved.into_iter().collect()),
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

    fn settle_finishes(&self, batch: &mut Vec<Finish>, moved: &HashSet<RunId>) {
        for Finish { hold, outcome } in batch.drain(..) {
            let Some(live) = self.active.get(hold.run_id) else { continue };
            let run = live.active.run();
            live.tell(&outcome);
            if let Some(reason) = outcome.reason {
                let run = CronRun { state: outcome.state, reason: Some(reason), started_at: None, ..run.clone() };
                self.report_skip(&run);
                self.active.remove(hold.run_id);
                continue;
            }
            if moved.contains(&hold.run_id) {
                live.log(format_args!("Job: {}; Ended - {}", run.name, Ended::of(&outcome)));
            } else {
                tracing::warn!(run_id = %run.id, job = %run.name, state = %outcome.state, "a finish was not needed or came too late");
            }
            self.report(Activity::Ended(run.clone(), outcome));
            // Last: when none is left, a shutdown returns, and by then all ends have been told of.
            self.active.remove(hold.run_id);
        }
        self.run_ended.notify_one();
    }
}
