//! The journal: what was done, and when, in a file that no kill and no database can take back.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::Path,
    time::Duration,
};

use cron_manager::{
    ActiveRun, Called, CronConfigId, Fence, PageId, Refusal, ReplicaId, RunId, RunKind, RunState, SkipReason,
    backends::system::SystemClock, contracts::Clock,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One line: something that a process did, or that was done to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// When, in nanoseconds of `CLOCK_BOOTTIME`, which all processes of a machine share. What a handler does bears the instant at which it
    /// was polled: nobody can keep a process from pausing between that and the writing.
    pub at: u64,
    /// Which process.
    pub process: u32,
    /// What.
    #[serde(flatten)]
    pub event: Event,
}

/// What a line tells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The process takes part from now on, as this replica.
    Born {
        /// Its id.
        replica: u64,
    },
    /// A handler was called.
    Start(Act),
    /// A handler goes on.
    Step(Act),
    /// A handler is about to return.
    End(Act),
    /// The process was killed.
    Killed,
    /// The process was stopped with `SIGSTOP`.
    Paused,
    /// It may go on.
    Resumed,
    /// It was told to end in order, with `SIGTERM`.
    Told,
    /// The database is about to be taken away.
    Down,
    /// The database answers again.
    Up,
    /// A config was changed, or was not.
    Edited {
        /// What was tried, and what came of it.
        what: String,
    },
    /// A call for a job was answered.
    Called {
        /// Its name.
        job: String,
        /// What the caller was told.
        told: Told,
    },
    /// What happened to Redis.
    Redis(RedisEvent),
    /// What an outsider did about the lock of a job.
    Outsider(OutsiderEvent),
}

/// Something that was done to Redis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "redis", rename_all = "snake_case")]
pub enum RedisEvent {
    /// It is about to be flushed.
    Flushed,
    /// It is about to end, with all that it holds.
    Down,
    /// It answers again, and holds nothing.
    Up,
    /// It is about to be stopped with `SIGSTOP`.
    Paused,
    /// It may go on.
    Resumed,
}

/// Something that the outsider did about the lock of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outsider", rename_all = "snake_case")]
pub enum OutsiderEvent {
    /// It begins to ask for it.
    Wants {
        /// Whose.
        job: String,
    },
    /// It was told that it holds it.
    Holds {
        /// Whose.
        job: String,
        /// When it asked, as lines have it.
        asked: u64,
        /// For how long, in nanoseconds.
        ttl: u64,
    },
    /// It was told each time that somebody else holds it, and gives up.
    GivesUp {
        /// Whose.
        job: String,
    },
    /// It is about to let it go.
    LetsGo {
        /// Whose.
        job: String,
    },
    /// It was told whether it had held it until then.
    Left {
        /// Whose.
        job: String,
        /// It had.
        held: bool,
    },
}

/// The answer to a call for a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "told", rename_all = "snake_case")]
pub enum Told {
    /// Its run ended so.
    Ran {
        /// The run.
        run: i64,
        /// How it ended.
        state: RunState,
    },
    /// Its run is skipped.
    Skipped {
        /// The run.
        run: i64,
        /// Why.
        reason: SkipReason,
    },
    /// The hold on its run was lost.
    Lost {
        /// The run.
        run: i64,
        /// Where it was then.
        state: RunState,
    },
    /// The tick has its outcome, or somebody else is at it.
    Taken {
        /// The tick.
        due: Timestamp,
    },
    /// Anything else.
    Nothing {
        /// What.
        what: String,
    },
}

impl From<cron_manager::Result<Called>> for Told {
    fn from(answer: cron_manager::Result<Called>) -> Self {
        match answer {
            Ok(Called::Ran(run, outcome)) => Self::Ran { run: run.id.0, state: outcome.state },
            Ok(Called::Skipped(run, reason)) => Self::Skipped { run: run.id.0, reason },
            Ok(Called::Lost(run)) => Self::Lost { run: run.id.0, state: run.state },
            Ok(Called::Refused(Refusal::Taken { due_at })) => Self::Taken { due: due_at },
            Ok(Called::Refused(refusal)) => Self::Nothing { what: format!("{refusal:?}") },
            Err(error) => Self::Nothing { what: error.to_string() },
        }
    }
}

/// Something that a handler did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Act {
    /// By which replica.
    pub replica: u64,
    /// In which run.
    pub run: i64,
    /// Of which config.
    pub config: i32,
    /// Its name.
    pub job: String,
    /// Whose lane, if it is not the service's page.
    pub lane: Option<u64>,
    /// Why it runs.
    pub kind: RunKind,
    /// The tick.
    pub due: Timestamp,
    /// Which attempt at the tick.
    pub attempt: u32,
    /// The fence of its claim.
    pub fence: i64,
    /// The machine's wall clock, which is the store's, too.
    pub wall: Timestamp,
}

impl Act {
    /// Something that the handler of `run` did just now.
    pub fn of(run: &ActiveRun) -> Self {
        let run = run.run();
        Self {
            replica: run.replica_id.map_or(0, |id| id.0),
            run: run.id.0,
            config: run.config_id.0,
            job: run.name.to_string(),
            lane: run.lane.map(|id| id.0),
            kind: run.kind,
            due: run.due_at,
            attempt: run.attempt,
            fence: run.fence.0,
            wall: SystemClock.now(),
        }
    }

    /// The page of its run.
    pub fn page(&self) -> PageId {
        PageId { config_id: CronConfigId(self.config), lane: self.lane.map(ReplicaId) }
    }

    /// Its run.
    pub fn run_id(&self) -> RunId {
        RunId(self.run)
    }

    /// The fence of its claim.
    pub fn fence(&self) -> Fence {
        Fence(self.fence)
    }
}

/// The file, open for appending.
pub struct Journal(File);

impl Journal {
    /// Opens the file at `path`, which need not be there.
    ///
    /// Errors: the system's.
    pub fn open(path: &Path) -> io::Result<Self> {
        File::options().create(true).append(true).open(path).map(Self)
    }

    /// Writes what `process` did at `at`.
    ///
    /// Errors: the system's.
    pub fn write(&self, at: Duration, process: u32, event: Event) -> io::Result<()> {
        let line = Line { at: nanoseconds(at), process, event };
        // The line's end comes first, so that a line that a kill cut off stays alone.
        let text = format!("\n{}", serde_json::to_string(&line)?);
        (&self.0).write_all(text.as_bytes())
    }
}

/// A time as lines have it.
pub fn nanoseconds(at: Duration) -> u64 {
    u64::try_from(at.as_nanos()).unwrap_or(u64::MAX)
}

/// All lines in the order of their times, and how many were cut off by a kill.
///
/// Errors: the system's.
pub fn read(path: &Path) -> io::Result<(Vec<Line>, usize)> {
    let text = fs::read(path)?;
    let texts = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let (mut lines, mut torn) = (Vec::new(), 0);
    for text in texts {
        match serde_json::from_slice::<Line>(text) {
            Ok(line) => lines.push(line),
            Err(_) => torn += 1,
        }
    }
    lines.sort_by_key(|line| line.at);
    Ok((lines, torn))
}
