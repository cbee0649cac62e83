//! Judges calendars: a tick that falls into a blackout of a calendar, as that stands when the tick is planned, is recorded as such, and no
//! other one is.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use cron_manager::{
    Calendar, CalendarName, CronConfig, CronConfigId, CronRun, RunId, RunKind, RunState, SkipReason,
    domain::{Blackouts, ledger::Page},
};

/// Each calendar as it stands, and which ones each version of each config names.
#[derive(Default)]
pub(crate) struct Calendars {
    all: HashMap<CalendarName, Calendar>,
    named: HashMap<(CronConfigId, i64), Vec<CalendarName>>,
}

impl Calendars {
    /// A calendar was created or changed.
    pub(crate) fn changed(&mut self, calendar: &Calendar) {
        self.all.insert(calendar.name.clone(), calendar.clone());
    }

    /// A config was created or edited.
    pub(crate) fn config(&mut self, config: &CronConfig) {
        self.named.insert((config.id, config.version), config.policy.calendars.clone());
    }

    /// A page was written over the rows that were known `before`. What is wrong with a tick that it plans, if anything.
    pub(crate) fn page(&mut self, page: &Page, before: &BTreeMap<RunId, CronRun>) -> Option<String> {
        self.config(page.config());
        let ticks = page.runs().filter(|run| run.kind == RunKind::Tick && run.attempt == 1);
        ticks.filter_map(|run| self.judge(run, before.get(&run.id))).next()
    }

    fn judge(&self, run: &CronRun, before: Option<&CronRun>) -> Option<String> {
        let since = before.map_or(run.due_at - Duration::from_secs(1), |before| before.due_through);
        if since == run.due_through {
            return None;
        }
        let names = self.named.get(&(run.config_id, run.config_version))?;
        let calendars = names.iter().filter_map(|name| self.all.get(name));
        let blackouts = Blackouts::between(calendars, since, run.due_through);
        // Where a row grew, its first new tick is not known here.
        let first = blackouts.hold(if before.is_none() { run.due_at } else { run.due_through });
        let falls = [first, blackouts.hold(run.due_through)];
        let skipped = run.reason.filter(|_| run.state == RunState::Skipped);
        let what = format!("{} of {} due at {} to {}", run.id, run.name, run.due_at, run.due_through);
        // These come before it.
        let others = [SkipReason::SwitchedOff, SkipReason::Disabled, SkipReason::Paused];
        match skipped {
            Some(SkipReason::Blackout) if falls != [true; 2] => {
                Some(format!("{what} was skipped for a blackout that there was not"))
            }
            Some(SkipReason::Blackout) => None,
            Some(reason) if others.contains(&reason) => None,
            _ if falls != [false; 2] => {
                Some(format!("{what} fell into a blackout, and is {} for {:?}", run.state, run.reason))
            }
            _ => None,
        }
    }
}
