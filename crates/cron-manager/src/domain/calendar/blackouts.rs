//! The times of several calendars, walked through in order.

use std::time::Duration;

use jiff::Timestamp;

use super::{Blackout, Calendar};
use crate::domain::schedule::{DstGap, Schedule};

/// The times within a span in which nothing may start, merged and in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blackouts {
    /// Each holds the ticks after the first instant and up to the second.
    pub times: Vec<(Timestamp, Timestamp)>,
    /// They are known up to here.
    pub through: Timestamp,
}

impl Blackouts {
    /// How many steps one walk takes. A span with more changes is walked through in several, so that none takes long.
    pub const STEPS_MAX: usize = 1_000;

    /// Those of `calendars` in (`after`, `through`], or in the first part of it.
    pub fn between<'a>(calendars: impl Iterator<Item = &'a Calendar>, after: Timestamp, through: Timestamp) -> Self {
        let mut sources: Vec<_> = calendars.flat_map(Source::all).collect();
        let (first, end) = (whole_second(after) + 1, whole_second(through) + 1);
        // Ticks are whole seconds.
        let edge = |second: i64| match second {
            _ if second <= first => after,
            _ if second >= end => through,
            _ => before(second),
        };
        let mut times: Vec<(Timestamp, Timestamp)> = Vec::new();
        let mut at = first;
        for _ in 0..Self::STEPS_MAX {
            if at >= end || sources.is_empty() {
                return Self { times, through };
            }
            let (holds, until) = step(&mut sources, at);
            let next = until.min(end);
            if holds {
                match times.last_mut().filter(|(_, last)| *last == edge(at)) {
                    Some((_, last)) => *last = edge(next),
                    None => times.push((edge(at), edge(next))),
                }
            }
            at = next;
        }
        Self { times, through: edge(at) }
    }

    /// Whether a tick at `instant`, within the span, falls into one.
    pub fn hold(&self, instant: Timestamp) -> bool {
        self.end(instant).is_some()
    }

    /// The last instant of the one that a tick at `instant`, within the span, falls into.
    pub fn end(&self, instant: Timestamp) -> Option<Timestamp> {
        let at = self.times.partition_point(|(_, through)| *through < instant);
        self.times.get(at).filter(|(after, _)| *after < instant).map(|(_, through)| *through)
    }

    /// Whether a tick at `instant` falls into one of `calendars`.
    pub fn hold_at<'a>(calendars: impl Iterator<Item = &'a Calendar>, instant: Timestamp) -> bool {
        let mut sources: Vec<_> = calendars.flat_map(Source::all).collect();
        step(&mut sources, whole_second(instant)).0
    }
}

/// Whether one of the sources holds the second, and until when that is so at the least.
fn step(sources: &mut [Source], second: i64) -> (bool, i64) {
    let (mut held_until, mut free_until) = (None, i64::MAX);
    for source in sources {
        match source.at(second) {
            (true, until) => held_until = held_until.max(Some(until)),
            (false, until) => free_until = free_until.min(until),
        }
    }
    held_until.map_or((false, free_until), |until| (true, until))
}

/// What black-outs come from: one entry of a calendar.
struct Source {
    times: Times,
    /// What was found out last: whether it holds, and until when that is so at the least.
    known: (bool, i64),
}

enum Times {
    /// The first second, and the first after it.
    Once(i64, i64),
    /// When it begins, and for how many seconds it lasts.
    Recurring(Schedule, i64),
}

impl Source {
    fn all(calendar: &Calendar) -> impl Iterator<Item = Self> {
        calendar.blackouts.iter().filter_map(|blackout| {
            let times = match blackout {
                Blackout::Once { .. } => {
                    let (from, to) = blackout.once(&calendar.timezone)?;
                    Times::Once(from.as_second(), to.as_second())
                }
                Blackout::Recurring { expression, duration } => {
                    let zone = calendar.timezone.clone();
                    let schedule = Schedule::from_parts(expression.clone(), zone, DstGap::RunAfter);
                    Times::Recurring(schedule, i64::try_from(duration.as_secs()).ok()?)
                }
            };
            Some(Self { times, known: (false, i64::MIN) })
        })
    }

    /// Whether it holds the second, and until when that is so at the least. Asked in the order of time.
    fn at(&mut self, second: i64) -> (bool, i64) {
        if self.known.1 <= second {
            self.known = self.times.at(second);
        }
        self.known
    }
}

impl Times {
    fn at(&self, second: i64) -> (bool, i64) {
        match self {
            Self::Once(from, _) if second < *from => (false, *from),
            Self::Once(_, to) if second < *to => (true, *to),
            Self::Once(..) => (false, i64::MAX),
            Self::Recurring(schedule, length) => {
                let (after, now) = (instant(second - length), instant(second));
                match schedule.next_after(after) {
                    None => (false, i64::MAX),
                    Some(begin) if begin > now => (false, begin.as_second()),
                    // The newest one that lasts: those before it end earlier.
                    Some(begin) => (true, schedule.latest(after, now).unwrap_or(begin).as_second() + length),
                }
            }
        }
    }
}

/// The whole second at or before an instant.
fn whole_second(instant: Timestamp) -> i64 {
    instant.as_second() - i64::from(instant.subsec_nanosecond() < 0)
}

fn instant(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap_or(if second < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

/// The last instant before a second.
fn before(second: i64) -> Timestamp {
    instant(second).checked_sub(Duration::from_nanos(1)).unwrap_or(Timestamp::MIN)
}
