//! The vectors that decide what the dialect means. Columns: id, set, kind, expression, zone,
//! from, n, expected, dialect, who agrees, other answers, why.

use cron_manager::domain::schedule::{CronExpression, DstGap};

use crate::{at, schedule};

const VECTORS: &str = include_str!("cron-vectors.tsv");

#[test]
fn every_vector_holds() {
    let failures: Vec<String> = VECTORS.lines().skip(1).filter_map(|row| check(row).err()).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert_eq!(VECTORS.lines().skip(1).count(), 64);
}

fn check(row: &str) -> Result<(), String> {
    let [id, _, kind, text, zone, from, n, expected, ..] = row.split('\t').collect::<Vec<_>>()[..] else {
        return Err(format!("too few columns: {row}"));
    };
    let text = text.replace("{LF}", "\n");
    let accepted = expected.strip_prefix("ACCEPT:").map(|minutes| format!("{minutes} * * * *"));
    let found = match (CronExpression::parse(&text), accepted) {
        (Err(_), _) => "PARSE_ERROR".to_owned(),
        (Ok(_), Some(same)) if hundred(&text) == hundred(&same) => expected.to_owned(),
        (Ok(parsed), None) if kind == "parse" && !parsed.can_match() => "PARSE_OK_NO_TIME".to_owned(),
        (Ok(_), None) if kind == "next" => ticks(&text, zone, from, n.parse().expect("a number")),
        (Ok(parsed), _) => format!("parsed: {parsed}"),
    };
    (found == expected).then_some(()).ok_or_else(|| format!("{id} {text}: {found}, not {expected}"))
}

fn hundred(text: &str) -> String {
    ticks(text, "UTC", "2025-01-01T00:00:00Z", 100)
}

/// The next `n` ticks as the vectors write them, ending in `NONE` if there are no more.
fn ticks(text: &str, zone: &str, from: &str, n: usize) -> String {
    let schedule = schedule(text, zone, DstGap::RunAfter);
    let zone = jiff::tz::TimeZone::get(zone).expect(zone);
    let mut after = Some(at(from));
    let shown = std::iter::from_fn(|| {
        after = schedule.next_after(after?);
        Some(match after {
            Some(tick) => tick.to_zoned_datetime(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
            None => "NONE".to_owned(),
        })
    });
    shown.take(n).collect::<Vec<_>>().join(",")
}
