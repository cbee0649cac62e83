//! Claim: let what is due start here, in one transaction for many configs.

use std::{cell::Cell, sync::Arc, time::Duration};

use tracing::Instrument;

use super::{
    Replica,
    plan::{decline, plan_part},
};
use crate::{
    ClaimToken, CronRun, ErrorKind, Handler, PageId, Result, SkipReason,
    contracts::{Busy, Pages},
    domain::ledger::{Claimant, Page},
};

impl Replica {
    /// Plans the pages `ids`, skips what waited too long, starts what this replica can run, and begins to execute it.
    pub(super) async fn settle(self: &Arc<Self>, ids: &[PageId]) -> Result<Vec<Page>> {
        let claimant = Claimant { replica_id: self.id(), token: ClaimToken(self.random() as i64) };
        let room = self.room();
        let decide = |pages: &mut [Page]| {
            let room = Cell::new(room);
            pages.iter_mut().for_each(|page| self.settle_page(page, claimant, &room));
            Ok(())
        };
        let sent = self.clock.elapsed();
        let span = tracing::debug_span!("cron_claim", pages = ids.len());
        match self.store.transact(Pages::Of(ids), Busy::Skip, &decide).instrument(span).await {
            Ok(pages) => {
                self.begin_claimed(&pages, claimant.token, sent);
                Ok(pages)
            }
            Err(error) => {
                if error.kind() == ErrorKind::Unavailable {
                    self.spawn(Arc::clone(self).recover(claimant.token, sent, None));
                }
                Err(error)
            }
        }
    }

    fn settle_page(&self, page: &mut Page, claimant: Claimant, room: &Cell<usize>) {
        let handles = self.can_run(page.config());
        let handled = handles || (page.id().lane.is_none() && self.share.read().can_run(page.config()));
        let external = page.config().external;
        expire(
            page,
            match (external, handled) {
                (true, _) => SkipReason::Missed,
                (_, true) => SkipReason::TooLate,
                (_, false) => SkipReason::NoHandler,
            },
        );
        match page.id().lane {
            Some(lane) if lane != claimant.replica_id => return,
            Some(_) if !handles && !external => return decline(page),
            _ if plan_part(page, self.tuning.late_after) => return,
            _ => {}
        }
        for place in page.pending() {
            if handles && room.get() > 0 && page.start(place, claimant) {
                room.set(room.get() - 1);
            }
        }
    }

    fn begin_claimed(self: &Arc<Self>, pages: &[Page], token: ClaimToken, sent: Duration) {
        for page in pages {
            self.store_time.observe(page.now(), self.clock.elapsed());
            for run in page.claimed(token) {
                let config = Arc::new(page.config().clone());
                self.begin(self.handler(&config), run.clone(), config, sent);
            }
            page.written_skips().for_each(|(run, ticks)| self.report_skip(run, ticks));
        }
    }

    /// After a lost reply: starts what a read finds under the claim's own token, by `handler` or the job's own. Trust still counts from
    /// the sending, so the search ends when the longest lease would have.
    pub(super) async fn recover(self: Arc<Self>, token: ClaimToken, sent: Duration, handler: Option<Arc<dyn Handler>>) {
        let give_up = sent + self.tuning.recover_for;
        while self.clock.elapsed() < give_up {
            let claiming = self.claims.begin();
            if self.is_stopping() {
                return;
            }
            if let Ok(runs) = self.store.claimed(token).await {
                return self.begin_recovered(runs, sent, handler).await;
            }
            drop(claiming);
            self.clock.sleep_until(self.clock.elapsed() + self.tuning.retry_after).await;
        }
    }

    async fn begin_recovered(self: &Arc<Self>, runs: Vec<CronRun>, sent: Duration, handler: Option<Arc<dyn Handler>>) {
        for run in runs {
            match self.store.config(run.config_id).await {
                Ok(Some(config)) => {
                    let handler = handler.clone().or_else(|| self.handler(&config));
                    self.begin(handler, run, Arc::new(config), sent);
                }
                // Nobody starts it, so it will be found abandoned.
                Ok(None) | Err(_) => {
                    tracing::warn!(run_id = %run.id, job = %run.name, "a claimed run could not be read back")
                }
            }
        }
    }
}

/// Skips pending runs whose start deadline has passed: for what kept them from starting then, for what they waited for, else for `reason`.
pub(super) fn expire(page: &mut Page, reason: SkipReason) {
    for place in page.pending() {
        if page.row(place).start_deadline <= page.now() {
            let hindrance = page.hindrance(page.row(place).start_deadline);
            let reason = hindrance.or(page.row(place).reason).unwrap_or(reason);
            page.skip(place, reason);
        }
    }
}
