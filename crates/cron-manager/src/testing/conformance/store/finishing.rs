//! Laws about heartbeats and ends.

use std::time::Duration;

use super::{Subject, bystander, claimant, claimed, minutely, on_page, page, succeeded, whole_second};
use crate::{
    CronRun, Fence, Hold, Outcome, ReplicaId, Revision, RunId, RunState, SkipReason,
    contracts::{Beat, Clock, Finish, RunQuery, Waiting},
    domain::ledger::Page,
    testing::ManualClock,
};

/// Holds that differ from a good one in one part.
pub(super) fn stale(hold: Hold) -> [Hold; 3] {
    [
        Hold { run_id: RunId(hold.run_id.0 + 1_000), ..hold },
        Hold { replica_id: ReplicaId(hold.replica_id.0 ^ 1), ..hold },
        Hold { fence: Fence(hold.fence.0 - 1), ..hold },
    ]
}

/// And it counts each time, so that standing still can be seen.
pub async fn a_heartbeat_counts_only_under_the_current_hold(store: Subject, _: ManualClock) {
    let config = minutely(&store, "alive").await;
    let run = claimed(&store, config.id, 1).await;
    let hold = run.hold().unwrap();
    assert!(store.heartbeat(&stale(hold)).await.unwrap().is_empty());
    for beats in 1..=3 {
        assert_eq!(store.heartbeat(&[hold]).await.unwrap(), [Beat { run_id: run.id, cancelling: false }]);
        assert_eq!(store.run(run.id).await.unwrap().unwrap(), CronRun { heartbeat: beats, ..run.clone() });
    }
    store.finish(&[succeeded(hold)]).await.unwrap();
    assert!(store.heartbeat(&[hold]).await.unwrap().is_empty());
}

