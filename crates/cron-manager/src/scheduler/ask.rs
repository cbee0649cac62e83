//! Ask: runs that somebody wants outside the schedule, or no longer wants.

use jiff::Timestamp;

use serde_json::Value;

use super::edit::check_active;
use crate::{
    Context, CronRun, Difference, Error, ErrorKind, Result, RunId, RunKind, RunState, SkipReason, TraceParent,
    domain::ledger::Page,
};

/// Asks for a run now, maybe with a context of its own, and in a trace of the caller's.
pub fn trigger(
    page: &mut Page,
    request_id: String,
    context: Option<Context>,
    asked_in: Option<TraceParent>,
) -> Result<()> {
    check_active(page)?;
    page.note("trigger", Difference::of("requestId", Value::Null, &*request_id));
    let place = page.record_manual(request_id);
    if let Some(asked_in) = asked_in {
        page.trace(place, asked_in);
    }
    if let Some(context) = context {
        page.give_context(place, context);
    }
    Ok(())
}

/// Asks for `of`, which has ended, once more: as `attempt` of its tick on its page, if that still has ticks; else on the service's page.
pub fn retry(pages: &mut [Page], of: &CronRun, attempt: u32, request_id: String) -> Result<()> {
    let repeats = |run: &CronRun| {
        let same_tick = of.kind == RunKind::Tick && run.kind == RunKind::Tick && run.page_id() == of.page_id();
        !run.state.is_terminal() && (run.retry_of == Some(of.id) || same_tick && run.due_at == of.due_at)
    };
    if let Some(live) = pages.iter().flat_map(Page::runs).find(|run| repeats(run)) {
        let message = format!("run {} repeats run {} already, and is {}", live.id, of.id, live.state);
        return Err(Error::new(ErrorKind::FailedPrecondition, message));
    }
    let own = |page: &Page| of.kind == RunKind::Tick && page.id() == of.page_id() && page.has_ticks();
    let place = pages.iter().position(own).unwrap_or(0);
    let Some(page) = pages.get_mut(place) else { return Ok(()) };
    check_active(page)?;
    page.note("retry", Difference::of("runId", Value::Null, of.id.0));
    page.record_retry(of, attempt, request_id);
    Ok(())
}

/// Asks for a run of each of `ticks`, which lie in the past.
pub fn backfill(page: &mut Page, ticks: &[Timestamp], request_id: impl Fn(Timestamp) -> String) -> Result<()> {
    check_active(page)?;
    if ticks.last().is_some_and(|last| *last > page.now()) {
        let message = format!("what is made up for lies in the past, and now is {}", page.now());
        return Err(Error::invalid("to", message));
    }
    if let (Some(first), Some(last)) = (ticks.first(), ticks.last()) {
        let span = Difference::of("from", Value::Null, first.to_string()).and("through", Value::Null, last.to_string());
        page.note("backfill", span.and("count", Value::Null, ticks.len()));
    }
    for tick in ticks {
        page.record_backfill(*tick, request_id(*tick));
    }
    Ok(())
}

/// Skips a run that waits, or asks for one that runs to be stopped.
pub fn cancel(page: &mut Page, id: RunId) -> Result<()> {
    let waits = page.pending().into_iter().find(|place| page.row(*place).id == id);
    if let Some(place) = waits {
        page.note("cancel", Difference::of("runId", Value::Null, id.0));
        page.skip(place, SkipReason::Cancelled);
        return Ok(());
    }
    let runs = page.runs().find(|run| run.id == id && run.state == RunState::Running).and_then(CronRun::hold);
    if runs.is_some_and(|hold| page.cancel(hold)) {
        page.note("cancel", Difference::of("runId", Value::Null, id.0));
        return Ok(());
    }
    Err(Error::new(ErrorKind::FailedPrecondition, format!("run {id} has ended; there is nothing to cancel")))
}
