//! The rules once more, by brute force: a clock that is watched step by step, and a matcher that
//! reads the text of each field anew. It shares nothing with the evaluator.

use std::collections::HashMap;

use cron_manager::domain::schedule::DstGap;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

const DAY: i64 = 86_400;

/// An expression as a table of times and the text of its day fields.
pub(crate) struct Oracle {
    seconds: Vec<bool>,
    minutes: Vec<bool>,
    hours: Vec<bool>,
    date: String,
    month: String,
    weekday: String,
    year: String,
    follows_real_time: bool,
}

/// One reading of a clock: the instant, and the local time in seconds as if it were UTC.
#[derive(Clone, Copy)]
pub(crate) struct Reading {
    pub(crate) instant: i64,
    pub(crate) local: i64,
}

/// The readings of a zone's clock every `step` seconds from `from` to `to`.
pub(crate) fn watch(zone: &TimeZone, from: i64, to: i64, step: i64) -> Vec<Reading> {
    let start = from.div_euclid(step) * step;
    (start..=to)
        .step_by(step as usize)
        .map(|instant| {
            let shown = zone.to_datetime(Timestamp::from_second(instant).expect("an instant"));
            let local = TimeZone::UTC.to_timestamp(shown).expect("a time").as_second();
            Reading { instant, local }
        })
        .collect()
}

impl Oracle {
    /// Reads five, six or seven fields of numbers (no names).
    pub(crate) fn new(text: &str) -> Oracle {
        let fields: Vec<&str> = text.split(' ').collect();
        let [second, minute, hour, date, month, weekday, year] = match fields[..] {
            [a, b, c, d, e] => ["0", a, b, c, d, e, "*"],
            [a, b, c, d, e, f] => [a, b, c, d, e, f, "*"],
            [a, b, c, d, e, f, g] => [a, b, c, d, e, f, g],
            _ => unreachable!("{text} has five to seven fields"),
        };
        let table = |field, size| (0..size).map(|value| within(field, value, 0, size - 1)).collect();
        Oracle {
            seconds: table(second, 60),
            minutes: table(minute, 60),
            hours: table(hour, 24),
            date: date.to_owned(),
            month: month.to_owned(),
            weekday: weekday.to_owned(),
            year: year.to_owned(),
            follows_real_time: minute.starts_with('*') || hour.starts_with('*'),
        }
    }

    /// The due readings among those of a clock. The first should lie days before those of
    /// interest, so that it is known what the clock has shown before.
    pub(crate) fn due(&self, clock: &[Reading], gap: DstGap) -> Vec<i64> {
        let mut days = HashMap::new();
        let mut matches = |local: i64| self.time(local) && self.day_of(local, &mut days);
        let step = clock[1].instant - clock[0].instant;
        let mut due = Vec::new();
        let mut highest = clock[0].local;
        for reading in &clock[1..] {
            let Reading { instant, local } = *reading;
            let tick = if self.follows_real_time {
                matches(local)
            } else {
                let skipped = highest + step..local;
                let made_up = gap == DstGap::RunAfter && local - skipped.start <= 3 * 3_600;
                local > highest && (matches(local) || made_up && skipped.step_by(step as usize).any(&mut matches))
            };
            if tick {
                due.push(instant);
            }
            highest = highest.max(local);
        }
        due
    }

    fn time(&self, local: i64) -> bool {
        let second = local.rem_euclid(DAY) as usize;
        self.hours[second / 3_600] && self.minutes[second / 60 % 60] && self.seconds[second % 60]
    }

    fn day_of(&self, local: i64, known: &mut HashMap<i64, bool>) -> bool {
        let day = local.div_euclid(DAY);
        *known.entry(day).or_insert_with(|| {
            let start = Timestamp::from_second(day * DAY).expect("a day");
            self.day(TimeZone::UTC.to_datetime(start).date())
        })
    }

    fn day(&self, date: Date) -> bool {
        let open = |field: &str| field == "*" || field == "?";
        let joined = self.date.starts_with('+') || self.weekday.starts_with('+');
        let by_date = self.date.trim_start_matches('+').split(',').any(|item| date_is(item, date));
        let by_weekday = self.weekday.trim_start_matches('+').split(',').any(|item| weekday_is(item, date));
        let due = match (open(&self.date), open(&self.weekday)) {
            (true, _) => by_weekday,
            (_, true) => by_date,
            _ if joined => by_date && by_weekday,
            _ => by_date || by_weekday,
        };
        due && within(&self.month, date.month().into(), 1, 12)
            && (self.year == "*" || within(&self.year, date.year().into(), 1970, 2099))
    }
}

fn date_is(item: &str, date: Date) -> bool {
    let day = i64::from(date.day());
    match item {
        "?" => true,
        "L" => date == date.last_of_month(),
        "LW" => date == nearest_weekday(date.last_of_month()),
        _ => match item.strip_suffix('W') {
            Some(wanted) => {
                let wanted = number(wanted) as i8;
                wanted <= date.days_in_month() && date == nearest_weekday(civil(date.year(), date.month(), wanted))
            }
            None => within(item, day, 1, 31),
        },
    }
}

fn civil(year: i16, month: i8, day: i8) -> Date {
    format!("{year:04}-{month:02}-{day:02}").parse().expect("a date")
}

/// The nearest Monday to Friday of the same month, by trying.
fn nearest_weekday(date: Date) -> Date {
    let moved = |days: i64| {
        let at = TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)).expect("a date").as_second();
        let there = Timestamp::from_second(at + days * DAY).expect("a date");
        let there: DateTime = TimeZone::UTC.to_datetime(there);
        there.date()
    };
    let works = |at: &Date| (1..=5).contains(&weekday(*at)) && at.month() == date.month();
    [0, -1, 1, -2, 2].into_iter().map(moved).find(works).expect("a weekday is near")
}

fn weekday_is(item: &str, date: Date) -> bool {
    let today = weekday(date);
    let week = (i64::from(date.day()) - 1) / 7 + 1;
    let last = i64::from(date.day()) + 7 > i64::from(date.days_in_month());
    match (item, item.split_once('#')) {
        ("?", _) => true,
        (_, Some((day, "L"))) => last && number(day) % 7 == today,
        (_, Some((day, nth))) => week == number(nth) && number(day) % 7 == today,
        _ => match item.strip_suffix('L') {
            Some(day) => last && number(day) % 7 == today,
            None => within(item, today, 0, 6) || today == 0 && within(item, 7, 0, 6),
        },
    }
}

fn weekday(date: Date) -> i64 {
    date.weekday().to_sunday_zero_offset().into()
}

/// Whether a list of values, ranges and steps holds a value.
fn within(field: &str, value: i64, min: i64, top: i64) -> bool {
    field.split(',').any(|item| {
        let (base, step) = item.split_once('/').map_or((item, None), |(a, b)| (a, Some(number(b))));
        let (first, last) = match base.split_once('-') {
            _ if base == "*" => (min, top),
            Some((first, last)) => (number(first), number(last)),
            None if step.is_some() => (number(base), top),
            None => (number(base), number(base)),
        };
        first <= value && value <= last && (value - first) % step.unwrap_or(1) == 0
    })
}

fn number(text: &str) -> i64 {
    text.parse().expect(text)
}
