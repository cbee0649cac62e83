//! How a config's ticks are treated when things do not go as planned.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{CalendarName, LockPolicy};

/// What becomes of ticks that nobody was there to plan in time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CatchUp {
    /// All are recorded as missed.
    None,
    /// The newest runs, if its start deadline has not passed; the others are recorded as missed.
    #[default]
    Latest,
}

/// What becomes of a tick that falls due while a run of the same config is live.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Overlap {
    /// It is recorded as skipped.
    #[default]
    Skip,
}

/// What becomes of a run whose replica stopped answering.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnAbandoned {
    /// It is recorded as abandoned, and that is all: what it did is not known.
    #[default]
    Report,
}

/// The policies of a config. Each default does no harm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Ticks that nobody planned in time.
    pub catch_up: CatchUp,
    /// Ticks due while a run is live.
    pub overlap: Overlap,
    /// Runs whose replica stopped answering.
    pub on_abandoned: OnAbandoned,
    /// How long after its due instant, jitter added, a tick may still start. `None`: until the next tick, at least 60 s.
    pub start_deadline: Option<Duration>,
    /// How long a run may last. `None`: as long as it takes.
    pub timeout: Option<Duration>,
    /// Starts are spread over this long after the due instant. `None`: no spread.
    pub jitter: Option<Duration>,
    /// What a run does while the lock cannot be reached.
    pub lock: LockPolicy,
    /// How long the lock is held at the least, also after a shorter run: it keeps out those who share nothing but the lock and whose clocks
    /// are behind. `None`: no longer than the run.
    pub lock_at_least_for: Option<Duration>,
    /// The least time between two starts, where a foreign timer asks for runs of a config without a schedule.
    pub min_gap: Duration,
    /// The calendars in whose blackouts no tick runs; none of them twice.
    pub calendars: Vec<CalendarName>,
}

impl Policy {
    /// The least time between two starts that a foreign timer asks for, where the config names none.
    pub const DEFAULT_MIN_GAP: Duration = Duration::from_millis(900);
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            catch_up: CatchUp::default(),
            overlap: Overlap::default(),
            on_abandoned: OnAbandoned::default(),
            start_deadline: None,
            timeout: None,
            jitter: None,
            lock: LockPolicy::default(),
            lock_at_least_for: None,
            min_gap: Self::DEFAULT_MIN_GAP,
            calendars: Vec::new(),
        }
    }
}
