//! The jobs that replicas run.

use std::time::Duration;

use cron_manager::RunId;
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
}

impl Job {
    /// A distributed job, due every second, whose runs are short.
    pub fn quick(name: impl Into<String>) -> Self {
        Self { name: name.into(), every: 1, distributed: true, ttl: 3, takes: (0, 200) }
    }

    /// How long that run takes; the same whoever asks.
    pub fn length(&self, run: RunId) -> Duration {
        let (least, most) = self.takes;
        Duration::from_millis(least + mix(run.0.unsigned_abs()) % (most - least + 1))
    }
}

/// The jobs of a run with faults: 20 each second, short and long ones, some with other periods, some that every replica runs.
pub fn mixed() -> Vec<Job> {
    let seconds = (0..20).map(|at| Job {
        takes: (0, [50, 300, 900, 3_000][at % 4]),
        ttl: 2 + (at as u64 + 1) % 4,
        ..Job::quick(format!("second-{at}"))
    });
    let others =
        [2, 3, 5, 7].map(|every| Job { every, takes: (500, 3_000), ttl: 2, ..Job::quick(format!("every-{every}")) });
    let everywhere = (0..4).map(|at| Job {
        every: 1 + at,
        distributed: false,
        takes: (0, 1_500),
        ..Job::quick(format!("everywhere-{at}"))
    });
    seconds.chain(others).chain(everywhere).collect()
}

/// So many distributed jobs, due every second, whose runs are short.
pub fn quick(count: usize) -> Vec<Job> {
    (0..count).map(|at| Job::quick(format!("second-{at}"))).collect()
}
