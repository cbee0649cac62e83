//! The laws, judged from what processes did (the journal) and what the service says of it (the ledger).

mod calls;
mod locks;
mod overlap;
mod rescue;
mod rows;
mod starts;
#[cfg(test)]
mod tests;

use std::{fmt, time::Duration};

use cron_manager::{CronRun, domain::ledger::Account, scheduler::Tuning};
use jiff::Timestamp;

use crate::{
    jobs::Job,
    journal::{Act, Event, Line, nanoseconds},
};

/// From when until when; in nanoseconds, as lines have it.
type Span = (u64, u64);

/// Everything that is judged.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The journal, in the order of its times.
    pub lines: Vec<Line>,
    /// All rows of the ledger.
    pub runs: Vec<CronRun>,
    /// All pages of the ledger.
    pub accounts: Vec<Account>,
    /// The jobs of the replicas.
    pub jobs: Vec<Job>,
    /// When the ledger was read, as lines have it.
    pub read_at: Duration,
    /// The same instant on the wall clock, which the database shares.
    pub wall: Timestamp,
    /// The lengths that replicas work by.
    pub tuning: Tuning,
}

/// A law that was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Law {
    /// I1: at most one start per run, and per tick of a page and attempt.
    Duplicate,
    /// I5: no start before the tick.
    Early,
    /// I2: nothing under an older fence after a start under a newer one of the same page.
    Overlap,
    /// I6: no run succeeded that ended after a later one of its page had started.
    LateFinish,
    /// I4: the rows cover every tick once, and say what was done.
    Unexplained,
    /// I3: what a dead replica ran is terminal soon.
    LateRow,
    /// Every row comes to rest.
    Unfinished,
    /// I4: watermarks do not stand still.
    StandsStill,
    /// A replica ends when it is told to, and not before.
    Died,
    /// While an outsider holds the lock of a job, no handler of it begins.
    Intrusion,
    /// The lock of an outsider is its own until it lets go.
    Robbery,
    /// I9, I11: nothing is skipped for reasons of the lock but what an outsider held, or what requires a lock of a Redis that was away.
    Groundless,
    /// What a foreign timer was told is what the ledger says.
    Mistold,
}

impl Law {
    /// All laws.
    pub const ALL: &[Self] = &[
        Self::Duplicate,
        Self::Early,
        Self::Overlap,
        Self::LateFinish,
        Self::Unexplained,
        Self::LateRow,
        Self::Unfinished,
        Self::StandsStill,
        Self::Died,
        Self::Intrusion,
        Self::Robbery,
        Self::Groundless,
        Self::Mistold,
    ];

    /// The word in the line of figures.
    pub fn word(self) -> &'static str {
        match self {
            Self::Duplicate => "duplicates",
            Self::Early => "early",
            Self::Overlap => "overlaps",
            Self::LateFinish => "late_finishes",
            Self::Unexplained => "unexplained",
            Self::LateRow => "late_rows",
            Self::Unfinished => "unfinished",
            Self::StandsStill => "standing_still",
            Self::Died => "died",
            Self::Intrusion => "intrusions",
            Self::Robbery => "robberies",
            Self::Groundless => "groundless",
            Self::Mistold => "mistold",
        }
    }
}

/// A law that was broken, and how.
#[derive(Clone, Debug)]
pub struct Violation {
    /// Which.
    pub law: Law,
    /// How.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.law.word(), self.what)
    }
}

/// All violations.
pub fn judge(reading: &Reading) -> Vec<Violation> {
    let laws = [starts::judge, overlap::judge, rows::judge, rescue::judge, locks::judge, calls::judge];
    laws.iter().flat_map(|judge| judge(reading)).collect()
}

impl Reading {
    /// An instant of the wall clock, as lines have it.
    fn at(&self, wall: Timestamp) -> u64 {
        let ago = Duration::try_from(self.wall - wall).unwrap_or_default();
        nanoseconds(self.read_at.saturating_sub(ago))
    }

    /// What handlers did.
    fn acts(&self) -> impl Iterator<Item = (&Line, &Act)> {
        self.lines.iter().filter_map(|line| match &line.event {
            Event::Start(act) | Event::Step(act) | Event::End(act) => Some((line, act)),
            _ => None,
        })
    }

    /// The calls of handlers.
    fn starts(&self) -> impl Iterator<Item = (&Line, &Act)> {
        self.acts().filter(|(line, _)| matches!(line.event, Event::Start(_)))
    }

    /// The returns of handlers.
    fn ends(&self) -> impl Iterator<Item = (&Line, &Act)> {
        self.acts().filter(|(line, _)| matches!(line.event, Event::End(_)))
    }
}
