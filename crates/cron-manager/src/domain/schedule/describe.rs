//! Schedules in plain English.

use std::time::Duration;

use super::days::{Days, DaysOfMonth, DaysOfWeek, YEARS, YearSet};
use super::parse::Meaning;
use super::time::Times;
use super::{ScheduleKind, Zone};

/// Up to so many times of a day are named one by one.
const FEW: u64 = 4;

const MONTHS: [&str; 13] = [
    "",
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const ORDINALS: [&str; 5] = ["first", "second", "third", "fourth", "fifth"];

pub(super) fn schedule(kind: ScheduleKind<'_>) -> String {
    match kind {
        ScheduleKind::Cron { expression, zone, .. } => {
            format!("{}, {}", expression.describe(), self::zone(zone))
        }
        ScheduleKind::Every(interval) => every(interval),
        ScheduleKind::At(instant) => format!("Once, at {instant}"),
    }
}

pub(super) fn expression(meaning: &Meaning) -> String {
    let Meaning { times, days, .. } = meaning;
    let mut text = self::times(times);
    text += &self::days(days, times.per_day() <= FEW);
    if days.months != 0x1ffe {
        let months = members(days.months.into());
        text += &format!(" in {}", runs(&months, |month| MONTHS[month as usize].to_owned()));
    }
    if let Some(years) = days.years {
        text += &format!(" in {}", runs(&self::years(years), |year| year.to_string()));
    }
    text
}

/// The city or place a zone is named for, and its name.
fn zone(zone: &Zone) -> String {
    match zone.name().rsplit_once('/') {
        Some(("Etc", _)) | None => zone.name().to_owned(),
        Some((_, place)) => format!("{} time ({})", place.replace('_', " "), zone.name()),
    }
}

fn every(interval: Duration) -> String {
    let seconds = interval.as_secs();
    let units = [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    let whole = units.into_iter().find(|(unit, _)| seconds.is_multiple_of(*unit));
    let (unit, name) = whole.unwrap_or((1, "second"));
    nth_unit(seconds / unit, name)
}

/// `Every minute`, `Every 5 minutes`.
fn nth_unit(n: u64, unit: &str) -> String {
    if n == 1 { format!("Every {unit}") } else { format!("Every {n} {unit}s") }
}

fn times(times: &Times) -> String {
    let hours = members(times.hours.into());
    let minutes = members(times.minutes);
    let seconds = members(times.seconds);
    if times.per_day() <= FEW {
        return format!("At {}", clock_times(&hours, &minutes, &seconds));
    }
    let of_minute = step(&seconds, 60);
    let of_hour = step(&minutes, 60);
    let whole_minutes = seconds == [0];
    if whole_minutes && minutes == [0] {
        return match step(&hours, 24) {
            Some(n) => nth_unit(n, "hour"),
            None => format!("At minute 0 past {}", hour_list(&hours)),
        };
    }
    let start = match (of_minute, of_hour) {
        (_, Some(n)) if whole_minutes => nth_unit(n, "minute"),
        (Some(n), Some(1)) => nth_unit(n, "second"),
        (Some(n), _) => format!("{} of {}", nth_unit(n, "second"), minute_list(&minutes)),
        _ if whole_minutes => format!("At {}", minute_list(&minutes)),
        (None, _) => format!("At second {} of {}", numbers(&seconds), minute_list(&minutes)),
    };
    start + &within_hours(&hours, of_hour.is_some())
}

fn clock_times(hours: &[u32], minutes: &[u32], seconds: &[u32]) -> String {
    let mut times = Vec::new();
    for hour in hours {
        for minute in minutes {
            for second in seconds {
                times.push(match (seconds, second) {
                    ([0], _) => format!("{hour:02}:{minute:02}"),
                    _ => format!("{hour:02}:{minute:02}:{second:02}"),
                });
            }
        }
    }
    listed(&times)
}

fn within_hours(hours: &[u32], throughout: bool) -> String {
    match (step(hours, 24), hours) {
        (Some(1), _) if throughout => String::new(),
        (Some(1), _) => " past every hour".to_owned(),
        (None, [first, .., last]) if throughout && (last - first) as usize == hours.len() - 1 => {
            format!(" from {first:02}:00 through {last:02}:59")
        }
        _ => format!(" past {}", hour_list(hours)),
    }
}

fn hour_list(hours: &[u32]) -> String {
    match step(hours, 24) {
        Some(1) => "every hour".to_owned(),
        Some(n) => format!("every {n} hours"),
        None => format!("hour {}", numbers(hours)),
    }
}

fn minute_list(minutes: &[u32]) -> String {
    match step(minutes, 60) {
        Some(1) => "every minute".to_owned(),
        Some(n) => format!("every {n} minutes"),
        None => format!("minute {}", numbers(minutes)),
    }
}

fn days(days: &Days, name_every_day: bool) -> String {
    let dates = (days.of_month.dates != 0xffff_fffe).then(|| dates(&days.of_month));
    let weekdays = (days.of_week.every != 0x7f).then(|| weekdays(&days.of_week));
    match (dates, weekdays) {
        (Some(dates), Some(weekdays)) if days.both => format!(" on {dates}, if also on {weekdays}"),
        (Some(dates), Some(weekdays)) => format!(" on {dates} or on {weekdays}"),
        (Some(dates), None) if days.both => format!(" on {dates}"),
        (None, Some(weekdays)) if days.both => match weekdays.contains("through") {
            true => format!(", {weekdays}"),
            false => format!(" on {weekdays}"),
        },
        _ if name_every_day => " every day".to_owned(),
        _ => String::new(),
    }
}

fn dates(days: &DaysOfMonth) -> String {
    let mut parts = Vec::new();
    if days.dates != 0 {
        parts.push(format!("day {} of the month", numbers(&members(days.dates.into()))));
    }
    if days.nearest != 0 {
        parts.push(format!("the weekday nearest day {}", numbers(&members(days.nearest.into()))));
    }
    if days.last {
        parts.push("the last day of the month".to_owned());
    }
    if days.last_weekday {
        parts.push("the last weekday of the month".to_owned());
    }
    listed(&parts)
}

fn weekdays(days: &DaysOfWeek) -> String {
    let named = |set: u8| {
        // A week starts on Monday here, so that a weekend is one run.
        let from_monday = members(u64::from(set >> 1 | (set & 1) << 6));
        runs(&from_monday, |day| WEEKDAYS[(day as usize + 1) % 7].to_owned())
    };
    let mut parts = Vec::new();
    if days.every != 0 {
        parts.push(named(days.every));
    }
    for (ordinal, set) in ORDINALS.iter().zip(days.nth).filter(|(_, set)| *set != 0) {
        parts.push(format!("the {ordinal} {} of the month", named(set)));
    }
    if days.last != 0 {
        parts.push(format!("the last {} of the month", named(days.last)));
    }
    listed(&parts)
}

fn years(years: YearSet) -> Vec<u32> {
    let word_years = (0..)
        .step_by(64)
        .zip(years)
        .flat_map(|(start, word)| members(word).into_iter().map(move |bit| YEARS.start() + start + bit));
    word_years.collect()
}

/// The `n` for which the values are all the multiples of `n` below `size`, evenly to its end.
fn step(values: &[u32], size: u32) -> Option<u64> {
    let step = match values {
        [0, second, ..] => *second,
        _ => return None,
    };
    let even = values.iter().zip(0..).all(|(value, index)| *value == index * step);
    (even && step * values.len() as u32 == size).then_some(step.into())
}

fn members(set: u64) -> Vec<u32> {
    (0..64).filter(|bit| set >> bit & 1 == 1).collect()
}

fn numbers(values: &[u32]) -> String {
    runs(values, |value| value.to_string())
}

/// A list in words, with three or more neighbours as `a through b`.
fn runs(values: &[u32], name: impl Fn(u32) -> String) -> String {
    let mut parts = Vec::new();
    for run in values.chunk_by(|a, b| a + 1 == *b) {
        match run {
            [first, _, .., last] => parts.push(format!("{} through {}", name(*first), name(*last))),
            few => parts.extend(few.iter().map(|value| name(*value))),
        }
    }
    listed(&parts)
}

fn listed(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}
