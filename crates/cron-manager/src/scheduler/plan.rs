//! Plan: give every tick since the watermark its row.

use std::time::Duration;

use jiff::Timestamp;

use crate::{CatchUp, RunKind, Schedule, SkipReason, domain::ledger::Page};

/// Writes each tick of the page in (watermark, now] once and moves the watermark to now.
///
/// Ticks younger than `late_after` are on time. Of all that could start, the newest one is written as pending; the
/// others, and the ticks that catching up does not reach, are written as skipped.
pub(super) fn plan(page: &mut Page, late_after: Duration) {
    let config = page.config();
    let Some(schedule) = config.schedule.clone().filter(|_| page.has_ticks()) else { return };
    let span = Span { from: page.watermark(), late_through: page.now() - late_after, through: page.now() };
    if !config.enabled {
        skip(page, &schedule, SkipReason::Disabled, span.from, span.through);
    } else if page.is_busy() {
        skip(page, &schedule, SkipReason::Missed, span.from, span.late_through);
        skip(page, &schedule, SkipReason::Overlap, span.on_time_from(), span.through);
    } else {
        plan_free(page, &schedule, span);
    }
    page.move_watermark(span.through);
}

/// Writes the ticks in a lane whose replica has no handler for the job: nobody else will ever run them.
pub(super) fn decline(page: &mut Page) {
    let config = page.config();
    let Some(schedule) = config.schedule.clone().filter(|_| page.has_ticks()) else { return };
    let reason = if config.enabled { SkipReason::NoHandler } else { SkipReason::Disabled };
    let now = page.now();
    skip(page, &schedule, reason, page.watermark(), now);
    page.move_watermark(now);
}

/// The ticks to plan: late ones in (from, `late_through`], those on time up to `through`.
#[derive(Clone, Copy)]
struct Span {
    from: Timestamp,
    late_through: Timestamp,
    through: Timestamp,
}

impl Span {
    fn on_time_from(&self) -> Timestamp {
        self.from.max(self.late_through)
    }
}

/// Plans for a config that may start a run now.
fn plan_free(page: &mut Page, schedule: &Schedule, span: Span) {
    let Some(newest) = schedule.latest(span.from, span.through) else { return };
    let on_time = newest > span.late_through;
    let may_start = page.now() < page.config().start_deadline(newest);
    // A lane has no catching up: its replica runs what falls due while it lives.
    let catches_up = page.config().policy.catch_up == CatchUp::Latest && page.id().lane.is_none();
    let starts = may_start && (on_time || catches_up);
    let before = if starts { newest - Duration::from_secs(1) } else { span.through };
    skip(page, schedule, SkipReason::Missed, span.from, span.late_through.min(before));
    let rest = if starts { SkipReason::Superseded } else { SkipReason::TooLate };
    skip(page, schedule, rest, span.on_time_from(), before);
    if starts {
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
