//! The one line that a run ends with.

use std::fmt;

use cron_manager::{RunKind, RunState, SkipReason};

use crate::{
    journal::{Event, Line, OutsiderEvent, RedisEvent},
    judge::Law,
    world::Verdict,
};

/// What happened in a run, counted, and how often each law was broken.
#[derive(Clone, Debug)]
pub struct Figures(Vec<(&'static str, u64)>);

impl Figures {
    /// Of a run that was judged.
    pub fn of(verdict: &Verdict) -> Self {
        let lines =
            |of: fn(&Event) -> bool| verdict.reading.lines.iter().filter(|line: &&Line| of(&line.event)).count() as u64;
        let runs = |state| verdict.reading.runs.iter().filter(|run| run.state == state).count() as u64;
        let skipped = |reason| {
            let runs = verdict.reading.runs.iter().filter(|run| run.state == RunState::Skipped);
            runs.filter(|run| run.reason == Some(reason)).map(|run| run.count).sum()
        };
        let ticks = verdict.reading.runs.iter().filter(|run| run.kind == RunKind::Tick).map(|run| run.count).sum();
        let mut figures = vec![
            ("ticks", ticks),
            ("starts", lines(|event| matches!(event, Event::Start(_)))),
            ("succeeded", runs(RunState::Succeeded)),
            ("abandoned", runs(RunState::Abandoned)),
            ("kills", lines(|event| matches!(event, Event::Killed))),
            ("pauses", lines(|event| matches!(event, Event::Paused))),
            ("rolls", lines(|event| matches!(event, Event::Told))),
            ("restarts", lines(|event| matches!(event, Event::Up))),
            ("flushes", lines(|event| matches!(event, Event::Redis(RedisEvent::Flushed)))),
            ("redis_restarts", lines(|event| matches!(event, Event::Redis(RedisEvent::Up)))),
            ("redis_pauses", lines(|event| matches!(event, Event::Redis(RedisEvent::Paused)))),
            ("holds", lines(|event| matches!(event, Event::Outsider(OutsiderEvent::Holds { .. })))),
            ("locked_elsewhere", skipped(SkipReason::LockedElsewhere)),
            ("lock_unavailable", skipped(SkipReason::LockUnavailable)),
            ("calls", lines(|event| matches!(event, Event::Called { .. }))),
            ("edits", lines(|event| matches!(event, Event::Edited { .. }))),
            ("torn", verdict.torn as u64),
        ];
        let broken = |law| verdict.violations.iter().filter(|violation| violation.law == law).count() as u64;
        figures.extend(Law::ALL.iter().map(|law| (law.word(), broken(*law))));
        Self(figures)
    }

    /// One of them; none of that name: 0.
    pub fn get(&self, name: &str) -> u64 {
        self.0.iter().find(|(known, _)| *known == name).map_or(0, |(_, value)| *value)
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: Vec<_> = self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        f.write_str(&texts.join(" "))
    }
}