/// Result, error, log, and when.
pub async fn a_finish_keeps_what_the_run_left(store: Subject, clock: ManualClock) {
    let config = minutely(&store, "ended").await;
    let states = [RunState::Succeeded, RunState::Failed, RunState::TimedOut, RunState::Cancelled];
    for (token, state) in states.into_iter().enumerate() {
        clock.advance(Duration::from_secs(60));
        let run = claimed(&store, config.id, token as i64).await;
        clock.advance(Duration::from_secs(5));
        let outcome = Outcome {
            state,
            reason: None,
            result: Some(r#"[{"ü":"\u0000"}]"#.into()),
            error: Some("it's \"broken\"\n\t\u{fffd}".into()),
            log: Some("line 1\nline 2 ✓\n".into()),
            log_start: 0,
            truncated: state == RunState::Failed,
        };
        let finish = Finish { hold: run.hold().unwrap(), outcome: outcome.clone() };
        assert_eq!(store.finish(&[finish]).await.unwrap(), [run.id]);
        let ended = CronRun {
            state,
            finished_at: Some(clock.now()),
            result: outcome.result,
            error: outcome.error,
            truncated: outcome.truncated,
            ..run.clone()
        };
        assert_eq!(store.run(run.id).await.unwrap(), Some(ended));
        assert_eq!(store.log(run.id).await.unwrap(), outcome.log);
    }
}

/// It was claimed, and then somebody else held the lock.
pub async fn a_run_that_is_skipped_after_all_has_neither_begun_nor_ended(store: Subject, _: ManualClock) {
    let config = minutely(&store, "locked").await;
    let run = claimed(&store, config.id, 1).await;
    let finish = Finish { hold: run.hold().unwrap(), outcome: Outcome::skipped(SkipReason::LockedElsewhere) };
    assert_eq!(store.finish(std::slice::from_ref(&finish)).await.unwrap(), [run.id]);
    let skipped = CronRun {
        state: RunState::Skipped,
        reason: Some(SkipReason::LockedElsewhere),
        started_at: None,
        ..run.clone()
    };
    assert_eq!(store.run(run.id).await.unwrap(), Some(skipped.clone()));
    assert!(store.finish(&[finish]).await.unwrap().is_empty());
    assert_eq!(page(&store, config.id).await.runs().collect::<Vec<_>>(), [&skipped]);
}

/// The claim was taken back, and others see what it waits for, and how long.
pub async fn a_run_that_was_postponed_waits_for_its_reason(store: Subject, clock: ManualClock) {
    let config = minutely(&store, "postponed").await;
    let run = claimed(&store, config.id, 1).await;
    let (hold, reason) = (run.hold().unwrap(), SkipReason::LockUnavailable);
    let again = whole_second(clock.now()) + Duration::from_secs(2);
    on_page(&store, config.id, |page| assert!(page.postpone(hold, reason, again))).await;
    let waits = CronRun {
        state: RunState::Pending,
        reason: Some(reason),
        start_after: again,
        replica_id: None,
        started_at: None,
        ..run.clone()
    };
    assert_eq!(store.run(run.id).await.unwrap(), Some(waits.clone()));
    assert_eq!(store.look(Revision(0), &[]).await.unwrap().waiting, [Waiting::of(&waits)]);
    // It is no skip.
    let skipped_for = RunQuery { reason: Some(reason), limit: 10, ..RunQuery::default() };
    assert_eq!(store.runs(&skipped_for).await.unwrap(), []);
    let start = |page: &mut Page| page.pending().into_iter().any(|place| page.start(place, claimant(2)));
    on_page(&store, config.id, |page| assert!(!start(page))).await;
    clock.advance(Duration::from_secs(3));
    on_page(&store, config.id, |page| assert!(start(page))).await;
    let run = store.run(run.id).await.unwrap().unwrap();
    assert_eq!((run.state, run.reason, run.fence), (RunState::Running, None, Fence(2)));
}

/// To the precision of the store.
pub async fn a_page_tells_when_its_newest_run_was_claimed(store: Subject, clock: ManualClock) {
    let config = minutely(&store, "started").await;
    assert_eq!(page(&store, config.id).await.place().started_at, None);
    let run = claimed(&store, config.id, 1).await;
    clock.advance(Duration::from_secs(1));
    store.finish(&[succeeded(run.hold().unwrap())]).await.unwrap();
    assert_eq!(page(&store, config.id).await.place().started_at, run.started_at);
}

/// The fence: a paused replica that wakes up late overwrites nothing.
pub async fn a_finish_without_the_current_hold_changes_nothing(store: Subject, _: ManualClock) {
    let config = minutely(&store, "fenced").await;
    let run = claimed(&store, config.id, 1).await;
    for hold in stale(run.hold().unwrap()) {
        let outcome = Outcome { log: Some("late".into()), ..Outcome::new(RunState::Failed) };
        assert!(store.finish(&[Finish { hold, outcome }]).await.unwrap().is_empty());
    }
    assert_eq!(store.run(run.id).await.unwrap(), Some(run.clone()));
    assert_eq!(store.log(run.id).await.unwrap(), None);
}

/// After an unclear commit it may come again.
pub async fn a_repeated_finish_changes_nothing(store: Subject, clock: ManualClock) {
    let config = minutely(&store, "repeated").await;
    let run = claimed(&store, config.id, 1).await;
    let finish = succeeded(run.hold().unwrap());
    store.finish(std::slice::from_ref(&finish)).await.unwrap();
    let ended = store.run(run.id).await.unwrap();
    clock.advance(Duration::from_secs(1));
    assert!(store.finish(&[finish]).await.unwrap().is_empty());
    assert_eq!(store.run(run.id).await.unwrap(), ended);
}

/// And only if its heartbeat stood still is it abandoned.
pub async fn an_abandoned_run_is_not_finished_late(store: Subject, _: ManualClock) {
    let config = minutely(&store, "paused").await;
    let run = claimed(&store, config.id, 1).await;
    let hold = run.hold().unwrap();
    store.heartbeat(&[hold]).await.unwrap();
    on_page(&store, config.id, |page| assert!(!page.abandon(hold, 0, "too early".into()))).await;
    on_page(&store, config.id, |page| assert!(page.abandon(hold, 1, "gone".into()))).await;
    let abandoned = store.run(run.id).await.unwrap().unwrap();
    assert_eq!((abandoned.state, abandoned.error.as_deref()), (RunState::Abandoned, Some("gone")));
    assert!(store.finish(&[succeeded(hold)]).await.unwrap().is_empty());
    assert_eq!(store.run(run.id).await.unwrap(), Some(abandoned));
    assert!(store.watch(&bystander()).await.unwrap().running.is_empty());
}

/// One that is refused does not take the others with it.
pub async fn a_batch_of_finishes_moves_those_that_are_still_held(store: Subject, _: ManualClock) {
    let mut finishes = Vec::new();
    for at in 0..10 {
        let config = minutely(&store, &format!("batch-{at}")).await;
        let hold = claimed(&store, config.id, at).await.hold().unwrap();
        finishes.push(succeeded(if at % 5 == 0 { stale(hold)[2] } else { hold }));
    }
    let mut moved = store.finish(&finishes).await.unwrap();
    moved.sort();
    let expected: Vec<_> = (0..10).filter(|at| at % 5 != 0).map(|at: usize| finishes[at].hold.run_id).collect();
    assert_eq!(moved, expected);
    assert_eq!(store.watch(&bystander()).await.unwrap().running.len(), 2);
    assert!(store.finish(&[]).await.unwrap().is_empty());
    assert!(store.heartbeat(&[]).await.unwrap().is_empty());
}
