//! Laws about what is asked for.

use std::time::Duration;

use serde_json::json;

use super::{Subject, claimed, create, minutely, on_page, page, succeeded, whole_second};
use crate::{
    Author, Context, CronConfigFields, CronConfigId, ErrorKind, Revision, RunKind, RunState, SkipReason,
    contracts::{Beat, Clock, CreateRequest, VersionQuery},
    domain::ledger::Page,
    testing::ManualClock,
};

/// Manual runs, retries and what makes up for the past.
pub async fn what_was_asked_for_is_kept_and_found_by_its_request_id(store: Subject, clock: ManualClock) {
    let config = minutely(&store, "asked").await;
    let run = claimed(&store, config.id, 1).await;
    store.finish(&[succeeded(run.hold().unwrap())]).await.unwrap();
    let tick = whole_second(clock.now()) - Duration::from_secs(60);
    let context = Context::new(&json!({"z": 1, "a": "\u{fc}"})).unwrap();
    let ask = |page: &mut Page| {
        let manual = page.record_manual("manual".into());
        page.give_context(manual, context.clone());
        page.record_retry(&run, 2, "retry".into());
        page.record_backfill(tick, format!("fill/{tick}"));
    };
    let asked = on_page(&store, config.id, ask).await;
    let runs: Vec<_> = asked.runs().filter(|run| run.state == RunState::Pending).cloned().collect();
    let kinds = [RunKind::Manual, RunKind::Tick, RunKind::Backfill];
    assert_eq!(runs.iter().map(|run| run.kind).collect::<Vec<_>>(), kinds);
    assert_eq!((&runs[0].context, runs[1].retry_of, runs[1].attempt), (&Some(context.clone()), Some(run.id), 2));
    for asked in &runs {
        assert_eq!(store.run(asked.id).await.unwrap().as_ref(), Some(asked));
        let named = asked.request_id.clone().unwrap();
        assert_eq!(store.requested(&[named, "nobody".into()]).await.unwrap(), std::slice::from_ref(asked));
    }
    let names: Vec<_> = runs.iter().rev().filter_map(|run| run.request_id.clone()).collect();
    assert_eq!(store.requested(&names).await.unwrap(), runs);
    assert!(store.requested(&[]).await.unwrap().is_empty());
    assert_eq!(page(&store, config.id).await.runs().filter(|run| run.state == RunState::Pending).count(), 3);
    let account = store.accounts(config.id).await.unwrap().remove(0);
    assert_eq!(account.recorded, [(1, 1)], "they are no ticks");
}

/// Until it has ended.
pub async fn a_run_that_is_to_be_cancelled_is_shown_to_who_looks_and_to_who_keeps_it_alive(
    store: Subject,
    _: ManualClock,
) {
    let config = minutely(&store, "cancelled").await;
    let run = claimed(&store, config.id, 1).await;
    let hold = run.hold().unwrap();
    let cancelling = async || store.look(Revision(i64::MAX), &[]).await.unwrap().cancelling;
    assert_eq!(cancelling().await, []);
    on_page(&store, config.id, |page| assert!(page.cancel(hold) && page.cancel(hold))).await;
    assert_eq!(cancelling().await, [hold]);
    assert_eq!(store.heartbeat(&[hold]).await.unwrap(), [Beat { run_id: run.id, cancelling: true }]);
    store.finish(&[succeeded(hold)]).await.unwrap();
    assert_eq!(cancelling().await, []);
    on_page(&store, config.id, |page| assert!(!page.cancel(hold))).await;
}

/// It must not start again.
pub async fn a_run_that_was_to_be_cancelled_and_is_handed_back_is_skipped(store: Subject, clock: ManualClock) {
    let config = minutely(&store, "returned").await;
    for postponed in [false, true] {
        clock.advance(Duration::from_secs(60));
        let run = claimed(&store, config.id, 1).await;
        let hold = run.hold().unwrap();
        let give_back = |page: &mut Page| {
            page.cancel(hold);
            let later = page.now() + Duration::from_secs(1);
            assert!(if postponed {
                page.postpone(hold, SkipReason::LockUnavailable, later)
            } else {
                page.hand_back(hold)
            });
        };
        on_page(&store, config.id, give_back).await;
        let run = store.run(run.id).await.unwrap().unwrap();
        assert_eq!((run.state, run.reason, run.started_at), (RunState::Skipped, Some(SkipReason::Cancelled), None));
    }
}

/// And given again, as it then stands, to the same request.
pub async fn a_config_is_created_once_for_each_request_id(store: Subject, _: ManualClock) {
    let request = |id: &str, body: &str| CreateRequest { id: id.into(), body: body.into() };
    let fields = |name: &str| CronConfigFields::named(name).create(jiff::Timestamp::UNIX_EPOCH).unwrap();
    let first = store.create_once(fields("a"), &request("one", "a"), &Author::code()).await.unwrap();
    let edited = on_page(&store, first.id, |page| {
        page.edit(CronConfigFields::named("renamed").change(page.config().clone()).unwrap());
    });
    let edited = edited.await.config().clone();
    assert_eq!(store.create_once(fields("a"), &request("one", "a"), &Author::code()).await.unwrap(), edited);
    let other = store.create_once(fields("b"), &request("one", "b"), &Author::code()).await.unwrap_err();
    assert_eq!(other.kind(), ErrorKind::AlreadyExists);
    let taken = store.create_once(fields("renamed"), &request("two", "renamed"), &Author::code()).await.unwrap_err();
    assert_eq!(taken.kind(), ErrorKind::AlreadyExists);
    let second = store.create_once(fields("b"), &request("two", "b"), &Author::code()).await.unwrap();
    assert!(second.id > first.id, "a request that was refused may come again");
}

/// Each with the schedule that was in force.
pub async fn versions_are_listed_newest_first_and_in_pages(store: Subject, clock: ManualClock) {
    let config = create(&store, CronConfigFields::named("edited")).await;
    for seconds in 1..=4 {
        clock.advance(Duration::from_secs(60));
        let every = CronConfigFields::default().every(Duration::from_secs(seconds));
        on_page(&store, config.id, |page| page.edit(every.change(page.config().clone()).unwrap())).await;
    }
    let mut all = store.accounts(config.id).await.unwrap().remove(0).versions;
    all.reverse();
    let (mut before, mut seen) = (None, Vec::new());
    loop {
        let listed = store.versions(config.id, &VersionQuery { before, limit: 2 }).await.unwrap();
        let Some(last) = listed.last() else { break };
        before = Some(last.version);
        seen.extend(listed);
    }
    assert_eq!(seen, all);
    assert_eq!(seen.len(), 5);
    let nobody = store.versions(CronConfigId(99), &VersionQuery { before: None, limit: 2 }).await.unwrap();
    assert_eq!(nobody, []);
}
