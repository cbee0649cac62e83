//! Span: what a run's events fall into, under the names that OpenTelemetry gives such fields.

use tracing::{
    Span,
    field::{Empty, display},
};

use crate::{CronRun, Outcome, ReplicaId, TraceParent};

/// The span of a claimed run. `tracing` knows no links: the trace in which the run was asked for is told in fields.
pub(super) fn of(run: &CronRun, replica_id: ReplicaId) -> Span {
    let (asked_in, own) = (run.traceparent, run.own_trace());
    tracing::info_span!(
        "cron_run",
        otel.name = %format_args!("cron_run {}", run.name),
        otel.kind = "internal",
        otel.status_code = Empty,
        job = %run.name,
        run_id = %run.id,
        due_at = %run.due_at,
        attempt = run.attempt,
        %replica_id,
        fence = %run.fence,
        kind = %run.kind,
        trace_id = %own.trace_id(),
        span_id = %own.span_id(),
        link.trace_id = asked_in.map(TraceParent::trace_id),
        link.span_id = asked_in.map(TraceParent::span_id),
        outcome = Empty,
        error.type = Empty,
        error.message = Empty,
    )
}

/// Tells how the run ended; nothing is known of one whose hold was lost.
pub(super) fn record(span: &Span, outcome: Option<&Outcome>) {
    let word = outcome.map_or("hold_lost", |outcome| outcome.state.as_str());
    span.record("outcome", word);
    if outcome.is_none_or(|outcome| outcome.error.is_some()) {
        span.record("otel.status_code", "ERROR").record("error.type", word);
    }
    if let Some(error) = outcome.and_then(|outcome| outcome.error.as_ref()) {
        span.record("error.message", display(error));
    }
}
