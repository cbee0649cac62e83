//! Whether the ledger says what was done.

use std::collections::{HashMap, HashSet};

use cron_manager::{CronRun, RunState};

use super::{Law, Reading, Violation};
use crate::journal::Act;

/// The accounts add up; each start has its row; each success was done; each row has come to rest.
pub(super) fn judge(reading: &Reading) -> Vec<Violation> {
    let unexplained = |what| Violation { law: Law::Unexplained, what };
    let unfinished = |run: &CronRun| Violation {
        law: Law::Unfinished,
        what: format!("run {} of {} is {}: {run:?}", run.id, run.name, run.state),
    };
    let accounts = reading.accounts.iter().filter(|account| !account.imbalances().is_empty());
    let accounts = accounts.map(|account| {
        let (name, page) = (&account.name, account.page_id);
        unexplained(format!("{name} {page:?} does not add up: {:?}", account.imbalances()))
    });
    let open = reading.runs.iter().filter(|run| !run.state.is_terminal()).map(unfinished);
    let told = starts_without_row(reading).into_iter().chain(successes_not_done(reading)).map(unexplained);
    accounts.chain(open).chain(told).collect()
}

fn starts_without_row(reading: &Reading) -> Vec<String> {
    let rows: HashMap<_, _> = reading.runs.iter().map(|run| (run.id, run)).collect();
    let explains = |run: &CronRun, act: &Act| {
        !matches!(run.state, RunState::Pending | RunState::Skipped)
            && run.fence == act.fence()
            && run.page_id() == act.page()
            && run.due_at == act.due
            && run.replica_id.is_some_and(|id| id.0 == act.replica)
    };
    let unexplained =
        reading.starts().filter(|(_, act)| !rows.get(&act.run_id()).is_some_and(|run| explains(run, act)));
    unexplained.map(|(line, act)| format!("no row explains {line:?}: {:?}", rows.get(&act.run_id()))).collect()
}

fn successes_not_done(reading: &Reading) -> Vec<String> {
    let done = |act: &Act| (act.run, act.fence, act.replica);
    let starts: HashSet<_> = reading.starts().map(|(_, act)| done(act)).collect();
    let ends: HashSet<_> = reading.ends().map(|(_, act)| done(act)).collect();
    let was_done = |run: &CronRun| {
        let key = (run.id.0, run.fence.0, run.replica_id.map_or(0, |id| id.0));
        starts.contains(&key) && ends.contains(&key)
    };
    let succeeded = reading.runs.iter().filter(|run| run.state == RunState::Succeeded);
    succeeded.filter(|run| !was_done(run)).map(|run| format!("it did not succeed: {run:?}")).collect()
}
