//! What changes of a zone's clock do to a schedule, in plain English.

use std::time::Duration;

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

use super::{DstGap, Schedule, ScheduleKind};

/// How far ahead changes of the clock are looked for: a bit more than a year, so that each kind comes up.
const AHEAD: Duration = Duration::from_secs(400 * 86_400);

const SECOND: Duration = Duration::from_secs(1);

/// A change of a zone's clock.
struct Change {
    at: Timestamp,
    /// What the clock showed just before, and what it shows from then on.
    before: DateTime,
    after: DateTime,
    /// How far it jumps forward; negative when it goes back.
    jump: i64,
}

/// A note on each change after `now` at which the schedule is due.
pub(super) fn notes(kind: ScheduleKind<'_>, now: Timestamp) -> Vec<String> {
    let ScheduleKind::Cron { expression, zone, gap } = kind else { return Vec::new() };
    let rules = [DstGap::RunAfter, DstGap::Skip].map(|gap| Schedule::from_parts(expression.clone(), zone.clone(), gap));
    changes(zone.as_jiff(), now).filter_map(|change| change.note(gap, &rules)).collect()
}

fn changes(zone: &TimeZone, now: Timestamp) -> impl Iterator<Item = Change> {
    let end = now.saturating_add(AHEAD).unwrap_or(Timestamp::MAX);
    let instants: Vec<Timestamp> =
        zone.following(now).map(|change| change.timestamp()).take_while(|at| *at < end).collect();
    instants.into_iter().filter_map(|at| {
        let [old, new] = [at - SECOND, at].map(|instant| zone.to_offset(instant));
        let jump = i64::from(new.seconds() - old.seconds());
        (jump != 0).then(|| Change { at, before: old.to_datetime(at), after: new.to_datetime(at), jump })
    })
}

impl Change {
    /// What it does to a schedule under the rule `gap`, which is given under both rules; `None` when the schedule is not due then.
    fn note(&self, gap: DstGap, [run_after, skip]: &[Schedule; 2]) -> Option<String> {
        let due = |from: Timestamp, to: Timestamp| run_after.count(from - SECOND, to - SECOND) > 0;
        let length = Duration::from_secs(self.jump.unsigned_abs());
        let (day, from, to) =
            (self.before.strftime("%-d %B %Y"), self.before.strftime("%H:%M"), self.after.strftime("%H:%M"));
        if self.jump > 0 {
            let makes_up = run_after.next_after(self.at - SECOND) == Some(self.at)
                && skip.next_after(self.at - SECOND) != Some(self.at);
            let runs = match gap {
                DstGap::RunAfter => format!("run once, together, at {to} (with the gap rule `skip`: not at all)"),
                DstGap::Skip => format!("do not run (with the gap rule `run_after`: once, together, at {to})"),
            };
            return makes_up.then(|| format!("On {day} the clock jumps from {from} to {to}: times in between {runs}."));
        }
        let first_pass = due(self.at - length, self.at);
        let second_pass = due(self.at, self.at + length);
        let runs = match (first_pass, second_pass) {
            (true, true) => "in both passes",
            (true, false) => "the first time only",
            _ => return None,
        };
        Some(format!("On {day} the clock goes back from {from} to {to}: what is due in between runs {runs}."))
    }
}
