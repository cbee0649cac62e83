//! Parsing and the next tick, beside three other crates, measured in turns.
//!
//! `cargo bench -p cron-manager-rs --bench schedule`
#![expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
#![expect(clippy::expect_used, reason = "a benchmark that cannot be set up has failed")]

use std::hint::black_box;
use std::str::FromStr;
use std::time::Instant;

use chrono::{DateTime, TimeZone as _};
use chrono_tz::Tz;
use cron_manager::domain::schedule::{CronExpression, DstGap, Schedule};
use jiff::Timestamp;

/// How often each subject is measured; the subjects take turns within a round.
const ROUNDS: usize = 9;

/// Seconds between the instants asked about, so that no answer is remembered.
const STRIDE: i64 = 7_919_933;

const START: i64 = 1_735_689_600;

type Subject<'a> = (&'static str, Box<dyn FnMut(usize) + 'a>);

fn main() {
    println!("nanoseconds per call: median of {ROUNDS} rounds (least–most), ratio to ours\n");
    let expressions = [
        ("*/5 * * * *", "UTC"),
        ("0 0 29 2 *", "UTC"),
        ("0 0 L * *", "UTC"),
        ("30 2 * * *", "America/New_York"),
        ("*/5 * * * *", "America/New_York"),
        ("0 0 29 2 *", "America/New_York"),
    ];
    for (text, _) in &expressions[..4] {
        table(&format!("parse {text}"), 2_000, parsers(text));
    }
    for (text, zone) in expressions {
        table(&format!("next {text} {zone}"), 2_000, next(text, zone));
    }
    let impossible: Vec<Subject<'_>> =
        vec![("ours", Box::new(|_| drop(black_box(Schedule::cron("0 0 30 2 *", "UTC", DstGap::Skip)))))];
    table("refuse 0 0 30 2 *", 2_000, impossible);
    table("count a year of * * * * * * America/New_York", 20, count());
}

fn parsers(text: &str) -> Vec<Subject<'_>> {
    let seconds = format!("0 {text}");
    let zoned = format!("{text} UTC");
    let mut subjects: Vec<Subject<'_>> = vec![
        ("ours", Box::new(|_| drop(black_box(CronExpression::parse(black_box(text)))))),
        ("croner", Box::new(|_| drop(black_box(croner::Cron::from_str(black_box(text)))))),
        ("cronexpr", Box::new(move |_| drop(black_box(cronexpr::parse_crontab(black_box(&zoned)))))),
    ];
    if cron::Schedule::from_str(&seconds).is_ok() {
        let parse = move |_| drop(black_box(cron::Schedule::from_str(black_box(&seconds))));
        subjects.push(("cron", Box::new(parse)));
    }
    subjects
}

fn next<'a>(text: &'a str, zone: &str) -> Vec<Subject<'a>> {
    let instants: Vec<Timestamp> =
        (0..97).map(|n| Timestamp::from_second(START + n * STRIDE).expect("an instant")).collect();
    let tz: Tz = zone.parse().expect("a zone");
    let local: Vec<DateTime<Tz>> =
        instants.iter().map(|instant| tz.timestamp_opt(instant.as_second(), 0).single().expect("an instant")).collect();
    let ours = Schedule::cron(text, zone, DstGap::RunAfter).expect(text);
    let croner = croner::Cron::from_str(text).expect(text);
    let cronexpr = cronexpr::parse_crontab(&format!("{text} {zone}")).expect(text);
    let made: Vec<cronexpr::MakeTimestamp> = instants
        .iter()
        .map(|instant| cronexpr::MakeTimestamp::from_second(instant.as_second()).expect("an instant"))
        .collect();
    let cron_local = local.clone();
    let mut subjects: Vec<Subject<'a>> = vec![
        (
            "ours",
            Box::new(move |n| {
                black_box(ours.next_after(instants[n % 97]));
            }),
        ),
        (
            "croner",
            Box::new(move |n| {
                drop(black_box(croner.find_next_occurrence(&local[n % 97], false)));
            }),
        ),
        ("cronexpr", Box::new(move |n| drop(black_box(cronexpr.find_next(made[n % 97]))))),
    ];
    if let Ok(cron) = cron::Schedule::from_str(&format!("0 {text}")) {
        subjects.push((
            "cron",
            Box::new(move |n| {
                black_box(cron.after(&cron_local[n % 97]).next());
            }),
        ));
    }
    subjects
}

fn count() -> Vec<Subject<'static>> {
    let schedule = Schedule::cron("* * * * * *", "America/New_York", DstGap::RunAfter).expect("a schedule");
    let [after, through] = [START, START + 365 * 86_400].map(|s| Timestamp::from_second(s).expect("an instant"));
    vec![(
        "ours",
        Box::new(move |_| {
            black_box(schedule.count(after, through));
        }),
    )]
}

/// Measures the subjects in turns and prints a table.
fn table(title: &str, calls: usize, mut subjects: Vec<Subject<'_>>) {
    let mut measured = vec![Vec::new(); subjects.len()];
    for _ in 0..ROUNDS {
        for ((_, call), times) in subjects.iter_mut().zip(&mut measured) {
            let start = Instant::now();
            for n in 0..calls {
                call(n);
            }
            times.push(start.elapsed().as_nanos() as f64 / calls as f64);
        }
    }
    println!("{title}");
    let mut ours = None;
    for ((name, _), times) in subjects.iter().zip(&mut measured) {
        times.sort_by(f64::total_cmp);
        let median = times[ROUNDS / 2];
        let ratio = median / *ours.get_or_insert(median);
        let (least, most) = (times[0], times[ROUNDS - 1]);
        println!("  {name:<9}{median:>10.0}  ({least:.0}–{most:.0})  {ratio:.1}×");
    }
}
