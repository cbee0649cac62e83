//! What became of the lock: an outsider's, and one that nobody could reach.

use std::time::Duration;

use cron_manager::{CronRun, LockPolicy, RunState, SkipReason};

use super::{Law, Reading, Span, Violation};
use crate::{
    jobs::Job,
    journal::{Act, Event, Line, OutsiderEvent, RedisEvent, nanoseconds},
};

/// Nobody intrudes on the outsider or robs it, and nothing is skipped on its account while it was not there.
pub(super) fn judge(reading: &Reading) -> Vec<Violation> {
    let (holds, faults) = (holds(reading), Faults::of(reading));
    let robbed = holds.iter().filter(|hold| hold.robbed);
    let robberies = robbed.map(|hold| Violation { law: Law::Robbery, what: format!("before its time: {hold:?}") });
    let intrusions = reading.starts().filter_map(|(line, act)| {
        let hold = intrusion(reading, &holds, &faults, line, act)?;
        Some(Violation { law: Law::Intrusion, what: format!("{line:?} while the outsider held it: {hold:?}") })
    });
    let skipped = reading.runs.iter().filter(|run| run.state == RunState::Skipped);
    let groundless = skipped.filter(|run| match run.reason {
        Some(SkipReason::LockedElsewhere) => !was_elsewhere(reading, &holds, run),
        Some(SkipReason::LockUnavailable) => !was_unavailable(reading, &faults, run),
        _ => false,
    });
    let groundless =
        groundless.map(|run| Violation { law: Law::Groundless, what: format!("without a cause: {run:?}") });
    robberies.chain(intrusions).chain(groundless).collect()
}

/// One attempt of the outsider at a lock that may have succeeded.
#[derive(Debug)]
struct Hold<'a> {
    job: &'a str,
    /// No sooner and no later than this did it hold it.
    possible: Span,
    /// All this time it held it; empty where that is not known.
    certain: Span,
    /// When the lock runs out, at the earliest.
    runs_out: u64,
    forgotten: bool,
    /// It found the lock gone although nobody but a thief could have ended it.
    robbed: bool,
}

fn holds(reading: &Reading) -> Vec<Hold<'_>> {
    let mut holds = Vec::<Hold<'_>>::new();
    for line in &reading.lines {
        match &line.event {
            Event::Redis(RedisEvent::Flushed | RedisEvent::Down) => {
                for hold in &mut holds {
                    hold.certain.1 = hold.certain.1.min(line.at);
                    hold.forgotten = true;
                }
            }
            Event::Outsider(event) => heed(&mut holds, line.at, event),
            _ => {}
        }
    }
    holds
}

fn heed<'a>(holds: &mut Vec<Hold<'a>>, at: u64, event: &'a OutsiderEvent) {
    use OutsiderEvent::{GivesUp, Holds, Left, LetsGo, Wants};
    let (Wants { job } | Holds { job, .. } | GivesUp { job } | LetsGo { job } | Left { job, .. }) = event;
    if matches!(event, Wants { .. }) {
        let nothing = (u64::MAX, u64::MAX);
        let possible = (at, u64::MAX);
        holds.push(Hold { job, possible, certain: nothing, runs_out: 0, forgotten: false, robbed: false });
    }
    let Some(place) = holds.iter().rposition(|hold| hold.job == job) else { return };
    let hold = &mut holds[place];
    match event {
        Wants { .. } => {}
        Holds { asked, ttl, .. } => {
            (hold.certain, hold.runs_out) = ((at, asked + ttl), asked + ttl);
            (hold.possible.1, hold.forgotten) = (at + ttl, false);
        }
        GivesUp { .. } => drop(holds.remove(place)),
        LetsGo { .. } => hold.certain.1 = hold.certain.1.min(at),
        Left { held, .. } => {
            hold.possible.1 = hold.possible.1.min(at);
            hold.robbed = !held && !hold.forgotten && at < hold.runs_out;
        }
    }
}

/// What kept replicas from locks.
struct Faults {
    /// When Redis forgot what it held.
    forgot: Vec<u64>,
    /// When Redis did not answer.
    away: Vec<Span>,
    /// Which replica was held still, and when.
    still: Vec<(u32, Span)>,
}

