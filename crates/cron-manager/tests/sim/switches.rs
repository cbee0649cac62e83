//! Judges the switch of the whole service and the pauses of configs: what falls into them does not run.

use std::collections::HashMap;

use cron_manager::{
    Control, CronConfigId, CronRun, Pause, RunKind, RunState, SkipReason,
    domain::{SwitchedOff, ledger::Page},
};
use jiff::Timestamp;

/// When jobs were switched off, and the pause of each version of each config.
#[derive(Default)]
pub(crate) struct Switches {
    off: Vec<SwitchedOff>,
    pauses: HashMap<(CronConfigId, i64), Pause>,
}

impl Switches {
    /// The control record was changed.
    pub(crate) fn control(&mut self, control: &Control) {
        let Some(now) = control.updated_at else { return };
        match self.off.last_mut().filter(|off| off.until.is_none()) {
            Some(off) if control.enabled => off.until = Some(now),
            None if !control.enabled => self.off.push(SwitchedOff { since: now, until: None }),
            _ => {}
        }
    }

    /// A page was written. What is wrong with its claims, if anything.
    pub(crate) fn page(&mut self, page: &Page) -> Option<String> {
        let config = page.config();
        if let Some(pause) = &config.paused {
            self.pauses.insert((config.id, config.version), pause.clone());
        }
        let claimed = |run: &&CronRun| run.state == RunState::Running && run.started_at == Some(page.now());
        let run = page.runs().find(claimed)?;
        let may_not = self.is_off(page.now()) || config.is_paused(page.now());
        may_not.then(|| format!("run {} of {} was claimed while it may not run", run.id, run.name))
    }

    /// What is wrong with a row, in the end.
    pub(crate) fn judge(&self, run: &CronRun) -> Option<String> {
        let skipped = run.reason.filter(|_| run.state == RunState::Skipped);
        let what = format!("{} of {} due at {}", run.id, run.name, run.due_at);
        let is_tick = run.kind == RunKind::Tick && run.attempt == 1;
        let all = |holds: &dyn Fn(Timestamp) -> bool| holds(run.due_at) && holds(run.due_through);
        let any = |holds: &dyn Fn(Timestamp) -> bool| holds(run.due_at) || holds(run.due_through);
        let off = |at| self.fell(at);
        // The first tick may have waited, and the others have joined it.
        let by_deadline = self.fell(run.start_deadline) && (run.count == 1 || off(run.due_through));
        if skipped == Some(SkipReason::SwitchedOff) && !all(&off) && !by_deadline {
            return Some(format!("{what} was skipped for a switch that was on"));
        }
        if is_tick && any(&off) && skipped != Some(SkipReason::SwitchedOff) {
            return Some(format!("{what} fell due while jobs were switched off, and is {}", run.state));
        }
        let pause = self.pauses.get(&(run.config_id, run.config_version)).filter(|_| is_tick)?;
        let over = [SkipReason::Paused, SkipReason::SwitchedOff, SkipReason::Disabled];
        let ran = any(&|at| pause.holds(at)) && !skipped.is_some_and(|reason| over.contains(&reason));
        ran.then(|| format!("{what} fell into a pause, and is {}", run.state))
    }

    /// Whether a tick at `instant` fell into a time in which jobs were switched off.
    fn fell(&self, instant: Timestamp) -> bool {
        self.off.iter().any(|off| off.holds(instant))
    }

    /// Whether jobs were switched off at `instant`, to a claim that was made then.
    fn is_off(&self, instant: Timestamp) -> bool {
        self.off.iter().any(|off| off.since < instant && off.until.is_none_or(|until| instant < until))
    }
}
