//! A lawful world, and one in which each law is broken: the judge must see it.

mod locks;

use cron_manager::{
    ClaimToken, CronConfigId, Fence, PageId, ReplicaId, RunId, RunKind, RunState, Schedule,
    domain::ledger::ConfigVersion,
};

use super::*;
use crate::replica::tuning;

const SECOND: u64 = 1_000_000_000;
/// The first tick; the machine had been up for 100 s.
const BEGIN: i64 = 1_800_000_000;

fn wall(second: i64) -> Timestamp {
    Timestamp::from_second(BEGIN + second).unwrap()
}

fn boot(second: i64) -> u64 {
    (100 + second).unsigned_abs() * SECOND
}

/// The run of the tick `second`, by replica 1, from half a second to a whole one after it.
fn run(second: i64) -> CronRun {
    CronRun {
        id: RunId(second + 1),
        config_id: CronConfigId(7),
        lane: None,
        name: "job".parse().unwrap(),
        config_version: 1,
        kind: RunKind::Tick,
        due_at: wall(second),
        due_through: wall(second),
        count: 1,
        attempt: 1,
        request_id: None,
        context: None,
        retry_of: None,
        cancelling: false,
        start_after: wall(second),
        start_deadline: wall(second + 60),
        state: RunState::Succeeded,
        reason: None,
        replica_id: Some(ReplicaId(1)),
        fence: Fence(second + 1),
        token: ClaimToken(0),
        heartbeat: 0,
        ttl: Duration::from_secs(2),
        created_at: wall(second),
        started_at: Some(wall(second)),
        finished_at: Some(wall(second)),
        result: None,
        error: None,
        truncated: false,
        traceparent: None,
    }
}

fn act(run: &CronRun) -> Act {
    Act {
        replica: run.replica_id.unwrap().0,
        run: run.id.0,
        config: run.config_id.0,
        job: "job".to_owned(),
        lane: None,
        kind: run.kind,
        due: run.due_at,
        attempt: 1,
        fence: run.fence.0,
        wall: run.due_at,
    }
}

fn line(at: u64, process: u32, event: Event) -> Line {
    Line { at, process, event }
}

/// Ten ticks, of which replica 1 ran each; replica 2 looked on.
fn lawful() -> Reading {
    let runs: Vec<_> = (0..10).map(run).collect();
    let mut lines =
        vec![line(boot(-1), 11, Event::Born { replica: 1 }), line(boot(-1), 12, Event::Born { replica: 2 })];
    for (second, run) in runs.iter().enumerate() {
        let at = boot(second as i64);
        lines.push(line(at + SECOND / 2, 11, Event::Start(act(run))));
        lines.push(line(at + SECOND * 3 / 4, 11, Event::End(act(run))));
    }
    let schedule = Some(Schedule::every(Duration::from_secs(1)).unwrap());
    let since = wall(-1);
    let version = ConfigVersion { version: 1, since, schedule, distributed: true, tz_database: String::new() };
    let account = Account {
        page_id: PageId::from(CronConfigId(7)),
        name: "job".parse().unwrap(),
        since,
        watermark: wall(9),
        versions: vec![version],
        recorded: vec![(1, 10)],
    };
    let read_at = Duration::from_nanos(boot(60));
    let jobs = vec![Job::quick("job")];
    Reading { lines, runs, accounts: vec![account], jobs, read_at, wall: wall(60), tuning: tuning() }
}

/// The lawful world, changed; the laws that the judge then sees broken.
fn broken(change: impl FnOnce(&mut Reading)) -> Vec<Law> {
    let mut reading = lawful();
    change(&mut reading);
    reading.lines.sort_by_key(|line| line.at);
    judge(&reading).iter().map(|violation| violation.law).collect()
}

#[test]
fn a_lawful_world_is_lawful() {
    assert_eq!(broken(|_| {}), []);
}

#[test]
fn a_second_start_of_a_run_and_of_a_tick_is_a_duplicate() {
    assert!(broken(|reading| reading.lines.push(reading.lines[2].clone())).contains(&Law::Duplicate));
    let laws = broken(|reading| {
        let other = CronRun { id: RunId(99), fence: Fence(1), ..run(0) };
        reading.lines.push(line(boot(0) + 1, 11, Event::Start(act(&other))));
        reading.runs.push(CronRun { state: RunState::Abandoned, ..other });
    });
    assert_eq!(laws, [Law::Duplicate]);
}

