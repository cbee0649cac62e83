//! Laws about transactions.

use std::time::Duration;

use super::{Subject, claimed, minutely, on_page, page, refuse, whole_second};
use crate::{
    CronConfig, CronConfigId, CronRun, ErrorKind, PageId, RunState, SkipReason,
    contracts::{Busy, Pages, RunQuery},
    domain::ledger::Page,
    testing::ManualClock,
};

async fn all_runs(store: &Subject) -> Vec<CronRun> {
    store.runs(&RunQuery { limit: 10_000, ..RunQuery::default() }).await.unwrap()
}

/// Whatever the order in which they were asked for.
pub async fn pages_come_in_the_order_of_their_ids_without_those_that_are_not_there(store: Subject, _: ManualClock) {
    let (a, b) = (minutely(&store, "a").await.id, minutely(&store, "b").await.id);
    let asked = [b, CronConfigId(999), a, b];
    let pages = store.transact(Pages::Of(&asked.map(PageId::from)), Busy::Skip, &|_| Ok(())).await.unwrap();
    assert_eq!(pages.iter().map(|page| page.config().id).collect::<Vec<_>>(), [a, b]);
    assert!(store.transact(Pages::Of(&[]), Busy::Skip, &|_| Ok(())).await.unwrap().is_empty());
}

/// And nothing else: a page stays small however long the ledger is.
pub async fn a_page_holds_all_live_rows_and_the_skipped_row_that_reaches_furthest(store: Subject, clock: ManualClock) {
    let config = minutely(&store, "paged").await;
    let other = minutely(&store, "other").await;
    claimed(&store, other.id, 9).await;
    let mut expected = Vec::new();
    for minute in 0..4 {
        clock.advance(Duration::from_secs(60));
        let reason = [SkipReason::Overlap, SkipReason::Missed][minute % 2];
        on_page(&store, config.id, |page| {
            let tick = whole_second(page.now());
            page.record_skipped(reason, tick, tick, 1);
        })
        .await;
    }
    expected.push((RunState::Skipped, whole_second(page(&store, config.id).await.now())));
    clock.advance(Duration::from_secs(60));
    let run = claimed(&store, config.id, 1).await;
    expected.push((RunState::Running, run.due_at));
    clock.advance(Duration::from_secs(60));
    on_page(&store, config.id, |page| page.record_tick(whole_second(page.now()))).await;
    expected.push((RunState::Pending, run.due_at + Duration::from_secs(60)));
    let page = page(&store, config.id).await;
    let mut shown: Vec<_> = page.runs().map(|run| (run.state, run.due_at)).collect();
    shown.sort_by_key(|(_, due_at)| *due_at);
    assert_eq!(shown, expected);
}

/// New rows have their ids in what is returned.
pub async fn what_was_decided_is_returned_and_kept(store: Subject, clock: ManualClock) {
    let (a, b) = (minutely(&store, "a").await, minutely(&store, "b").await);
    clock.advance(Duration::from_secs(3_600));
    let decide = |pages: &mut [Page]| {
        for page in pages {
            let now = whole_second(page.now());
            page.record_skipped(SkipReason::Missed, now - Duration::from_secs(600), now - Duration::from_secs(120), 9);
            page.record_tick(now);
            page.record_manual(format!("request-{}", page.config().id));
            page.move_watermark(page.now());
        }
        Ok(())
    };
    let pages = store.transact(Pages::Of(&[a.id.into(), b.id.into()]), Busy::Wait, &decide).await.unwrap();
    let mut ids = Vec::new();
    for page in &pages {
        assert_eq!(page.runs().count(), 3);
        for run in page.runs() {
            assert!(run.id.0 >= 1);
            ids.push(run.id);
            assert_eq!(store.run(run.id).await.unwrap().as_ref(), Some(run));
        }
        let kept = super::page(&store, page.config().id).await;
        assert_eq!((kept.watermark(), kept.fence()), (page.watermark(), page.fence()));
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 6);
}

