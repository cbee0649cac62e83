//! Random expressions, zones and instants. A failure prints the smallest case found.

use std::time::Duration;

use cron_manager::domain::schedule::{CronExpression, DstGap, Schedule, Zone};
use jiff::Timestamp;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::oracle::{Oracle, watch};
use crate::schedule;

const DAY: i64 = 86_400;

/// Zones with odd offsets, midnight changes, half-hour changes, a skipped day, and none.
const ZONES: [&str; 14] = [
    "UTC",
    "America/New_York",
    "Europe/London",
    "Europe/Dublin",
    "Australia/Lord_Howe",
    "Africa/Cairo",
    "Africa/Casablanca",
    "America/Santiago",
    "Pacific/Apia",
    "Asia/Kathmandu",
    "Asia/Gaza",
    "Antarctica/Troll",
    "Antarctica/Casey",
    "Africa/Monrovia",
];

fn item(min: u32, max: u32) -> BoxedStrategy<String> {
    let size = max - min + 1;
    let value = min..=max;
    prop_oneof![
        4 => value.clone().prop_map(|a| a.to_string()),
        2 => (value.clone(), value.clone()).prop_map(|(a, b)| format!("{}-{}", a.min(b), a.max(b))),
        1 => (value.clone(), value.clone(), 1..=size)
            .prop_map(|(a, b, n)| format!("{}-{}/{n}", a.min(b), a.max(b))),
        1 => (value, 1..=size).prop_map(|(a, n)| format!("{a}/{n}")),
        2 => (1..=size).prop_map(|n| format!("*/{n}")),
    ]
    .boxed()
}

fn list(item: BoxedStrategy<String>) -> BoxedStrategy<String> {
    vec(item, 1..4).prop_map(|items| items.join(",")).boxed()
}

fn or_star(field: BoxedStrategy<String>) -> BoxedStrategy<String> {
    prop_oneof![1 => Just("*".to_owned()), 2 => field].boxed()
}

fn numbers(min: u32, max: u32) -> BoxedStrategy<String> {
    or_star(list(item(min, max)))
}

fn dates() -> BoxedStrategy<String> {
    let item = prop_oneof![
        4 => item(1, 31),
        1 => Just("L".to_owned()),
        1 => Just("LW".to_owned()),
        1 => (1..=31).prop_map(|day| format!("{day}W")),
    ];
    day_field(list(item.boxed()))
}

fn weekdays() -> BoxedStrategy<String> {
    let item = prop_oneof![
        3 => item(0, 6),
        1 => (0..=7, 7..=7).prop_map(|(a, b)| format!("{a}-{b}")),
        1 => Just("7".to_owned()),
        1 => (0..=7, 1..=5).prop_map(|(day, n)| format!("{day}#{n}")),
        1 => (0..=7).prop_map(|day| format!("{day}#L")),
        1 => (0..=7).prop_map(|day| format!("{day}L")),
    ];
    day_field(list(item.boxed()))
}

fn day_field(list: BoxedStrategy<String>) -> BoxedStrategy<String> {
    let plus = list.clone().prop_map(|field| format!("+{field}"));
    prop_oneof![3 => Just("*".to_owned()), 1 => Just("?".to_owned()), 4 => list, 1 => plus].boxed()
}

/// Month, weekday and date fields, mostly open.
fn days() -> BoxedStrategy<String> {
    (dates(), prop_oneof![3 => Just("*".to_owned()), 1 => numbers(1, 12)], weekdays())
        .prop_map(|(date, month, weekday)| format!("{date} {month} {weekday}"))
        .boxed()
}

fn five_fields() -> impl Strategy<Value = String> {
    (numbers(0, 59), numbers(0, 23), days()).prop_map(|(m, h, days)| format!("{m} {h} {days}"))
}

fn gap() -> impl Strategy<Value = DstGap> {
    select(vec![DstGap::RunAfter, DstGap::Skip])
}

/// A zone, and an instant within a day of a change of its clock, if it has any.
fn near_a_change() -> impl Strategy<Value = (&'static str, i64)> {
    (select(ZONES.to_vec()), 0..2_000_000_000_i64, -DAY..DAY).prop_map(|(name, base, offset)| {
        let zone = Zone::parse(name).expect(name);
        let base = Timestamp::from_second(base).expect("an instant");
        let change = zone.as_jiff().following(base).next().map_or(base, |next| next.timestamp());
        (name, change.as_second() + offset)
    })
}

/// Compares ticks, count and latest of `(after, after + length]` with the oracle.
fn agrees(text: &str, zone: &str, gap: DstGap, after: i64, length: i64, step: i64) {
    let schedule = schedule(text, zone, gap);
    let clock = watch(schedule_zone(&schedule).as_jiff(), after - 2 * DAY, after + length, step);
    let due: Vec<i64> = Oracle::new(text).due(&clock, gap).into_iter().filter(|at| *at > after).collect();
    let [from, to] = [after, after + length].map(second);
    let found: Vec<i64> = schedule.ticks(from, to).map(Timestamp::as_second).collect();
    let first = found.iter().zip(&due).find(|(found, due)| found != due);
    assert_eq!((found.len(), first), (due.len(), None), "{text} {zone} {gap} after {from}");
    assert_eq!(schedule.count(from, to), due.len() as u64, "count of {text} {zone} after {from}");
    let latest = schedule.latest(from, to).map(Timestamp::as_second);
    assert_eq!(latest, due.last().copied(), "latest of {text} {zone} after {from}");
}

