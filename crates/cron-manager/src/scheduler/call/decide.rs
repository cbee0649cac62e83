//! Which run a call is for, decided on a locked page.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;

use super::{
    super::{claim::expire, plan::plan},
    Refusal,
};
use crate::{
    Handler, JobName, JobType, RunKind, Schedule, SkipReason,
    domain::ledger::{Claimant, Page},
};

/// How far a call may come before its tick, at the most.
const EARLY: SignedDuration = SignedDuration::from_secs(1);

/// Who calls for a run of what.
pub(super) struct Call {
    pub(super) name: JobName,
    pub(super) handler: Arc<dyn Handler>,
    /// Of its run, where there is no schedule.
    pub(super) request_id: String,
    /// When the row is due that it has started or waits for.
    pub(super) row: Mutex<Option<Timestamp>>,
}

/// What one transaction decided about a call.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Decision {
    Started,
    /// Nothing before `until`, by the store's clock; then the row that is due at `row`, if there is one already.
    Wait {
        until: Timestamp,
        row: Option<Timestamp>,
    },
    /// The row that the call waited for waits no more.
    Over(Timestamp),
    Refused(Refusal),
    /// The config, or this replica, is no longer as it was known here.
    Changed,
}

/// Starts the run that a call is for, if there is one and it may start.
pub(super) fn decide(page: &mut Page, call: &Call, claimant: Claimant, late_after: Duration) -> Decision {
    let config = page.config();
    let is_known = config.name == call.name
        && config.external
        && config.job_type == JobType::Inline
        && config.deleted_at.is_none();
    if !is_known || config.is_distributed() != page.id().lane.is_none() || !page.place().open {
        return Decision::Changed;
    }
    expire(page, SkipReason::Missed);
    plan(page, late_after);
    let config = page.config();
    match config.schedule.clone() {
        _ if page.is_switched_off() => Decision::Refused(Refusal::SwitchedOff),
        _ if !config.enabled => Decision::Refused(Refusal::Disabled),
        _ if config.is_paused(page.now()) => Decision::Refused(Refusal::Paused),
        Some(schedule) => start_tick(page, &schedule, call, claimant),
        None => start_without_schedule(page, call, claimant),
    }
}

/// The tick of a call is the nearest one, when that is ahead by no more than a second and half the interval; else the one that waits, if
/// nobody called for it yet.
fn start_tick(page: &mut Page, schedule: &Schedule, call: &Call, claimant: Claimant) -> Decision {
    let ticks = |page: &Page| {
        page.pending().into_iter().filter(|place| page.row(*place).kind == RunKind::Tick).collect::<Vec<_>>()
    };
    // A call has one tick: it does not go on to the next when that one comes to nothing.
    if let Some(due_at) = *call.row.lock() {
        let own = ticks(page).into_iter().find(|place| page.row(*place).due_at == due_at);
        return own.map_or(Decision::Over(due_at), |place| start(page, place, claimant));
    }
    let now = page.now();
    let (latest, next) = (schedule.latest(page.config().created_at, now), schedule.next_after(now));
    let since = latest.map_or(SignedDuration::MAX, |latest| now.duration_since(latest));
    let ahead = next.map_or(SignedDuration::MAX, |next| next.duration_since(now));
    let window = EARLY.min(since.saturating_add(ahead) / 2);
    if let Some(next) = next.filter(|_| ahead <= window && ahead < since) {
        return Decision::Wait { until: next, row: None };
    }
    // The newest, which an edit may have kept from an older schedule.
    if let Some(place) = ticks(page).pop() {
        return start(page, place, claimant);
    }
    match latest {
        Some(due_at) if since <= window && page.is_blacked_out(due_at) => Decision::Refused(Refusal::Blackout),
        Some(due_at) if since <= window => Decision::Refused(Refusal::Taken { due_at }),
        _ => Decision::Refused(Refusal::NoTick { next }),
    }
}

fn start(page: &mut Page, place: usize, claimant: Claimant) -> Decision {
    let (start_after, due_at) = (page.row(place).start_after, page.row(place).due_at);
    if start_after > page.now() {
        Decision::Wait { until: start_after, row: Some(due_at) }
    } else if page.start(place, claimant) {
        Decision::Started
    } else {
        Decision::Refused(Refusal::Overlap)
    }
}

/// A run of its own, which is recorded once it may start.
fn start_without_schedule(page: &mut Page, call: &Call, claimant: Claimant) -> Decision {
    let is_mine = |place: &usize| page.row(*place).request_id.as_ref() == Some(&call.request_id);
    if let Some(place) = page.pending().into_iter().find(is_mine) {
        return start(page, place, claimant);
    }
    if let Some(due_at) = *call.row.lock() {
        return Decision::Over(due_at);
    }
    if page.is_blacked_out(page.now()) {
        return Decision::Refused(Refusal::Blackout);
    }
    if page.is_busy() {
        return Decision::Refused(Refusal::Overlap);
    }
    let (now, min_gap) = (page.now(), page.config().policy.min_gap);
    if let Some(last) = page.place().started_at.filter(|last| now.duration_since(*last).unsigned_abs() < min_gap) {
        return Decision::Refused(Refusal::TooSoon { last });
    }
    let place = page.record_manual(call.request_id.clone());
    start(page, place, claimant)
}
