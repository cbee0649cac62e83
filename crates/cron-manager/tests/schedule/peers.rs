//! The next tick beside three other crates. Each known difference has a class below; a difference
//! without one fails.

use std::collections::BTreeSet;
use std::str::FromStr;

use chrono::{DateTime, TimeZone as _};
use chrono_tz::Tz;
use cron_manager::domain::schedule::DstGap;
use jiff::Timestamp;

use crate::schedule;

const EXPRESSIONS: [&str; 30] = [
    "* * * * *",
    "*/5 * * * *",
    "7,37 * * * *",
    "0 */2 * * *",
    "*/15 9-17 * * *",
    "5,10-20/5,59 23 * * *",
    "0 0 * * *",
    "30 1 * * *",
    "30 2 * * *",
    "0,30 2 * * *",
    "0 12 * * *",
    "59 23 * * *",
    "0 0 1 * *",
    "0 0 31 * *",
    "0 0 29 2 *",
    "15 3 1,15 */3 *",
    "0 9 * * 1-5",
    "0 9 * * MON-FRI",
    "0 9 * * 0",
    "0 9 * * 7",
    "0 9 * * 6,0",
    "30 4 1,15 * 5",
    "0 0 13 * 5",
    "0 0 */2 * 1",
    "0 0 L * *",
    "0 0 15W * *",
    "0 0 LW * *",
    "0 0 * * 5L",
    "0 0 * * 2#3",
    "0 8 1-7 1,6 *",
];

const ZONES: [&str; 4] = ["UTC", "America/New_York", "Europe/London", "Asia/Tokyo"];

/// A peer's next tick after an instant, or `None` if it does not know the expression.
type Peer = fn(&str, &'static str) -> Option<Next>;
type Next = Box<dyn Fn(i64) -> Option<i64>>;

const PEERS: [(&str, Peer); 3] = [("croner", croner), ("cron", cron), ("cronexpr", cronexpr)];

/// What a peer does otherwise, and why ours stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    /// `cron` has no L, W, # and no weekday 0; `cronexpr` no LW.
    Unknown,
    /// `cron` numbers weekdays from 1 for Sunday as Quartz does; crontab(5) has 1 for Monday.
    SundayIsOne,
    /// `cron` wants both day fields to match; crontab(5) wants either.
    BothDays,
    /// `cronexpr` takes a day field that starts with `*` for an open one, so `*/2` narrows the
    /// weekday, as Vixie cron does. Here only `*` and `?` are open.
    StarStepIsOpen,
    /// Fixed times in a forward jump are lost: both of a pair in `croner`, all in `cron` and
    /// `cronexpr`. Here they run right after it, as in Vixie cron.
    LostInGap,
    /// `cron` answers with a time before the one asked about when asked in a second pass.
    Backwards,
    /// `cronexpr` lets a fixed time run in the second pass, too, when asked between the two.
    SecondPass,
    /// `cronexpr` finds no L in December.
    NoDecember,
}

const CLASSES: [Class; 8] = [
    Class::Unknown,
    Class::SundayIsOne,
    Class::BothDays,
    Class::StarStepIsOpen,
    Class::LostInGap,
    Class::Backwards,
    Class::SecondPass,
    Class::NoDecember,
];

/// The changes of 2025 in New York and London, forward and back, and London's of March 2024.
const FORWARD: [i64; 3] = [1_741_503_600, 1_743_296_400, 1_711_846_800];
const BACK: [i64; 2] = [1_762_063_200, 1_761_440_400];

fn class(peer: &str, text: &str, after: i64, found: i64, expected: i64) -> Option<Class> {
    match (peer, text) {
        ("cron", "0 9 * * 1-5" | "0 9 * * 7") => Some(Class::SundayIsOne),
        ("cron", "30 4 1,15 * 5" | "0 0 13 * 5" | "0 0 */2 * 1") => Some(Class::BothDays),
        ("cron", _) if found <= after => Some(Class::Backwards),
        ("cronexpr", "0 0 */2 * 1") => Some(Class::StarStepIsOpen),
        ("cronexpr", _) if BACK.iter().any(|at| (*at..at + 3_600).contains(&found)) => Some(Class::SecondPass),
        ("cronexpr", _) if text.contains('L') && in_december(expected) => Some(Class::NoDecember),
        _ if FORWARD.contains(&expected) => Some(Class::LostInGap),
        _ => None,
    }
}

fn in_december(at: i64) -> bool {
    jiff::tz::TimeZone::UTC.to_datetime(second(at)).month() == 12
}

fn croner(text: &str, zone: &'static str) -> Option<Next> {
    let parsed = croner::Cron::from_str(text).ok()?;
    Some(Box::new(move |after| parsed.find_next_occurrence(&local(zone, after), false).ok().map(|at| at.timestamp())))
}

fn cron(text: &str, zone: &'static str) -> Option<Next> {
    let parsed = cron::Schedule::from_str(&format!("0 {text}")).ok()?;
    Some(Box::new(move |after| parsed.after(&local(zone, after)).next().map(|at| at.timestamp())))
}

fn cronexpr(text: &str, zone: &'static str) -> Option<Next> {
    let parsed = cronexpr::parse_crontab(&format!("{text} {zone}")).ok()?;
    Some(Box::new(move |after| {
        let after = cronexpr::MakeTimestamp::from_second(after).ok()?;
        parsed.find_next(after).ok().map(|at| at.timestamp().as_second())
    }))
}

fn local(zone: &str, at: i64) -> DateTime<Tz> {
    let zone: Tz = zone.parse().expect(zone);
    zone.timestamp_opt(at, 0).single().expect("an instant")
}

fn second(at: i64) -> Timestamp {
    Timestamp::from_second(at).expect("an instant")
}

/// Ordinary instants, and every half hour around each change.
fn instants() -> Vec<i64> {
    let ordinary = (0..40).map(|n| 1_704_067_200 + n * 1_666_661);
    let changes = FORWARD.into_iter().chain(BACK);
    let near = changes.flat_map(|at| (-8..8).map(move |half| at + half * 1_800));
    ordinary.chain(near).collect()
}

#[test]
fn every_difference_from_a_peer_is_of_a_known_class() {
    let instants = instants();
    let (mut seen, mut unexplained) = (BTreeSet::new(), Vec::new());
    for (text, zone) in EXPRESSIONS.iter().flat_map(|text| ZONES.map(|zone| (*text, zone))) {
        let ours = schedule(text, zone, DstGap::RunAfter);
        for (peer, parse) in PEERS {
            let Some(next) = parse(text, zone) else {
                seen.insert(Class::Unknown);
                continue;
            };
            for after in &instants {
                let expected = ours.next_after(second(*after)).expect(text).as_second();
                let found = next(*after).expect(text);
                if found == expected {
                    continue;
                }
                match class(peer, text, *after, found, expected) {
                    Some(class) => drop(seen.insert(class)),
                    None => unexplained.push(format!("{peer} {text} {zone} after {after}: {found}, ours {expected}")),
                }
            }
        }
    }
    assert!(unexplained.is_empty(), "{}", unexplained.join("\n"));
    assert_eq!(Vec::from_iter(seen), CLASSES, "a class is out of date");
}
