//! Heartbeat: renew the holds of all live runs, in batches.

use std::{collections::HashMap, sync::Arc, time::Duration};

use super::{Replica, active::Live, replica::Phase};
use crate::{RunId, Stop, contracts::Beat};

impl Replica {
    /// Renews each hold every third of its ttl until the replica has ended; also while it drains.
    pub(super) async fn keep_heartbeats(self: Arc<Self>) {
        loop {
            let next = self.active.plan_beat();
            let sleep = async {
                match next {
                    Some(next) => self.clock.sleep_until(next).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = self.reached(Phase::Ended) => return,
                () = sleep => self.beat().await,
                () = self.active.beat_sooner.notified() => {}
            }
        }
    }

    /// Beats for all runs that are due, or nearly.
    async fn beat(&self) {
        let sent = self.clock.elapsed();
        let nearly = |live: &Arc<Live>| live.next_beat() <= sent + live.active.run().ttl / 12;
        let lives = self.active.all().into_iter().filter(nearly);
        // A heartbeat would wait for the transaction that ends the run, and all others with it.
        let (ending, lives): (Vec<_>, Vec<_>) = lives.partition(|live| live.active.is_ending());
        ending.iter().for_each(|live| live.beat_again_at(sent + again_after(live)));
        let holds: Vec<_> = lives.iter().map(|live| live.hold).collect();
        match self.store.heartbeat(&holds).await {
            Ok(beats) => {
                let beats = beats.into_iter().map(|Beat { run_id, cancelling }| (run_id, cancelling)).collect();
                self.settle_beats(&lives, &beats, sent);
            }
            Err(error) => {
                tracing::warn!(%error, "a heartbeat was lost");
                lives.iter().for_each(|live| live.beat_again_at(sent + again_after(live)));
            }
        }
    }

    fn settle_beats(&self, lives: &[Arc<Live>], beats: &HashMap<RunId, bool>, sent: Duration) {
        let now = self.clock.elapsed();
        for live in lives {
            let Some(cancelling) = beats.get(&live.hold.run_id) else {
                live.beat_again_at(Duration::MAX);
                live.lose();
                continue;
            };
            live.renew(sent, now);
            if *cancelling {
                live.active.stop(Stop::Cancelled);
            }
        }
    }
}

/// After a failed heartbeat there is time for some more before the trust ends.
fn again_after(live: &Live) -> Duration {
    live.active.run().ttl / 12
}
