//! Laws about reading.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;

use super::{Subject, claimed, create, minutely, on_page, succeeded, whole_second};
use crate::{
    CronConfig, CronConfigFields, CronConfigId, CronRun, Outcome, Revision, RunId, RunState, SkipReason,
    contracts::{Clock, Finish, RunQuery, Waiting},
    domain::ledger::Page,
    testing::ManualClock,
};

/// With all that a replica must know to claim them.
pub async fn runs_that_wait_are_seen_by_everyone_who_looks(store: Subject, clock: ManualClock) {
    let config = minutely(&store, "waits").await;
    assert!(store.look(Revision(0), &[]).await.unwrap().waiting.is_empty());
    let page = on_page(&store, config.id, |page| page.record_tick(whole_second(page.now()))).await;
    let waiting: Vec<_> = page.runs().map(Waiting::of).collect();
    let look = store.look(Revision(i64::MAX), &[]).await.unwrap();
    assert_eq!((look.waiting, look.now), (waiting, clock.now()));
    on_page(&store, config.id, |page| page.skip(0, SkipReason::TooLate)).await;
    assert!(store.look(Revision(0), &[]).await.unwrap().waiting.is_empty());
}

/// Each filter alone, and in pages.
pub async fn runs_are_listed_newest_first_and_narrowed_by_each_filter(store: Subject, clock: ManualClock) {
    let (a, b) = (minutely(&store, "a").await, minutely(&store, "b").await);
    for minute in 0..6 {
        clock.advance(Duration::from_secs(60));
        let skip = |page: &mut Page| {
            let tick = whole_second(page.now());
            page.record_skipped([SkipReason::Overlap, SkipReason::Missed][minute % 2], tick, tick, 1);
        };
        on_page(&store, a.id, skip).await;
    }
    let run = claimed(&store, b.id, 1).await;
    store.finish(&[succeeded(run.hold().unwrap())]).await.unwrap();
    let query = || RunQuery { limit: 100, ..RunQuery::default() };
    let all = store.runs(&query()).await.unwrap();
    assert_eq!(all.len(), 7);
    assert!(all.is_sorted_by(|newer, older| newer.id > older.id));
    let middle = all[3].due_at;
    for query in [
        RunQuery { config_id: Some(a.id), ..query() },
        RunQuery { config_id: Some(CronConfigId(999)), ..query() },
        RunQuery { state: Some(RunState::Succeeded), ..query() },
        RunQuery { reason: Some(SkipReason::Missed), ..query() },
        RunQuery { from: Some(middle), ..query() },
        RunQuery { to: Some(middle), ..query() },
        RunQuery { before: Some(all[2].id), ..query() },
        RunQuery { limit: 2, ..query() },
        RunQuery { config_id: Some(a.id), reason: Some(SkipReason::Overlap), from: Some(middle), ..query() },
    ] {
        let expected: Vec<CronRun> = all.iter().filter(|run| query.matches(run)).take(query.limit).cloned().collect();
        assert_eq!(store.runs(&query).await.unwrap(), expected, "{query:?}");
    }
}

/// And that is no error.
pub async fn what_is_not_there_is_not_found(store: Subject, _: ManualClock) {
    assert_eq!(store.config(CronConfigId(1)).await.unwrap(), None);
    assert_eq!(store.config_named(&"nobody".parse().unwrap()).await.unwrap(), None);
    assert_eq!(store.run(RunId(1)).await.unwrap(), None);
    assert_eq!(store.log(RunId(1)).await.unwrap(), None);
    assert!(store.accounts(CronConfigId(1)).await.unwrap().is_empty());
}

/// Each version counts for its own time.
pub async fn the_account_adds_up_after_edits_and_deletion(store: Subject, clock: ManualClock) {
    let config = minutely(&store, "accounted").await;
    let plan = |page: &mut Page| {
        let schedule = page.config().schedule.clone().unwrap();
        for tick in schedule.ticks(page.watermark(), page.now()).collect::<Vec<_>>() {
            page.record_tick(tick);
        }
        page.move_watermark(page.now());
    };
    let every = |seconds| CronConfigFields::default().every(Duration::from_secs(seconds));
    for seconds in [7, 60, 1] {
        clock.advance(Duration::from_secs(125));
        on_page(&store, config.id, |page| {
            plan(page);
            page.edit(every(seconds).change(page.config().clone()).unwrap());
        })
        .await;
    }
    clock.advance(Duration::from_secs(3));
    on_page(&store, config.id, |page| {
        plan(page);
        page.edit(CronConfig { deleted_at: Some(page.now()), ..page.config().clone() });
    })
    .await;
    clock.advance(Duration::from_secs(500));
    let account = store.accounts(config.id).await.unwrap().remove(0);
    assert_eq!(account.imbalances(), []);
    assert_eq!(account.versions.iter().map(|version| version.version).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    assert!(account.versions.is_sorted_by_key(|version| version.since));
    let ticks: Vec<u64> = account.ticks().map(|(_, ticks)| ticks).collect();
    assert_eq!((ticks[0], ticks[3], ticks[4]), (2, 3, 0));
    let lost = crate::domain::ledger::Account { recorded: vec![(1, 2)], ..account };
    assert_eq!(lost.imbalances().len(), 3, "a row that is missing is noticed");
}

/// What the limits allow must fit.
pub async fn the_largest_values_are_kept_whole(store: Subject, clock: ManualClock) {
    let context = json!({"text": "ü".repeat(30_000), "numbers": [i64::MAX, i64::MIN, u64::MAX, 0.1, -0.0, 1e300]});
    let config =
        create(&store, CronConfigFields::named("large").enabled(true).every(Duration::from_secs(1)).context(context))
            .await;
    assert_eq!(store.config(config.id).await.unwrap().as_ref(), Some(&config));
    clock.advance(Duration::from_secs(86_400 * 3_650));
    let count = 86_400 * 3_650;
    let skip = |page: &mut Page| {
        let last = whole_second(page.now());
        page.record_skipped(SkipReason::Missed, last - Duration::from_secs(count - 1), last, count);
    };
    let page = on_page(&store, config.id, skip).await;
    let row = page.runs().next().unwrap();
    assert_eq!(store.run(row.id).await.unwrap().as_ref(), Some(row));
    let fields = CronConfigFields { at: Some(Timestamp::MAX), ..CronConfigFields::named("far") };
    let far = create(&store, fields).await;
    assert_eq!(store.config(far.id).await.unwrap().as_ref(), Some(&far));
    // Nothing follows it, so its deadline is the last one there is.
    let page = on_page(&store, far.id, |page| page.record_tick(whole_second(page.now()))).await;
    let row = page.runs().next().unwrap();
    assert_eq!(store.run(row.id).await.unwrap().as_ref(), Some(row));
    clock.advance(Duration::from_secs(60));
    let run = claimed(&store, config.id, i64::MAX).await;
    let text = "x".repeat(Outcome::RESULT_LIMIT - 2);
    let outcome = Outcome { result: Some(format!("\"{text}\"")), log: Some(text), ..Outcome::new(RunState::Failed) };
    store.finish(&[Finish { hold: run.hold().unwrap(), outcome: outcome.clone() }]).await.unwrap();
    assert_eq!(store.run(run.id).await.unwrap().unwrap().result, outcome.result);
    assert_eq!(store.log(run.id).await.unwrap(), outcome.log);
}
