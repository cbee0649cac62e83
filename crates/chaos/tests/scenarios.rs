//! Single scenarios with real processes, each judged by all laws.

#![expect(clippy::unwrap_used, reason = "a test may end by a panic")]

use std::{path::PathBuf, thread, time::Duration};

use chaos::{
    figures::Figures,
    jobs::{Job, quick},
    journal::{Act, Event, Line, nanoseconds},
    plan::PLACES,
    replica::tuning,
    skew::SKEWS,
    world::{self, Verdict, World},
};
use cron_manager::{CronRun, LockPolicy, RunState, SkipReason, backends::system::SystemClock, contracts::Clock};

/// How long anything may take before a test fails.
const DEADLINE: Duration = Duration::from_secs(60);

fn world(name: &str, jobs: &[Job]) -> World {
    World::new(PathBuf::from(env!("CARGO_BIN_EXE_chaos")), world::folder(name), jobs).unwrap()
}

fn start_all(world: &mut World) {
    for (place, skew) in SKEWS.into_iter().enumerate() {
        world.fleet.start(place, skew).unwrap();
    }
}

/// The first start that `is_it`.
fn start(world: &World, is_it: impl Fn(&Line, &Act) -> bool) -> (Line, Act) {
    let found = world.comes(DEADLINE, |world| {
        let (lines, _) = world.journal()?;
        Ok(lines.into_iter().find_map(|line| match &line.event {
            Event::Start(act) if is_it(&line, act) => Some((line.clone(), act.clone())),
            _ => None,
        }))
    });
    found.unwrap().unwrap()
}

/// Waits until that run is abandoned, as long as a rescue may take.
fn abandoned(world: &World, act: &Act, ttl: u64) {
    let slack = Duration::from_secs(2);
    let within = Duration::from_secs(ttl) + tuning().rescue_grace + 2 * tuning().rescue_every + slack;
    let is_abandoned = |world: &World| {
        let state = world.clerk.run(act.run_id())?.state;
        Ok((state == RunState::Abandoned).then_some(()))
    };
    assert!(world.comes(within, is_abandoned).unwrap().is_some(), "{act:?} was not abandoned within {within:?}");
}

/// The verdict, which must be lawful.
fn lawful(world: World) -> Verdict {
    let verdict = world.conclude().unwrap();
    let violations: Vec<_> = verdict.violations.iter().map(ToString::to_string).collect();
    assert!(violations.is_empty(), "{}\n{}", verdict.folder.display(), violations.join("\n"));
    verdict.clear().unwrap();
    verdict
}

/// How many ticks came to nothing, other than those after the jobs were switched off.
fn not_run(verdict: &Verdict, reasons: &[SkipReason]) -> u64 {
    let skipped = verdict.reading.runs.iter().filter(|run| run.reason.is_some_and(|reason| reasons.contains(&reason)));
    skipped.map(|run| run.count).sum()
}

#[test]
fn clocks_that_differ_lose_and_double_nothing() {
    let mut world = world("skew", &quick(20));
    start_all(&mut world);
    start(&world, |_, _| true);
    thread::sleep(Duration::from_secs(10));
    let verdict = lawful(world);
    let figures = Figures::of(&verdict);
    assert_eq!((figures.get("abandoned"), not_run(&verdict, &[SkipReason::Missed, SkipReason::TooLate])), (0, 0));
    assert!(figures.get("starts") >= 100, "{figures}");
}

#[test]
fn the_run_of_a_killed_replica_is_abandoned_in_time_and_the_next_tick_runs_elsewhere() {
    let job = Job { every: 4, ttl: 2, takes: (3_000, 3_000), ..Job::quick("slow") };
    let mut world = world("kill", std::slice::from_ref(&job));
    start_all(&mut world);
    let (line, act) = start(&world, |_, _| true);
    world.fleet.kill(world.fleet.place(line.process).unwrap()).unwrap();
    abandoned(&world, &act, job.ttl);
    let (next, _) = start(&world, |_, next| next.due > act.due);
    assert_ne!(next.process, line.process);
    lawful(world);
}

