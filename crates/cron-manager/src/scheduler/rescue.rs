//! Rescue: end runs whose replica stopped answering.

use std::{collections::HashMap, sync::Arc, time::Duration};

use super::{Replica, replica::Phase};
use crate::{CronConfigId, CronRun, Hold, Result, contracts::Busy};

/// What this replica has seen of runs that are not its own. Only counters that stand still on its own clock count, so
/// nobody's wall clock matters.
#[derive(Default)]
struct Watch(HashMap<Hold, Seen>);

#[derive(Clone, Copy)]
struct Seen {
    heartbeat: i64,
    /// When the counter was first seen at this value.
    since: Duration,
    last_read: Duration,
    ttl: Duration,
}

impl Replica {
    /// Watches the other replicas' runs until this one stops.
    pub(super) async fn keep_rescuing(self: Arc<Self>) {
        let mut watch = Watch::default();
        loop {
            let wait = self.jitter(watch.shortest_wait(self.tuning.rescue_grace).min(self.tuning.rescue_every));
            tokio::select! {
                biased;
                () = self.reached(Phase::Stopping) => return,
                () = self.clock.sleep_until(self.clock.elapsed() + wait) => {}
            }
            if let Err(error) = self.rescue(&mut watch).await {
                tracing::warn!(%error, "the runs could not be watched");
                // Their replicas may have been cut off as well: the wait starts anew.
                watch.0.clear();
            }
        }
    }

    async fn rescue(&self, watch: &mut Watch) -> Result<()> {
        let runs = self.store.running().await?;
        let others: Vec<_> =
            runs.into_iter().filter(|run| run.hold().is_some_and(|hold| !self.active.contains(hold))).collect();
        let dead = watch.look(&others, self.clock.elapsed(), self.tuning.rescue_grace);
        if dead.is_empty() { Ok(()) } else { self.abandon(&dead).await }
    }

    async fn abandon(&self, dead: &[(CronRun, Hold)]) -> Result<()> {
        let ids: Vec<CronConfigId> = dead.iter().map(|(run, _)| run.config_id).collect();
        let decide = |pages: &mut [crate::domain::ledger::Page]| {
            for page in pages {
                for (run, hold) in dead {
                    page.abandon(*hold, run.heartbeat, format!("replica {} stopped answering", hold.replica_id));
                }
            }
            Ok(())
        };
        self.store.transact(&ids, Busy::Skip, &decide).await?;
        for (run, hold) in dead {
            tracing::warn!(run_id = %run.id, job = %run.name, replica_id = %hold.replica_id, "a run was abandoned");
        }
        self.signal.nudge();
        Ok(())
    }
}

impl Watch {
    /// Takes note of the runs as read at `now`; returns those whose counter stood still for their ttl and `grace`. The wait starts
    /// anew after a gap between reads in which a heartbeat could have been missed.
    fn look(&mut self, runs: &[CronRun], now: Duration, grace: Duration) -> Vec<(CronRun, Hold)> {
        let mut seen = HashMap::new();
        let mut dead = Vec::new();
        for run in runs {
            let Some(hold) = run.hold() else { continue };
            let new = Seen { heartbeat: run.heartbeat, since: now, last_read: now, ttl: run.ttl };
            let known = self
                .0
                .get(&hold)
                .filter(|old| old.heartbeat == run.heartbeat && now - old.last_read <= run.ttl / 3 + grace);
            let entry = known.map_or(new, |old| Seen { since: old.since, ..new });
            if now - entry.since > run.ttl + grace {
                dead.push((run.clone(), hold));
            }
            seen.insert(hold, entry);
        }
        self.0 = seen;
        dead
    }

    /// How soon to look again so that no gap grows too long.
    fn shortest_wait(&self, grace: Duration) -> Duration {
        self.0.values().map(|seen| (seen.ttl / 3 + grace) / 2).min().unwrap_or(Duration::MAX / 2)
    }
}
