//! The lawful world with an outsider, and with foreign timers; and each of their laws broken.

use cron_manager::{LockPolicy, SkipReason};

use super::*;
use crate::journal::{OutsiderEvent, RedisEvent, Told};

/// Tenths of a second after the first tick.
fn tenth(tenths: i64) -> u64 {
    boot(0) - SECOND + (tenths + 10).unsigned_abs() * SECOND / 10
}

fn job() -> String {
    "job".to_owned()
}

/// The outsider does something after so many tenths.
fn outsider(reading: &mut Reading, tenths: i64, event: OutsiderEvent) {
    reading.lines.push(line(tenth(tenths), 1, Event::Outsider(event)));
}

fn redis(reading: &mut Reading, tenths: i64, event: RedisEvent) {
    reading.lines.push(line(tenth(tenths), 1, Event::Redis(event)));
}

/// The outsider holds the lock from one tenth to another, and would for 3 s.
fn hold(reading: &mut Reading, from: i64, to: i64) {
    outsider(reading, from, OutsiderEvent::Wants { job: job() });
    outsider(reading, from, OutsiderEvent::Holds { job: job(), asked: tenth(from), ttl: 3 * SECOND });
    outsider(reading, to, OutsiderEvent::LetsGo { job: job() });
    outsider(reading, to, OutsiderEvent::Left { job: job(), held: true });
}

/// The outsider holds the lock while the run of the tick 5 begins.
fn intruded(policy: LockPolicy, change: impl FnOnce(&mut Reading)) -> Vec<Law> {
    broken(|reading| {
        reading.jobs[0].lock = policy;
        hold(reading, 54, 58);
        change(reading);
    })
}

/// The run of the tick 5 was skipped after its claim, for that reason.
fn skip(reading: &mut Reading, reason: SkipReason) {
    let run = &mut reading.runs[5];
    (run.state, run.reason, run.started_at, run.finished_at) = (RunState::Skipped, Some(reason), None, None);
    reading.lines.retain(|line| !matches!(&line.event, Event::Start(act) | Event::End(act) if act.run == 6));
}

#[test]
fn a_start_while_the_outsider_holds_the_lock_is_an_intrusion() {
    for policy in [LockPolicy::Prefer, LockPolicy::Require] {
        assert_eq!(intruded(policy, |_| {}), [Law::Intrusion], "{policy:?}");
        // Before it was told so, and after it let go.
        assert_eq!(broken(|reading| hold(reading, 46, 54)), []);
        assert_eq!(broken(|reading| hold(reading, 56, 64)), []);
        // Its lock had run out.
        let ran_out = |reading: &mut Reading| {
            reading.jobs[0].lock = policy;
            hold(reading, 54, 58);
            let Event::Outsider(OutsiderEvent::Holds { ttl, .. }) = &mut reading.lines[23].event else { panic!() };
            *ttl = SECOND / 20;
        };
        assert_eq!(broken(ran_out), []);
    }
}

#[test]
fn who_may_have_had_the_lock_before_redis_forgot_does_not_intrude() {
    let flushed = |reading: &mut Reading| redis(reading, 40, RedisEvent::Flushed);
    assert_eq!(intruded(LockPolicy::Require, flushed), []);
    let flushed_long_ago = |reading: &mut Reading| redis(reading, 30, RedisEvent::Flushed);
    assert_eq!(intruded(LockPolicy::Require, flushed_long_ago), [Law::Intrusion]);
    let flushed_before_a_pause = |reading: &mut Reading| {
        redis(reading, 30, RedisEvent::Flushed);
        reading.lines.push(line(tenth(31), 11, Event::Paused));
        reading.lines.push(line(tenth(53), 11, Event::Resumed));
    };
    assert_eq!(intruded(LockPolicy::Require, flushed_before_a_pause), []);
    // What was forgotten while the outsider held it is its own no longer.
    let flushed_later = |reading: &mut Reading| {
        hold(reading, 46, 58);
        redis(reading, 47, RedisEvent::Down);
        redis(reading, 47, RedisEvent::Up);
    };
    assert_eq!(broken(flushed_later), []);
}

#[test]
fn who_prefers_a_lock_goes_on_without_while_redis_is_away_and_who_requires_one_does_not() {
    let away = |reading: &mut Reading| {
        redis(reading, 50, RedisEvent::Paused);
        redis(reading, 52, RedisEvent::Resumed);
    };
    assert_eq!(intruded(LockPolicy::Prefer, away), []);
    assert_eq!(intruded(LockPolicy::Require, away), [Law::Intrusion]);
    let paused = |reading: &mut Reading| {
        reading.lines.push(line(tenth(51), 11, Event::Paused));
        reading.lines.push(line(tenth(52), 11, Event::Resumed));
    };
    assert_eq!(intruded(LockPolicy::Prefer, paused), []);
    assert_eq!(intruded(LockPolicy::Require, paused), [Law::Intrusion]);
}

#[test]
fn a_lock_that_is_gone_before_its_time_is_a_robbery() {
    let gone = |from: i64, to: i64, forgets: Option<i64>| {
        broken(|reading| {
            hold(reading, from, to);
            let Event::Outsider(OutsiderEvent::Left { held, .. }) = &mut reading.lines[25].event else { panic!() };
            *held = false;
            if let Some(at) = forgets {
                redis(reading, at, RedisEvent::Flushed);
            }
        })
    };
    assert_eq!(gone(110, 120, None), [Law::Robbery]);
    assert_eq!(gone(110, 120, Some(105)), [Law::Robbery]);
    assert_eq!(gone(110, 120, Some(115)), []);
    assert_eq!(gone(110, 141, None), []);
}

