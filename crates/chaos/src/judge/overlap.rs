//! What runs of one page did, in which order.

use std::collections::HashMap;

use cron_manager::{CronRun, PageId, RunState};

use super::{Law, Reading, Violation};
use crate::journal::Event;

/// Nothing is done under an older fence after a start under a newer one; least of all a success. All configs here are exclusive.
pub(super) fn judge(reading: &Reading) -> Vec<Violation> {
    let mut newest: HashMap<PageId, i64> = HashMap::new();
    let mut violations = Vec::new();
    for (line, act) in reading.acts() {
        let newest = newest.entry(act.page()).or_default();
        if act.fence < *newest {
            violations
                .push(Violation { law: Law::Overlap, what: format!("after a start under fence {newest}: {line:?}") });
        } else if matches!(line.event, Event::Start(_)) {
            *newest = act.fence;
        }
    }
    violations.extend(late_finishes(reading));
    violations
}

/// Successes whose end came after a later start.
fn late_finishes(reading: &Reading) -> Vec<Violation> {
    let ends: HashMap<_, _> = reading.ends().map(|(line, act)| ((act.run, act.fence), line.at)).collect();
    let mut starts: HashMap<PageId, Vec<(i64, u64)>> = HashMap::new();
    for (line, act) in reading.starts() {
        starts.entry(act.page()).or_default().push((act.fence, line.at));
    }
    let is_late = |run: &&CronRun| {
        let end = ends.get(&(run.id.0, run.fence.0));
        let later = starts.get(&run.page_id()).into_iter().flatten().filter(|(fence, _)| *fence > run.fence.0);
        run.state == RunState::Succeeded && end.is_some_and(|end| later.clone().any(|(_, start)| start < end))
    };
    let late = reading.runs.iter().filter(is_late);
    let what = |run: &CronRun| format!("run {} of {} under fence {}", run.id, run.name, run.fence);
    late.map(|run| Violation { law: Law::LateFinish, what: what(run) }).collect()
}
