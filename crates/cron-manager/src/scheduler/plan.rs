//! Plan: give every tick since the watermark its row.

use std::time::Duration;

use jiff::Timestamp;

use crate::{CatchUp, RunKind, Schedule, SkipReason, domain::ledger::Page};

/// Writes each tick of the page in (watermark, now] once and moves the watermark to now.
pub(super) fn plan(page: &mut Page, late_after: Duration) {
    while plan_part(page, late_after) {}
}

/// Writes ticks of the page from the watermark on, each once, and moves the watermark to where they end: to now, unless very many
/// blackouts lie on the way. True: there are more ticks to write, and none that were written may start.
///
/// Ticks younger than `late_after` are on time. Of all that could start, the newest one is written as pending; the
/// others, the ticks that catching up does not reach, and those that fell into a time in which none may run, are written as skipped.
pub(super) fn plan_part(page: &mut Page, late_after: Duration) -> bool {
    let Some(schedule) = page.config().schedule.clone().filter(|_| page.has_ticks()) else { return false };
    let spans = page.spans();
    let end = spans.last().map_or(page.now(), |(_, through, _)| *through);
    let has_more = end < page.now();
    let late_through = if has_more { end } else { page.now() - late_after };
    let mut free = spans.iter().rev().filter(|(.., hindrance)| hindrance.is_none());
    let newest = free.find_map(|(after, through, _)| schedule.latest(*after, *through));
    let fate = if page.is_busy() || has_more {
        Fate::Busy
    } else {
        newest.filter(|newest| may_start(page, *newest, late_through)).map_or(Fate::TooLate, Fate::Starts)
    };
    for (after, through, hindrance) in spans {
        match hindrance {
            Some(reason) => skip(page, &schedule, reason, after, through),
            None => plan_free(page, &schedule, Span { after, late_through, through }, fate),
        }
    }
    page.move_watermark(end);
    has_more
}

/// Writes the ticks in a lane whose replica has no handler for the job: nobody else will ever run them.
pub(super) fn decline(page: &mut Page) {
    let Some(schedule) = page.config().schedule.clone().filter(|_| page.has_ticks()) else { return };
    for (after, through, hindrance) in page.spans() {
        skip(page, &schedule, hindrance.unwrap_or(SkipReason::NoHandler), after, through);
        page.move_watermark(through);
    }
}

/// What becomes of the newest tick that could start.
#[derive(Clone, Copy)]
enum Fate {
    /// A run is live; or they are not the newest, and all are late.
    Busy,
    /// It starts, and is this one.
    Starts(Timestamp),
    /// It is too late for it, or there is none.
    TooLate,
}

/// Ticks to plan, in (`after`, `through`]; up to `late_through` they are late.
#[derive(Clone, Copy)]
struct Span {
    after: Timestamp,
    late_through: Timestamp,
    through: Timestamp,
}

fn may_start(page: &Page, tick: Timestamp, late_through: Timestamp) -> bool {
    // A lane has no catching up: its replica runs what falls due while it lives.
    let catches_up = page.config().policy.catch_up == CatchUp::Latest && page.id().lane.is_none();
    page.now() < page.config().start_deadline(tick) && (tick > late_through || catches_up)
}

/// Plans ticks that nothing keeps from running but each other.
fn plan_free(page: &mut Page, schedule: &Schedule, span: Span, fate: Fate) {
    let Span { after, late_through, through } = span;
    let (rest, before) = match fate {
        Fate::Busy => (SkipReason::Overlap, through),
        Fate::Starts(newest) => (SkipReason::Superseded, through.min(newest - Duration::from_secs(1))),
        Fate::TooLate => (SkipReason::TooLate, through),
    };
    skip(page, schedule, SkipReason::Missed, after, late_through.min(before));
    skip(page, schedule, rest, after.max(late_through), before);
    if let Fate::Starts(newest) = fate
        && after < newest
        && newest <= through
    {
        supersede(page);
        page.record_tick(newest);
    }
}

/// Skips the ticks of `schedule` in (after, through].
fn skip(page: &mut Page, schedule: &Schedule, reason: SkipReason, after: Timestamp, through: Timestamp) {
    if let Some((first, last)) = schedule.next_after(after).zip(schedule.latest(after, through)) {
        page.record_skipped(reason, first, last, schedule.count(after, through));
    }
}

/// A newer tick takes the place of those that still wait.
fn supersede(page: &mut Page) {
    for place in page.pending() {
        if page.row(place).kind == RunKind::Tick {
            page.skip(place, SkipReason::Superseded);
        }
    }
}