/// Not even on the pages before the one that failed.
pub async fn a_decision_that_fails_writes_nothing(store: Subject, clock: ManualClock) {
    let (a, b) = (minutely(&store, "a").await, minutely(&store, "b").await);
    clock.advance(Duration::from_secs(60));
    let decide = |pages: &mut [Page]| {
        let now = pages[0].now();
        pages[0].record_tick(whole_second(now));
        pages[0].move_watermark(now);
        pages[0].edit(CronConfig { enabled: false, ..pages[0].config().clone() });
        Err(refuse())
    };
    let error = store.transact(Pages::Of(&[a.id.into(), b.id.into()]), Busy::Wait, &decide).await.unwrap_err();
    assert_eq!(error.message(), refuse().message());
    assert_eq!(store.config(a.id).await.unwrap(), Some(a.clone()));
    assert!(all_runs(&store).await.is_empty());
    assert_eq!(page(&store, a.id).await.watermark(), a.created_at);
}

/// The backstop: it holds whatever was decided.
pub async fn a_tick_has_one_row_per_attempt(store: Subject, clock: ManualClock) {
    let config = minutely(&store, "unique").await;
    clock.advance(Duration::from_secs(60));
    let tick = whole_second(page(&store, config.id).await.now());
    let decide = |pages: &mut [Page]| {
        pages[0].record_tick(tick);
        Ok(())
    };
    store.transact(Pages::Of(&[config.id.into()]), Busy::Wait, &decide).await.unwrap();
    let error = store.transact(Pages::Of(&[config.id.into()]), Busy::Wait, &decide).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FailedPrecondition);
    let twice = |pages: &mut [Page]| {
        pages[0].record_tick(tick + Duration::from_secs(60));
        pages[0].record_tick(tick + Duration::from_secs(60));
        Ok(())
    };
    assert!(store.transact(Pages::Of(&[config.id.into()]), Busy::Wait, &twice).await.is_err());
    assert_eq!(all_runs(&store).await.len(), 1);
}

/// So that a request can be repeated safely.
pub async fn a_request_id_is_used_once(store: Subject, _: ManualClock) {
    let (a, b) = (minutely(&store, "a").await, minutely(&store, "b").await);
    on_page(&store, a.id, |page| page.record_manual("same".into())).await;
    let decide = |pages: &mut [Page]| {
        pages[0].record_manual("same".into());
        Ok(())
    };
    let error = store.transact(Pages::Of(&[b.id.into()]), Busy::Wait, &decide).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
}

/// The row of a long silence is one row.
pub async fn a_skipped_row_grows_in_place(store: Subject, clock: ManualClock) {
    let config = minutely(&store, "silent").await;
    for _ in 0..5 {
        clock.advance(Duration::from_secs(60));
        let skip = |page: &mut Page| {
            let schedule = page.config().schedule.clone().unwrap();
            let tick = schedule.latest(page.watermark(), page.now()).unwrap();
            page.record_skipped(SkipReason::Disabled, tick, tick, 1);
            page.move_watermark(page.now());
        };
        on_page(&store, config.id, skip).await;
    }
    let runs = all_runs(&store).await;
    assert_eq!(runs.len(), 1);
    assert_eq!(runs[0].count, 5);
    assert_eq!(runs[0].due_through - runs[0].due_at, jiff::SignedDuration::from_secs(240));
    assert!(store.accounts(config.id).await.unwrap()[0].imbalances().is_empty());
}

/// A good page beside a bad one is not written either.
pub async fn a_write_that_would_break_a_rule_fails_whole(store: Subject, clock: ManualClock) {
    let (a, b) = (minutely(&store, "a").await, minutely(&store, "b").await);
    clock.advance(Duration::from_secs(60));
    let record = |pages: &mut [Page]| {
        for page in pages {
            page.record_tick(whole_second(page.now()));
            page.move_watermark(page.now());
        }
        Ok(())
    };
    store.transact(Pages::Of(&[b.id.into()]), Busy::Wait, &record).await.unwrap();
    assert!(store.transact(Pages::Of(&[a.id.into(), b.id.into()]), Busy::Wait, &record).await.is_err());
    assert!(page(&store, a.id).await.runs().next().is_none());
    assert_eq!(page(&store, a.id).await.watermark(), a.created_at);
}
