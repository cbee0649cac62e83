//! Laws about claims.

use std::time::Duration;

use futures_util::future::join_all;

use super::{Subject, bystander, claimant, claimed, minutely, on_page, whole_second};
use crate::{
    ClaimToken, CronConfig, CronConfigId, PageId, RunState, SkipReason,
    contracts::{Busy, Pages, RunQuery, Running},
    domain::ledger::Page,
    testing::ManualClock,
};

/// No edit is lost, whoever else edits.
pub async fn contended_transactions_are_done_one_after_the_other(store: Subject, _: ManualClock) {
    let config = minutely(&store, "contended").await;
    let edits = (0..50).map(|_| {
        on_page(&store, config.id, |page| {
            page.edit(CronConfig { enabled: !page.config().enabled, ..page.config().clone() })
        })
    });
    let mut versions: Vec<_> = join_all(edits).await.iter().map(|page| page.config().version).collect();
    versions.sort_unstable();
    assert_eq!(versions, (2..=51).collect::<Vec<_>>());
}

/// However many replicas plan and claim it at the same time.
pub async fn a_due_tick_is_claimed_once(store: Subject, clock: ManualClock) {
    let config = minutely(&store, "wanted").await;
    clock.advance(Duration::from_secs(60));
    let plan_and_claim = |token| {
        let store = &store;
        async move {
            let decide = |pages: &mut [Page]| {
                let page = &mut pages[0];
                let tick =
                    page.config().schedule.as_ref().and_then(|schedule| schedule.latest(page.watermark(), page.now()));
                if let Some(tick) = tick {
                    page.record_tick(tick);
                    page.move_watermark(page.now());
                }
                page.pending().into_iter().for_each(|place| {
                    page.start(place, claimant(token));
                });
                Ok(())
            };
            let pages = store.transact(Pages::Of(&[config.id.into()]), Busy::Wait, &decide).await.unwrap();
            pages[0].claimed(ClaimToken(token)).count()
        }
    };
    let claims: usize = join_all((1..=16).map(plan_and_claim)).await.into_iter().sum();
    assert_eq!(claims, 1);
    assert_eq!(store.runs(&RunQuery { limit: 10, ..RunQuery::default() }).await.unwrap().len(), 1);
}

/// What is busy neither stops the others nor loses its own tick.
pub async fn a_batch_of_100_with_one_busy_config_starts_99_and_records_1(store: Subject, clock: ManualClock) {
    let mut ids = Vec::new();
    for at in 0..100 {
        ids.push(minutely(&store, &format!("batch-{at}")).await.id);
    }
    let busy = ids[41];
    claimed(&store, busy, 1).await;
    clock.advance(Duration::from_secs(60));
    let decide = |pages: &mut [Page]| {
        for page in pages {
            let tick = whole_second(page.now());
            if page.is_busy() {
                page.record_skipped(SkipReason::Overlap, tick, tick, 1);
            } else {
                let place = page.record_tick(tick);
                assert!(page.start(place, claimant(2)));
            }
            page.move_watermark(page.now());
        }
        Ok(())
    };
    let ids = ids.into_iter().map(PageId::from).collect::<Vec<_>>();
    let pages = store.transact(Pages::Of(&ids), Busy::Skip, &decide).await.unwrap();
    assert_eq!(pages.iter().flat_map(|page| page.claimed(ClaimToken(2))).count(), 99);
    assert_eq!(store.claimed(ClaimToken(2)).await.unwrap().len(), 99);
    let skipped = RunQuery { state: Some(RunState::Skipped), limit: 1_000, ..RunQuery::default() };
    let skipped = store.runs(&skipped).await.unwrap();
    assert_eq!(skipped.iter().map(|run| run.config_id).collect::<Vec<_>>(), [busy]);
}

/// By a replica that lost the reply.
pub async fn a_claim_is_found_by_its_token(store: Subject, _: ManualClock) {
    let config = minutely(&store, "lost").await;
    let run = claimed(&store, config.id, i64::MIN).await;
    let alone = std::slice::from_ref(&run);
    assert_eq!(store.claimed(ClaimToken(i64::MIN)).await.unwrap(), alone);
    assert_eq!(store.watch(&bystander()).await.unwrap().running, [Running::of(&run).unwrap()]);
    assert!(store.claimed(ClaimToken(7)).await.unwrap().is_empty());
    store.finish(&[super::succeeded(run.hold().unwrap())]).await.unwrap();
    assert!(store.claimed(ClaimToken(i64::MIN)).await.unwrap().is_empty());
}

/// A replica that shuts down gives its claim back, and can do nothing with it afterwards.
pub async fn a_run_that_was_handed_back_is_claimed_under_a_higher_fence(store: Subject, _: ManualClock) {
    let config = minutely(&store, "returned").await;
    let first = claimed(&store, config.id, 1).await;
    let hold = first.hold().unwrap();
    let page = on_page(&store, config.id, |page| assert!(page.hand_back(hold))).await;
    assert_eq!(page.runs().map(|run| run.state).collect::<Vec<_>>(), [RunState::Pending]);
    let again = |page: &mut Page| {
        let place = page.pending()[0];
        assert!(page.start(place, claimant(2)));
    };
    let second = on_page(&store, config.id, again).await.claimed(ClaimToken(2)).next().cloned().unwrap();
    assert_eq!(second.id, first.id);
    assert!(second.fence > first.fence);
    assert!(store.finish(&[super::succeeded(hold)]).await.unwrap().is_empty());
    assert_eq!(store.run(first.id).await.unwrap(), Some(second));
    assert_eq!(page.config().id, CronConfigId(first.config_id.0));
}