#[test]
fn a_paused_replicas_finish_is_refused_and_its_handler_goes_no_step_further() {
    let job = Job { every: 4, ttl: 2, takes: (3_000, 3_000), ..Job::quick("slow") };
    let mut world = world("pause", std::slice::from_ref(&job));
    start_all(&mut world);
    let (line, act) = start(&world, |_, _| true);
    let place = world.fleet.place(line.process).unwrap();
    world.fleet.pause(place).unwrap();
    abandoned(&world, &act, job.ttl);
    let woken = SystemClock.elapsed();
    world.fleet.resume(place).unwrap();
    // By the time the run of a later tick has started, the handler would have been over.
    start(&world, |line, _| line.at > nanoseconds(woken + Duration::from_secs(4)));
    assert_eq!(world.clerk.run(act.run_id()).unwrap().state, RunState::Abandoned);
    let verdict = lawful(world);
    let of_the_run = |line: &&Line| match &line.event {
        Event::Start(of) | Event::Step(of) | Event::End(of) => of.run == act.run,
        _ => false,
    };
    let late: Vec<_> =
        verdict.reading.lines.iter().filter(of_the_run).filter(|line| line.at > nanoseconds(woken)).collect();
    assert!(late.is_empty(), "{late:?}");
}

#[test]
fn a_rolling_restart_under_load_loses_and_doubles_nothing() {
    let mut world = world("roll", &quick(20));
    start_all(&mut world);
    start(&world, |_, _| true);
    for place in (0..PLACES).cycle().take(2 * PLACES) {
        world.fleet.tell(place).unwrap();
        let process = world.fleet.start(place, 0).unwrap();
        start(&world, |line, _| line.process == process);
    }
    let verdict = lawful(world);
    let figures = Figures::of(&verdict);
    assert_eq!(figures.get("rolls"), 3 * PLACES as u64, "{figures}");
    let ends = [RunState::Abandoned, RunState::Cancelled, RunState::Failed];
    let cut_short = verdict.reading.runs.iter().filter(|run| ends.contains(&run.state)).count();
    assert_eq!((cut_short, not_run(&verdict, &[SkipReason::Missed, SkipReason::TooLate])), (0, 0), "{figures}");
}

/// Twenty jobs a second: every fourth requires the lock, one holds it for longer than its interval, one is called for by foreign timers, and
/// one has to wait for the lock no longer than a second.
fn locking() -> Vec<Job> {
    let mut jobs = quick(20);
    for job in jobs.iter_mut().skip(1).step_by(4) {
        job.lock = LockPolicy::Require;
    }
    jobs[2].lock_at_least_for = Some(2_500);
    jobs[9].start_deadline = Some(1);
    jobs[4].takes = (600, 700);
    jobs.push(Job::called("called"));
    jobs
}

#[test]
fn a_flush_or_a_restart_of_redis_under_load_changes_no_outcome() {
    const FREE: &str = "second-0";
    const STRICT: &str = "second-1";
    let pause = || thread::sleep(Duration::from_millis(1_500));
    let jobs = locking();
    let mut world = world("redis", &jobs);
    start_all(&mut world);
    start(&world, |_, _| true);
    pause();
    for end in [servers::Redis::stop, servers::Redis::kill] {
        world.locks.flush().unwrap();
        assert!(world.locks.hold(STRICT, Duration::from_secs(30)).unwrap());
        pause();
        assert!(world.locks.hold(FREE, Duration::from_secs(1)).unwrap());
        pause();
        world.locks.let_go(STRICT).unwrap();
        world.locks.take_away(end).unwrap();
        pause();
        world.locks.bring_back().unwrap();
        pause();
    }
    let verdict = lawful(world);
    let required =
        |run: &CronRun| jobs.iter().any(|job| job.name == run.name.as_str() && job.lock == LockPolicy::Require);
    // What waits for the lock makes room for the next tick, or comes to run in its stead.
    let is_explained = |run: &&CronRun| match run.reason {
        Some(SkipReason::LockedElsewhere) => [FREE, STRICT].contains(&run.name.as_str()),
        Some(SkipReason::LockUnavailable | SkipReason::Superseded | SkipReason::Overlap) => required(run),
        _ => run.state == RunState::Succeeded || run.reason == Some(SkipReason::Disabled),
    };
    let unexplained: Vec<_> = verdict.reading.runs.iter().filter(|run| !is_explained(run)).collect();
    assert!(unexplained.is_empty(), "{unexplained:#?}");
    let figures = Figures::of(&verdict);
    for name in ["locked_elsewhere", "lock_unavailable", "calls", "flushes", "redis_restarts"] {
        assert!(figures.get(name) >= 2, "{name}: {figures}");
    }
    assert!(figures.get("starts") >= 150, "{figures}");
}