#[test]
fn a_start_before_its_tick_is_early() {
    let laws = broken(|reading| {
        let Event::Start(act) = &mut reading.lines[2].event else { panic!() };
        act.wall = wall(0) - Duration::from_millis(1);
    });
    assert_eq!(laws, [Law::Early]);
}

#[test]
fn an_act_under_an_older_fence_is_an_overlap_and_as_a_success_a_late_finish() {
    let step = |reading: &mut Reading| {
        reading.lines.push(line(boot(1) + SECOND * 3 / 5, 11, Event::Step(act(&reading.runs[0]))));
    };
    assert_eq!(broken(step), [Law::Overlap]);
    let late_end = |reading: &mut Reading| reading.lines[3].at = boot(1) + SECOND * 3 / 5;
    assert_eq!(broken(late_end), [Law::Overlap, Law::LateFinish]);
    // A line that was written late bears the time of its poll: it was in flight when the process was paused.
    let in_flight = |reading: &mut Reading| {
        reading.lines.push(line(boot(1) + SECOND * 2 / 5, 11, Event::Step(act(&reading.runs[0]))));
    };
    assert_eq!(broken(in_flight), []);
}

#[test]
fn ledger_and_journal_must_tell_the_same() {
    let unexplained = [Law::Unexplained];
    assert_eq!(broken(|reading| reading.accounts[0].recorded[0].1 = 9), unexplained);
    assert_eq!(broken(|reading| drop(reading.runs.pop())), unexplained);
    assert_eq!(broken(|reading| reading.runs[3].state = RunState::Skipped), unexplained);
    // A success without an end, and one of a run that nobody began.
    assert_eq!(broken(|reading| drop(reading.lines.pop())), unexplained);
    assert_eq!(broken(|reading| reading.lines.truncate(reading.lines.len() - 2)), unexplained);
    // The owner in the row is another one than who did it.
    assert_eq!(broken(|reading| reading.runs[3].replica_id = Some(ReplicaId(2))), [Law::Unexplained; 2]);
}

#[test]
fn a_row_that_waits_or_runs_for_ever_is_unfinished() {
    let unfinished = broken(|reading| {
        reading.runs[9].state = RunState::Running;
        reading.runs[9].finished_at = None;
    });
    assert_eq!(unfinished, [Law::Unfinished]);
}

/// Replica 1 is killed in the last run, which is abandoned so many seconds after the kill.
fn killed(reading: &mut Reading, seconds: i64) {
    reading.lines.pop();
    reading.lines.push(line(boot(10), 11, Event::Killed));
    reading.runs[9].state = RunState::Abandoned;
    reading.runs[9].finished_at = Some(wall(10 + seconds));
}

#[test]
fn a_dead_replicas_row_is_late_when_a_rescuer_had_the_time() {
    // ttl 2 s, grace 2 s, two periods of 2 s, and 3 s for a busy machine.
    assert_eq!(broken(|reading| killed(reading, 9)), []);
    assert_eq!(broken(|reading| killed(reading, 12)), [Law::LateRow]);
    let without_database = |reading: &mut Reading| {
        killed(reading, 18);
        reading.lines.push(line(boot(14), 1, Event::Down));
        reading.lines.push(line(boot(19), 1, Event::Up));
    };
    assert_eq!(broken(without_database), []);
    let without_rescuer = |reading: &mut Reading| {
        killed(reading, 40);
        reading.lines.push(line(boot(15), 12, Event::Killed));
    };
    assert_eq!(broken(without_rescuer), []);
    let resumed = |reading: &mut Reading| {
        killed(reading, 18);
        reading.lines.push(line(boot(11), 12, Event::Paused));
        reading.lines.push(line(boot(19), 12, Event::Resumed));
    };
    assert_eq!(broken(resumed), []);
}

#[test]
fn a_paused_replicas_row_is_late_like_a_dead_ones() {
    let paused = |seconds: i64| {
        broken(|reading: &mut Reading| {
            killed(reading, 15);
            reading.lines.pop();
            reading.lines.push(line(boot(10), 11, Event::Paused));
            reading.lines.push(line(boot(10 + seconds), 11, Event::Resumed));
        })
    };
    assert_eq!(paused(20), [Law::LateRow]);
    assert_eq!(paused(5), []);
}
