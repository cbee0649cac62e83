//! The jobs that replicas run.

use std::time::Duration;

use cron_manager::{LockPolicy, RunId};
use serde::{Deserialize, Serialize};

use crate::random::mix;

/// A job, as the driver tells its replicas.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// Its name.
    pub name: String,
    /// Due every so many seconds.
    pub every: u64,
    /// One replica runs a tick for all; otherwise every one does.
    pub distributed: bool,
    /// The length of a run's lease, in seconds.
    pub ttl: u64,
    /// The least and the greatest length of a run, in milliseconds.
    pub takes: (u64, u64),
    /// What it does while Redis is away.
    pub lock: LockPolicy,
    /// How long its lock is held at the least, in milliseconds.
    pub lock_at_least_for: Option<u64>,
    /// How long after its tick a run may start, in seconds, if not the default.
    pub start_deadline: Option<u64>,
    /// Every replica has a timer of its own that calls for it.
    pub called: bool,
}

/// The jobs whose locks an outsider wants: one that goes on without a lock while Redis is away, one that does not, and one that timers of
/// the replicas call for. Most of the time runs of the first two are live, for an outsider to come in between.
pub const WANTED: [&str; 3] = ["second-2", "second-7", "called-2"];

impl Job {
    /// A distributed job, due every second, whose runs are short.
    pub fn quick(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            every: 1,
            distributed: true,
            ttl: 3,
            takes: (0, 200),
            lock: LockPolicy::Prefer,
            lock_at_least_for: None,
            start_deadline: None,
            called: false,
        }
    }

    /// The same, which does not run without a lock.
    pub fn require(self) -> Self {
        Self { lock: LockPolicy::Require, ..self }
    }

    /// A distributed job, due every two seconds, that the replicas' own timers call for.
    pub fn called(name: impl Into<String>) -> Self {
        Self { every: 2, takes: (0, 700), called: true, ..Self::quick(name) }
    }

    /// How long that run takes; the same whoever asks.
    pub fn length(&self, run: RunId) -> Duration {
        let (least, most) = self.takes;
        Duration::from_millis(least + mix(run.0.unsigned_abs()) % (most - least + 1))
    }
}

/// The jobs of a run with faults: 20 each second, short and long ones, some with other periods, some that every replica runs, and one that
/// timers of the replicas call for. Some do not run without a lock; of those, one has but two seconds for it.
pub fn mixed() -> Vec<Job> {
    let seconds = (0..20).map(|at| {
        let lock = if at % 4 == 1 || at == 7 { LockPolicy::Require } else { LockPolicy::Prefer };
        let name = format!("second-{at}");
        let most = [50, 300, 900, 3_000][at % 4];
        let takes = if WANTED.contains(&name.as_str()) { (500, most.min(1_500)) } else { (0, most) };
        let lock_at_least_for = (at == 10).then_some(2_500);
        let ttl = 2 + (at as u64 + 1) % 4;
        Job { takes, ttl, lock, lock_at_least_for, ..Job::quick(name) }
    });
    let others =
        [2, 3, 7].map(|every| Job { every, takes: (500, 3_000), ttl: 2, ..Job::quick(format!("every-{every}")) });
    let hasty = Job { every: 5, takes: (500, 3_000), ttl: 2, start_deadline: Some(2), ..Job::quick("every-5") };
    let everywhere = (0..4).map(|at| Job {
        every: 1 + at,
        distributed: false,
        takes: (0, 1_500),
        ..Job::quick(format!("everywhere-{at}"))
    });
    seconds.chain(others).chain([hasty.require(), Job::called("called-2")]).chain(everywhere).collect()
}

/// So many distributed jobs, due every second, whose runs are short.
pub fn quick(count: usize) -> Vec<Job> {
    (0..count).map(|at| Job::quick(format!("second-{at}"))).collect()
}