impl Faults {
    fn of(reading: &Reading) -> Self {
        let mut faults = Self { forgot: Vec::new(), away: Vec::new(), still: Vec::new() };
        for line in &reading.lines {
            if matches!(line.event, Event::Redis(RedisEvent::Flushed | RedisEvent::Down)) {
                faults.forgot.push(line.at);
            }
            match line.event {
                Event::Redis(RedisEvent::Down | RedisEvent::Paused) => faults.away.push((line.at, u64::MAX)),
                Event::Redis(RedisEvent::Up | RedisEvent::Resumed) => end(faults.away.last_mut(), line.at),
                Event::Paused => faults.still.push((line.process, (line.at, u64::MAX))),
                Event::Resumed | Event::Killed => {
                    let mut still = faults.still.iter_mut().rev();
                    end(still.find(|(process, _)| *process == line.process).map(|(_, span)| span), line.at);
                }
                _ => {}
            }
        }
        faults
    }

    fn was_away(&self, within: Span) -> bool {
        self.away.iter().any(|span| meets(*span, within))
    }

    fn was_still(&self, process: Option<u32>, within: Span) -> bool {
        let mut still = self.still.iter().filter(|(id, _)| process.is_none_or(|process| process == *id));
        still.any(|(_, span)| meets(*span, within))
    }
}

/// The hold of the outsider on which that start intrudes. A start comes within the time limit of the lock after it was asked for; within the
/// lease of the run if its process was held still in between. Who asked before Redis forgot may have had the lock, and who goes on without
/// one may have found Redis away, or its answer late.
fn intrusion<'a>(
    reading: &Reading,
    holds: &'a [Hold<'a>],
    faults: &Faults,
    line: &Line,
    act: &Act,
) -> Option<&'a Hold<'a>> {
    let job = distributed(reading, &act.job).filter(|_| act.lane.is_none())?;
    let before = |length: Duration| (line.at.saturating_sub(nanoseconds(length)), line.at);
    let limit = reading.tuning.lock_timeout;
    let longest = before(limit + Duration::from_secs(job.ttl));
    let was_still = faults.was_still(Some(line.process), longest);
    let asked = if was_still { longest } else { before(limit) };
    let had_it = faults.forgot.iter().any(|at| meets((*at, *at), asked));
    let without = job.lock == LockPolicy::Prefer && (was_still || faults.was_away(asked));
    let within = |hold: &&Hold<'_>| hold.job == act.job && hold.certain.0 < line.at && line.at < hold.certain.1;
    holds.iter().find(within).filter(|_| !had_it && !without)
}

/// Whether the outsider may have held the lock between the tick and the next run of the page.
fn was_elsewhere(reading: &Reading, holds: &[Hold<'_>], run: &CronRun) -> bool {
    let later = reading.starts().filter(|(_, act)| act.page() == run.page_id() && act.fence > run.fence.0);
    let until = later.map(|(line, _)| line.at).min().unwrap_or(u64::MAX);
    let name = run.name.as_str();
    let tried = (reading.at(run.due_at), until);
    holds.iter().any(|hold| hold.job == name && meets(hold.possible, tried))
}

/// Whether the job requires the lock, and one who asked for it between the tick and its start deadline may have had no answer: Redis was
/// away, or a replica was held still.
fn was_unavailable(reading: &Reading, faults: &Faults, run: &CronRun) -> bool {
    let requires = distributed(reading, run.name.as_str()).is_some_and(|job| job.lock == LockPolicy::Require);
    let deadline = reading.at(run.start_deadline) + nanoseconds(reading.tuning.lock_timeout);
    let tried = (reading.at(run.due_at), deadline);
    requires && (faults.was_away(tried) || faults.was_still(None, tried))
}

fn distributed<'a>(reading: &'a Reading, name: &str) -> Option<&'a Job> {
    reading.jobs.iter().find(|job| job.distributed && job.name == name)
}

fn end(span: Option<&mut Span>, at: u64) {
    if let Some((_, end)) = span.filter(|(_, end)| *end == u64::MAX) {
        *end = at;
    }
}

fn meets(a: Span, b: Span) -> bool {
    a.0 <= b.1 && b.0 <= a.1
}
