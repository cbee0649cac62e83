//! What a caller is shown.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::etag;
use crate::{CronConfig, CronRun, RunState, Schedule, domain::schedule::ScheduleKind};

/// A config as JSON.
pub(crate) fn show_config(config: &CronConfig) -> Value {
    let schedule = config.schedule.as_ref().map(show_schedule).unwrap_or_default();
    let policy = &config.policy;
    compact(json!({
        "id": config.id,
        "name": config.name.as_str(),
        "enabled": config.enabled,
        "context": config.context.to_value(),
        "cronExpression": schedule["cronExpression"],
        "timezone": schedule["timezone"],
        "dstGap": schedule["dstGap"],
        "every": schedule["every"],
        "at": schedule["at"],
        "description": config.schedule.as_ref().map(Schedule::describe),
        "external": config.external,
        "catchUp": policy.catch_up,
        "overlap": policy.overlap,
        "onAbandoned": policy.on_abandoned,
        "startDeadline": policy.start_deadline.map(duration),
        "timeout": policy.timeout.map(duration),
        "jitter": policy.jitter.map(duration),
        "lock": policy.lock,
        "lockAtLeastFor": policy.lock_at_least_for.map(duration),
        "minGap": duration(policy.min_gap),
        "createdAt": time(config.created_at),
        "updatedAt": time(config.updated_at),
        "deletedAt": config.deleted_at.map(time),
        "etag": etag(config.version),
    }))
}

fn show_schedule(schedule: &Schedule) -> Value {
    match schedule.kind() {
        ScheduleKind::Cron { expression, zone, gap } => {
            json!({"cronExpression": expression.to_string(), "timezone": zone.name(), "dstGap": gap})
        }
        ScheduleKind::Every(interval) => json!({"every": duration(interval)}),
        ScheduleKind::At(instant) => json!({"at": time(instant)}),
    }
}

/// A run as JSON: a `CronJob`, as the original library calls it.
pub(crate) fn show_run(run: &CronRun) -> Value {
    let succeeded = run.state == RunState::Succeeded;
    let several = run.count > 1;
    compact(json!({
        "id": run.id.to_string(),
        "configId": run.config_id,
        "name": run.name.as_str(),
        "kind": run.kind,
        "dueAt": time(run.due_at),
        "dueThrough": several.then(|| time(run.due_through)),
        "count": several.then_some(run.count),
        "attempt": run.attempt,
        "state": run.state,
        "reason": run.reason,
        "replicaId": run.replica_id.map(|id| id.to_string()),
        "fence": (run.fence.0 > 0).then(|| run.fence.to_string()),
        "createdAt": time(run.created_at),
        "startedAt": run.started_at.map(time),
        "completedAt": run.finished_at.filter(|_| succeeded).map(time),
        "failedAt": run.finished_at.filter(|_| !succeeded).map(time),
        "result": run.result.as_deref().map(show_result),
        "error": run.error,
        "truncated": run.truncated,
        "idempotencyKey": run.idempotency_key(),
    }))
}

/// A result is JSON text; one that was damaged is shown as it is.
fn show_result(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| text.into())
}

/// Without the fields that have no value.
fn compact(mut object: Value) -> Value {
    if let Value::Object(fields) = &mut object {
        fields.retain(|_, value| !value.is_null());
    }
    object
}

/// Seconds with an `s`.
pub(crate) fn duration(duration: Duration) -> String {
    let (seconds, nanos) = (duration.as_secs(), duration.subsec_nanos());
    match digits(nanos) {
        0 => format!("{seconds}s"),
        digits => format!("{seconds}.{}s", &format!("{nanos:09}")[..digits]),
    }
}

/// RFC 3339 with a Z.
fn time(instant: Timestamp) -> String {
    match digits(instant.subsec_nanosecond().unsigned_abs()) {
        0 => instant.to_string(),
        digits => format!("{instant:.digits$}"),
    }
}

/// proto3 JSON writes a fraction of a second with 0, 3, 6 or 9 digits, as many as it takes.
fn digits(nanos: u32) -> usize {
    match nanos {
        0 => 0,
        _ if nanos.is_multiple_of(1_000_000) => 3,
        _ if nanos.is_multiple_of(1_000) => 6,
        _ => 9,
    }
}