#[test]
fn a_tick_is_locked_elsewhere_only_on_account_of_the_outsider() {
    let elsewhere = |change: fn(&mut Reading)| {
        broken(|reading| {
            skip(reading, SkipReason::LockedElsewhere);
            change(reading);
        })
    };
    assert_eq!(elsewhere(|_| {}), [Law::Groundless]);
    assert_eq!(elsewhere(|reading| hold(reading, 54, 58)), []);
    assert_eq!(elsewhere(|reading| hold(reading, 36, 44)), [Law::Groundless]);
    assert_eq!(elsewhere(|reading| hold(reading, 80, 82)), [Law::Groundless]);
    let of_another_job = |reading: &mut Reading| {
        outsider(reading, 54, OutsiderEvent::Wants { job: "other".to_owned() });
    };
    assert_eq!(elsewhere(of_another_job), [Law::Groundless]);
    // It asked and had no answer; it asked and was told that it does not hold it.
    assert_eq!(elsewhere(|reading| outsider(reading, 54, OutsiderEvent::Wants { job: job() })), []);
    let given_up = |reading: &mut Reading| {
        outsider(reading, 54, OutsiderEvent::Wants { job: job() });
        outsider(reading, 55, OutsiderEvent::GivesUp { job: job() });
    };
    assert_eq!(elsewhere(given_up), [Law::Groundless]);
}

#[test]
fn a_lock_is_unavailable_only_for_who_requires_it_while_redis_is_away() {
    let unavailable = |policy, change: fn(&mut Reading)| {
        broken(|reading| {
            reading.jobs[0].lock = policy;
            skip(reading, SkipReason::LockUnavailable);
            reading.runs[5].start_deadline = wall(7);
            change(reading);
        })
    };
    let away = |reading: &mut Reading| {
        redis(reading, 55, RedisEvent::Down);
        redis(reading, 60, RedisEvent::Up);
    };
    assert_eq!(unavailable(LockPolicy::Require, |_| {}), [Law::Groundless]);
    assert_eq!(unavailable(LockPolicy::Require, away), []);
    assert_eq!(unavailable(LockPolicy::Prefer, away), [Law::Groundless]);
    let away_before = |reading: &mut Reading| {
        redis(reading, 30, RedisEvent::Paused);
        redis(reading, 45, RedisEvent::Resumed);
    };
    assert_eq!(unavailable(LockPolicy::Require, away_before), [Law::Groundless]);
    let paused = |reading: &mut Reading| {
        reading.lines.push(line(tenth(51), 11, Event::Paused));
        reading.lines.push(line(tenth(60), 11, Event::Resumed));
    };
    assert_eq!(unavailable(LockPolicy::Require, paused), []);
}

#[test]
fn a_foreign_timer_must_be_told_what_the_ledger_says() {
    let told = |told: Told| {
        broken(|reading| {
            skip(reading, SkipReason::Missed);
            reading.lines.push(line(boot(10), 11, Event::Called { job: job(), told }));
        })
    };
    assert_eq!(told(Told::Ran { run: 2, state: RunState::Succeeded }), []);
    assert_eq!(told(Told::Ran { run: 2, state: RunState::Cancelled }), [Law::Mistold]);
    assert_eq!(told(Told::Ran { run: 6, state: RunState::Skipped }), [Law::Mistold]);
    assert_eq!(told(Told::Ran { run: 99, state: RunState::Succeeded }), [Law::Mistold]);
    assert_eq!(told(Told::Skipped { run: 6, reason: SkipReason::Missed }), []);
    assert_eq!(told(Told::Skipped { run: 6, reason: SkipReason::LockedElsewhere }), [Law::Mistold]);
    assert_eq!(told(Told::Skipped { run: 2, reason: SkipReason::Missed }), [Law::Mistold]);
    assert_eq!(told(Told::Taken { due: wall(4) }), []);
    assert_eq!(told(Told::Taken { due: wall(5) }), [Law::Mistold]);
    assert_eq!(told(Told::Taken { due: wall(50) }), [Law::Mistold]);
    let abandoned = |told: Told| {
        broken(|reading: &mut Reading| {
            reading.runs[1].state = RunState::Abandoned;
            reading.lines.push(line(boot(10), 11, Event::Called { job: job(), told: told.clone() }));
        })
    };
    assert_eq!(abandoned(Told::Ran { run: 2, state: RunState::Succeeded }), [Law::Mistold]);
    assert_eq!(abandoned(Told::Lost { run: 2, state: RunState::Abandoned }), []);
    assert_eq!(abandoned(Told::Lost { run: 2, state: RunState::Running }), []);
    assert_eq!(abandoned(Told::Lost { run: 2, state: RunState::Succeeded }), [Law::Mistold]);
    // A run by hand of the same second, for which no timer calls, is another matter.
    let by_hand = |reading: &mut Reading| {
        let (state, reason) = (RunState::Skipped, Some(SkipReason::Missed));
        reading.runs.insert(0, CronRun { id: RunId(99), kind: RunKind::Manual, state, reason, ..run(4) });
        reading.lines.push(line(boot(10), 11, Event::Called { job: job(), told: Told::Taken { due: wall(4) } }));
    };
    assert_eq!(broken(by_hand), []);
    assert_eq!(told(Told::Nothing { what: String::new() }), []);
}
