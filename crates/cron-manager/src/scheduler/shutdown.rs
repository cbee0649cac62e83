//! Shutdown: plan no more, let what runs come to its end, hand back what did not begin.

use std::{sync::Arc, time::Duration};

use super::{Replica, active::Live, replica::Phase};
use crate::{
    PageId, Stop,
    contracts::{Busy, Pages},
    domain::ledger::Page,
};

impl Replica {
    /// Stops the replica. Running handlers have `grace` to end, while their heartbeats go on; then they are told to stop.
    /// Returns when all is recorded, or cannot be within some seconds more.
    pub async fn shutdown(self: &Arc<Self>, grace: Duration) {
        if *self.phase.borrow() != Phase::Running {
            self.phase.send_replace(Phase::Ended);
            return;
        }
        self.phase.send_replace(Phase::Stopping);
        self.reached(Phase::Stopped).await;
        self.left().await;
        self.hand_back().await;
        self.drained(grace).await;
        self.active.all().iter().for_each(|live| live.active.stop(Stop::ShutDown));
        self.drained(self.tuning.stop_grace * 2).await;
        self.unlocked().await;
        self.phase.send_replace(Phase::Ended);
    }

    /// Gives back the claims whose handler has not begun, for others to take.
    async fn hand_back(&self) {
        let returned: Vec<Arc<Live>> = self.active.all().into_iter().filter(|live| live.take_back()).collect();
        let ids: Vec<PageId> = returned.iter().map(|live| live.active.run().page_id()).collect();
        let decide = |pages: &mut [Page]| {
            for page in pages {
                for live in &returned {
                    page.hand_back(live.hold);
                }
            }
            Ok(())
        };
        if ids.is_empty() {
            return;
        }
        if let Err(error) = self.store.transact(Pages::Of(&ids), Busy::Wait, &decide).await {
            tracing::warn!(%error, "claims could not be handed back; they will be found abandoned");
        }
        returned.iter().for_each(|live| drop(self.active.remove(live.hold.run_id)));
        self.nudge();
    }

    /// Ends when no run is live here, or after `limit`.
    async fn drained(&self, limit: Duration) {
        let end = self.clock.elapsed() + limit;
        loop {
            let emptied = self.active.emptied.notified();
            if self.active.is_empty() || self.clock.elapsed() >= end {
                return;
            }
            tokio::select! {
                biased;
                () = emptied => {}
                () = self.clock.sleep_until(end) => {}
            }
        }
    }
}
