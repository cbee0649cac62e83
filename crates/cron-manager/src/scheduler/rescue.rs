//! Rescue: end runs whose replica stopped answering.

use super::{Replica, counters::Counter};
use crate::{
    ErrorKind, Hold, PageId, Result,
    contracts::{Busy, Pages, Running},
    domain::ledger::Page,
};

impl Replica {
    /// Abandons the runs among `running` whose heartbeats stand still, if they still do.
    pub(super) async fn rescue(&self, running: &[Running], dead: &[Counter<Hold>]) -> Result<()> {
        if dead.is_empty() {
            return Ok(());
        }
        let is_dead = |run: &&Running| dead.iter().any(|counter| counter.of == run.hold);
        let ids: Vec<PageId> = running.iter().filter(is_dead).map(|run| run.page_id).collect();
        let abandon = |pages: &mut [Page]| {
            for page in pages {
                for Counter { of, count, .. } in dead {
                    page.abandon(*of, *count, format!("replica {} stopped answering", of.replica_id));
                }
            }
            Ok(())
        };
        match self.store.transact(Pages::Of(&ids), Busy::Skip, &abandon).await {
            Err(error) if error.kind() != ErrorKind::Unavailable => {
                // One by one: what is wrong with one page must not keep the others.
                for id in &ids {
                    self.store
                        .transact(Pages::Of(&[*id]), Busy::Skip, &abandon)
                        .await
                        .inspect_err(|error| {
                            tracing::error!(config_id = %id.config_id, %error, "the runs of a page cannot be rescued");
                        })
                        .ok();
                }
            }
            done => drop(done?),
        }
        for Counter { of, .. } in dead {
            tracing::warn!(run_id = %of.run_id, replica_id = %of.replica_id, "a run was abandoned");
        }
        self.signal.nudge();
        Ok(())
    }
}
