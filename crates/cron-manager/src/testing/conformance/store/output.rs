//! Laws about what is seen of runs while they go on.

use std::time::Duration;

use super::{Subject, claimant, claimed, finishing::stale, minutely, on_page, succeeded, whole_second};
use crate::{
    CronRun, Hold, Log, LogPart, Outcome, ProgressReport, RunId, RunKind, RunOutput, RunState, SkipReason, TraceParent,
    contracts::{Finish, HeldOutput},
    domain::ledger::Page,
    testing::ManualClock,
};

fn part(start: u64, text: &str) -> RunOutput {
    RunOutput { log: LogPart { start, text: text.into() }, progress: None }
}

fn progress(fraction: f64, text: &str) -> RunOutput {
    RunOutput { progress: Some(ProgressReport { fraction, text: text.into() }), ..RunOutput::default() }
}

async fn keep(store: &Subject, hold: Hold, output: RunOutput) {
    store.keep_output(&[HeldOutput { hold, output }]).await.unwrap();
}

async fn log(store: &Subject, id: RunId, from: u64) -> (u64, String) {
    let LogPart { start, text } = store.output(id, from).await.unwrap().log;
    (start, text)
}

/// In characters, whatever their length in bytes, for each run of a batch.
pub async fn what_a_held_run_logs_is_kept_part_by_part(store: Subject, _: ManualClock) {
    let (a, b) = (minutely(&store, "a").await, minutely(&store, "b").await);
    let (a, b) = (claimed(&store, a.id, 1).await.hold().unwrap(), claimed(&store, b.id, 2).await.hold().unwrap());
    assert_eq!(store.output(a.run_id, 0).await.unwrap(), RunOutput::default());
    assert_eq!(store.log(a.run_id).await.unwrap(), None);
    let output = |hold, output| HeldOutput { hold, output };
    store.keep_output(&[output(a, part(0, "ü\"1\n")), output(b, part(0, "🦀\n"))]).await.unwrap();
    store.keep_output(&[output(a, part(4, "2\n")), output(b, part(2, "\\3\n"))]).await.unwrap();
    store.keep_output(&[]).await.unwrap();
    assert_eq!(log(&store, a.run_id, 0).await, (0, "ü\"1\n2\n".into()));
    assert_eq!(log(&store, b.run_id, 0).await, (0, "🦀\n\\3\n".into()));
    assert_eq!(log(&store, a.run_id, 4).await, (4, "2\n".into()));
    assert_eq!(log(&store, a.run_id, 6).await, (6, String::new()));
    assert_eq!(log(&store, a.run_id, 7).await, (0, "ü\"1\n2\n".into()), "so much was never logged");
    assert_eq!(store.log(a.run_id).await.unwrap().as_deref(), Some("ü\"1\n2\n"));
}

/// After a lost reply nobody knows whether it was kept.
pub async fn a_part_of_a_log_may_come_twice_and_after_a_gap_only_it_is_kept(store: Subject, _: ManualClock) {
    let config = minutely(&store, "again").await;
    let hold = claimed(&store, config.id, 1).await.hold().unwrap();
    for (output, kept) in [
        (part(0, "ab"), (0, "ab")),
        (part(0, "ab"), (0, "ab")),
        (part(1, "bc"), (0, "abc")),
        (part(3, ""), (0, "abc")),
        (part(10, "xy"), (10, "xy")),
        (part(12, "z"), (10, "xyz")),
        (part(0, "anew"), (0, "anew")),
    ] {
        keep(&store, hold, output).await;
        assert_eq!(log(&store, hold.run_id, 0).await, (kept.0, kept.1.to_owned()));
    }
}

/// And where they stood is known.
pub async fn of_a_long_log_the_newest_characters_are_kept(store: Subject, _: ManualClock) {
    let config = minutely(&store, "long").await;
    let hold = claimed(&store, config.id, 1).await.hold().unwrap();
    let limit = Log::LIMIT as u64;
    keep(&store, hold, part(0, &"ü".repeat(Log::LIMIT))).await;
    keep(&store, hold, part(limit, "the end")).await;
    let (start, text) = log(&store, hold.run_id, 0).await;
    assert_eq!((start, text.chars().count()), (7, Log::LIMIT));
    assert!(text.starts_with("üü") && text.ends_with("üthe end"));
    assert_eq!(log(&store, hold.run_id, limit + 4).await, (limit + 4, "end".into()));
}

