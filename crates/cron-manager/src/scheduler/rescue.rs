//! Rescue: end runs whose replica stopped answering.

use super::{Replica, counters::Counter};
use crate::{
    ErrorKind, Hold, PageId, Result, RunState,
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
        match self.abandon(&ids, dead).await {
            Err(error) if error.kind() != ErrorKind::Unavailable => {
                // One by one: what is wrong with one page must not keep the others.
                for id in ids {
                    if let Err(error) = self.abandon(&[id], dead).await {
                        tracing::error!(config_id = %id.config_id, %error, "the runs of a page cannot be rescued");
                    }
                }
            }
            done => done?,
        }
        self.signal.nudge();
        Ok(())
    }

    async fn abandon(&self, ids: &[PageId], dead: &[Counter<Hold>]) -> Result<()> {
        let abandon = |pages: &mut [Page]| {
            for page in pages {
                for Counter { of, count, .. } in dead {
                    page.abandon(*of, *count, format!("replica {} stopped answering", of.replica_id));
                }
            }
            Ok(())
        };
        let pages = self.store.transact(Pages::Of(ids), Busy::Skip, &abandon).await?;
        for run in pages.iter().flat_map(Page::runs).filter(|run| run.state == RunState::Abandoned) {
            tracing::warn!(run_id = %run.id, job = %run.name, replica_id = run.replica_id.map(tracing::field::display), "a run was abandoned");
            self.observer.ended(run, RunState::Abandoned, None);
        }
        Ok(())
    }
}