fn schedule_zone(schedule: &Schedule) -> Zone {
    match schedule.kind() {
        cron_manager::domain::schedule::ScheduleKind::Cron { zone, .. } => zone.clone(),
        _ => Zone::utc(),
    }
}

fn second(at: i64) -> Timestamp {
    Timestamp::from_second(at).expect("an instant")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn five_fields_near_a_change_agree_with_brute_force(
        text in five_fields(), (zone, after) in near_a_change(), gap in gap(),
    ) {
        let step = if zone == "Africa/Monrovia" { 30 } else { 60 };
        agrees(&text, zone, gap, after, 3 * DAY, step);
    }

    #[test]
    fn the_days_of_ten_years_agree_with_brute_force(
        days in days(), year in prop_oneof![Just("*".to_owned()), list(item(1970, 2099))],
        start in -10_000..40_000_i64,
    ) {
        agrees(&format!("0 0 0 {days} {year}"), "UTC", DstGap::Skip, start * DAY, 3_653 * DAY, DAY);
    }

    #[test]
    fn an_expression_without_a_date_in_four_hundred_years_cannot_match(days in days()) {
        let text = format!("0 0 {days}");
        let any = CronExpression::parse(&text).expect("parses").can_match();
        let start = second(0);
        let far = second(146_097 * DAY);
        prop_assert_eq!(any, schedule(&text, "UTC", DstGap::Skip).count(start, far) > 0);
        if !any {
            let clock = watch(Zone::utc().as_jiff(), 0, 28 * 366 * DAY, DAY);
            prop_assert!(Oracle::new(&text).due(&clock, DstGap::Skip).is_empty());
        }
    }

    #[test]
    fn count_and_latest_are_those_of_the_ticks(
        text in five_fields(), zone in select(ZONES.to_vec()), gap in gap(),
        after in -2_000_000_000..4_000_000_000_i64, days in 0..40_i64, seconds in 0..DAY,
    ) {
        let schedule = schedule(&text, zone, gap);
        let (after, through) = (second(after), second(after + days * DAY + seconds));
        let ticks: Vec<Timestamp> = schedule.ticks(after, through).collect();
        prop_assert!(ticks.is_sorted_by(|a, b| a < b));
        prop_assert_eq!(schedule.count(after, through), ticks.len() as u64);
        prop_assert_eq!(schedule.latest(after, through), ticks.last().copied());
        prop_assert_eq!(schedule.next_after(after).filter(|at| *at <= through), ticks.first().copied());
    }

    #[test]
    fn an_interval_counts_what_it_ticks(
        interval in 1..100_000_u64, after in -1_000_000..1_000_000_i64, length in -10..1_000_000_i64,
    ) {
        let schedule = Schedule::every(Duration::from_secs(interval)).expect("an interval");
        let (after, through) = (second(after), second(after + length));
        let ticks: Vec<Timestamp> = schedule.ticks(after, through).collect();
        prop_assert!(ticks.iter().all(|at| at.as_second() % interval as i64 == 0));
        prop_assert_eq!(schedule.count(after, through), ticks.len() as u64);
        prop_assert_eq!(schedule.latest(after, through), ticks.last().copied());
    }

    #[test]
    fn what_parses_prints_and_parses_the_same(text in five_fields()) {
        let parsed = CronExpression::parse(&text).expect("parses");
        let again: CronExpression = parsed.to_string().parse().expect("parses again");
        prop_assert!(!parsed.describe().is_empty());
        prop_assert_eq!(parsed, again);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn six_fields_near_a_change_agree_with_brute_force(
        seconds in numbers(0, 59), text in five_fields(), (zone, after) in near_a_change(),
        gap in gap(),
    ) {
        agrees(&format!("{seconds} {text}"), zone, gap, after, DAY / 4, 1);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn no_text_makes_the_parser_panic(
        text in prop_oneof![
            any::<String>(),
            "[0-9*/,?LWlw#+@ \t-]{0,40}",
            "([0-9]{1,12}|\\*|[A-Z]{1,4}|\\PC)([-/#,LW]{0,2}[0-9]{0,9})( ([0-9*?LW#/,+-]{1,6})){4,6}",
        ],
    ) {
        if let Err(error) = CronExpression::parse(&text) {
            let place = error.position().expect("a place");
            prop_assert!(place.start <= text.len());
            prop_assert_eq!(error.pointer().expect("a pointer").lines().count(), 2);
        }
        drop(Zone::parse(&text));
    }
}
