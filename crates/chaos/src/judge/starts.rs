//! How often, and when, handlers were called.

use std::collections::HashSet;

use cron_manager::RunKind;

use super::{Law, Reading, Violation};

/// Nothing starts twice, and nothing before its tick.
pub(super) fn judge(reading: &Reading) -> Vec<Violation> {
    let (mut runs, mut ticks) = (HashSet::new(), HashSet::new());
    let mut violations = Vec::new();
    for (line, act) in reading.starts() {
        let again = !runs.insert(act.run);
        let tick = act.kind == RunKind::Tick;
        if again || tick && !ticks.insert((act.page(), act.due, act.attempt)) {
            violations.push(Violation { law: Law::Duplicate, what: format!("started before: {line:?}") });
        }
        if tick && act.wall < act.due {
            violations.push(Violation { law: Law::Early, what: format!("{} was too early: {line:?}", act.wall) });
        }
    }
    violations
}
