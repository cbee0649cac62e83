//! Output: what live runs log and how far they say they have come, kept by the store while they go on.

use std::{collections::HashMap, sync::Arc, time::Duration};

use super::{Replica, active::Live, replica::Phase};
use crate::{Hold, ProgressReport, contracts::HeldOutput};

/// How often what is new is handed to the store, at the most. A run is seen twice before it is told of, so one that ends sooner costs nothing.
const EVERY: Duration = Duration::from_secs(1);

/// What the store was told of a run.
#[derive(Clone, Default, PartialEq)]
struct Told {
    log_end: u64,
    progress: Option<ProgressReport>,
}

impl Told {
    /// As it is now.
    fn of(live: &Live) -> Self {
        Self { log_end: live.active.log_end(), progress: live.active.progress() }
    }
}

impl Replica {
    /// Keeps what is new until the replica has ended; also while it drains.
    pub(super) async fn keep_output(self: Arc<Self>) {
        let mut told = HashMap::new();
        loop {
            let next = async {
                if self.active.is_empty() {
                    self.active.begun.notified().await;
                }
                self.clock.sleep_until(self.clock.elapsed() + EVERY).await;
            };
            tokio::select! {
                biased;
                () = self.reached(Phase::Ended) => return,
                () = next => self.tell_output(&mut told).await,
            }
        }
    }

    /// Hands over what the store does not know of the runs that were live the last time, too. What fails is handed over again.
    async fn tell_output(&self, told: &mut HashMap<Hold, Told>) {
        let lives: Vec<_> = self.active.all().into_iter().filter(|live| live.is_executing()).collect();
        let mut now = HashMap::new();
        let mut outputs = Vec::new();
        for live in &lives {
            let Some(before) = told.get(&live.hold) else {
                now.insert(live.hold, Told::default());
                continue;
            };
            let is_new = live.active.log_end() != before.log_end || live.active.progress() != before.progress;
            now.insert(live.hold, if is_new { Told::of(live) } else { before.clone() });
            if is_new {
                outputs.push(HeldOutput { hold: live.hold, output: live.active.output(before.log_end) });
            }
        }
        if !outputs.is_empty()
            && let Err(error) = self.store.keep_output(&outputs).await
        {
            tracing::debug!(%error, runs = outputs.len(), "what live runs logged was not kept; it is tried again");
            for HeldOutput { hold, .. } in &outputs {
                now.insert(*hold, told.remove(hold).unwrap_or_default());
            }
        }
        *told = now;
    }
}