/// Also when parts of it were kept before.
pub async fn an_end_leaves_the_log_it_came_with(store: Subject, _: ManualClock) {
    let config = minutely(&store, "ended").await;
    let hold = claimed(&store, config.id, 1).await.hold().unwrap();
    keep(&store, hold, part(0, "1\n2\n")).await;
    let outcome = Outcome { log: Some("2\n3\n".into()), log_start: 2, ..Outcome::new(RunState::Succeeded) };
    store.finish(&[Finish { hold, outcome }]).await.unwrap();
    assert_eq!(log(&store, hold.run_id, 0).await, (2, "2\n3\n".into()));
    assert_eq!(log(&store, hold.run_id, 4).await, (4, "3\n".into()));
    assert_eq!(store.log(hold.run_id).await.unwrap().as_deref(), Some("2\n3\n"));
}

/// A log without progress takes none away.
pub async fn progress_stays_until_there_is_newer_one(store: Subject, _: ManualClock) {
    let config = minutely(&store, "progress").await;
    let hold = claimed(&store, config.id, 1).await.hold().unwrap();
    keep(&store, hold, progress(0.1, "ü")).await;
    assert_eq!(store.output(hold.run_id, 0).await.unwrap(), progress(0.1, "ü"));
    assert_eq!(store.log(hold.run_id).await.unwrap(), None);
    keep(&store, hold, part(0, "1\n")).await;
    assert_eq!(store.output(hold.run_id, 2).await.unwrap().progress, progress(0.1, "ü").progress);
    keep(&store, hold, RunOutput { log: part(2, "").log, ..progress(1.0, "") }).await;
    assert_eq!(store.output(hold.run_id, 0).await.unwrap(), RunOutput { log: part(0, "1\n").log, ..progress(1.0, "") });
}

/// As with a finish.
pub async fn what_is_logged_without_the_current_hold_is_not_kept(store: Subject, _: ManualClock) {
    let config = minutely(&store, "fenced").await;
    let hold = claimed(&store, config.id, 1).await.hold().unwrap();
    for stale in stale(hold) {
        keep(&store, stale, part(0, "late")).await;
    }
    assert_eq!(log(&store, hold.run_id, 0).await, (0, String::new()));
    store.finish(&[succeeded(hold)]).await.unwrap();
    keep(&store, hold, part(0, "late")).await;
    assert_eq!(log(&store, hold.run_id, 0).await, (0, String::new()));
}

/// From where a reader has come, so many at a time.
pub async fn newer_runs_are_read_in_their_order_and_known_ones_again(store: Subject, clock: ManualClock) {
    let config = minutely(&store, "newer").await;
    let mut ids = Vec::new();
    for minute in 0..5 {
        clock.advance(Duration::from_secs(60));
        let skip = |page: &mut Page| {
            let tick = whole_second(page.now());
            page.record_skipped([SkipReason::Overlap, SkipReason::Missed][minute % 2], tick, tick, 1);
        };
        let page = on_page(&store, config.id, skip).await;
        ids.push(page.runs().map(|run| run.id).max().unwrap());
    }
    let read = async |after, limit, ids: &[RunId]| {
        let runs = store.runs_after(after, limit, ids).await.unwrap();
        let mut ids: Vec<_> = runs.iter().map(|run| run.id).collect();
        ids.sort_unstable();
        ids
    };
    assert_eq!(read(RunId(0), 100, &[]).await, ids);
    assert_eq!(read(ids[1], 2, &[]).await, ids[2..4]);
    assert_eq!(read(ids[4], 2, &[ids[0], ids[3], RunId(999_999)]).await, [ids[0], ids[3]]);
    assert_eq!(read(ids[3], 2, &[ids[1]]).await, [ids[1], ids[4]]);
    let whole = store.runs_after(ids[3], 1, &[]).await.unwrap().remove(0);
    assert_eq!(store.run(ids[4]).await.unwrap(), Some(whole));
}

/// From its writing to its end.
pub async fn a_run_remembers_the_trace_it_was_asked_for_in(store: Subject, _: ManualClock) {
    let config = minutely(&store, "traced").await;
    let asked_in: TraceParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".parse().unwrap();
    let ask = |page: &mut Page| {
        let place = page.record_manual("traced".into());
        page.trace(place, asked_in);
    };
    let manual = |page: &Page| page.runs().find(|run| run.kind == RunKind::Manual).cloned().unwrap();
    let asked: CronRun = manual(&on_page(&store, config.id, ask).await);
    assert_eq!(asked.traceparent, Some(asked_in));
    assert_eq!(store.run(asked.id).await.unwrap(), Some(asked.clone()));
    let start = |page: &mut Page| assert!(page.pending().into_iter().all(|place| page.start(place, claimant(1))));
    let run = manual(&on_page(&store, config.id, start).await);
    store.finish(&[succeeded(run.hold().unwrap())]).await.unwrap();
    assert_eq!(store.run(asked.id).await.unwrap().unwrap().traceparent, Some(asked_in));
    let tick = claimed(&store, config.id, 2).await;
    assert_eq!(tick.traceparent, None);
}
