//! Whether foreign timers were told the truth.

use cron_manager::{CronRun, RunId, RunKind, RunState, SkipReason};

use super::{Law, Reading, Violation};
use crate::journal::{Event, Told};

/// A run that was told of ended so; a tick that was said to be somebody's did not come to nothing for want of a caller.
pub(super) fn judge(reading: &Reading) -> Vec<Violation> {
    let answers = reading.lines.iter().filter_map(|line| match &line.event {
        Event::Called { job, told } => Some((line, job, told)),
        _ => None,
    });
    let wrong = answers.filter(|(_, job, told)| !is_true(reading, job, told));
    wrong
        .map(|(line, ..)| Violation { law: Law::Mistold, what: format!("the ledger says otherwise: {line:?}") })
        .collect()
}

fn is_true(reading: &Reading, job: &str, told: &Told) -> bool {
    let run = |id| reading.runs.iter().find(|run| run.id == RunId(id));
    let is_tick = |run: &&CronRun| run.name.as_str() == job && run.kind == RunKind::Tick;
    match told {
        Told::Ran { run: id, state } => *state != RunState::Skipped && run(*id).is_some_and(|run| run.state == *state),
        // Terminal, it stays as it was told.
        Told::Lost { run: id, state } => run(*id).is_some_and(|run| run.state == *state || !state.is_terminal()),
        Told::Skipped { run: id, reason } => {
            run(*id).is_some_and(|run| run.state == RunState::Skipped && run.reason == Some(*reason))
        }
        Told::Taken { due } => {
            let mut rows = reading.runs.iter().filter(is_tick);
            let row = rows.find(|run| (run.due_at..=run.due_through).contains(due));
            row.is_some_and(|run| !matches!(run.reason, Some(SkipReason::Missed | SkipReason::NoHandler)))
        }
        Told::Nothing { .. } => true,
    }
}
