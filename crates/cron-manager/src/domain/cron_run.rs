//! One execution of a job, or the record of why there was none.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{ClaimToken, Context, CronConfigId, Fence, JobName, Outcome, PageId, ReplicaId, RunId, TraceParent};

/// Where a run comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunKind {
    /// A tick of the schedule; unique by page, due instant and attempt.
    Tick,
    /// Somebody asked for it; unique by request id.
    Manual,
    /// Somebody asked for an instant of the schedule that lies in the past; unique by request id, which names the instant. It is no tick.
    Backfill,
}

/// Where a run is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// Waits for a replica to claim it.
    Pending,
    /// A replica claimed it and has not finished it.
    Running,
    /// The handler returned.
    Succeeded,
    /// The handler returned an error or panicked.
    Failed,
    /// The handler took longer than the config's timeout.
    TimedOut,
    /// It was cancelled while running.
    Cancelled,
    /// Its replica stopped answering; what it did is not known.
    Abandoned,
    /// It never started, for the reason beside it.
    Skipped,
}

/// Why a tick did not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SkipReason {
    /// The config was disabled or deleted.
    Disabled,
    /// A run of the same config was live.
    Overlap,
    /// A newer tick took its place.
    Superseded,
    /// Its start deadline passed while it waited.
    TooLate,
    /// Nobody planned it in time, and catching up does not reach it.
    Missed,
    /// Its start deadline passed and no live replica had its handler.
    NoHandler,
    /// Somebody who does not share the store held the lock; the tick may well have run there.
    LockedElsewhere,
    /// A replica with a store of its own took the tick.
    Elsewhere,
    /// Its start deadline passed while the lock could not be reached.
    LockUnavailable,
    /// Jobs were switched off for the whole service.
    SwitchedOff,
    /// The config was paused.
    Paused,
    /// It fell into a blackout of a calendar that the config names.
    Blackout,
    /// Somebody cancelled it while it waited.
    Cancelled,
}

macro_rules! words {
    ($name:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        impl $name {
            /// All values.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The word on the wire and in tables.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The value that [`Self::as_str`] writes as `word`.
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.as_str() == word)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words!(RunKind { Tick = "tick", Manual = "manual", Backfill = "backfill" });
words!(RunState {
    Pending = "pending",
    Running = "running",
    Succeeded = "succeeded",
    Failed = "failed",
    TimedOut = "timed_out",
    Cancelled = "cancelled",
    Abandoned = "abandoned",
    Skipped = "skipped",
});
words!(SkipReason {
    Disabled = "disabled",
    Overlap = "overlap",
    Superseded = "superseded",
    TooLate = "too_late",
    Missed = "missed",
    NoHandler = "no_handler",
    LockedElsewhere = "locked_elsewhere",
    Elsewhere = "elsewhere",
    LockUnavailable = "lock_unavailable",
    SwitchedOff = "switched_off",
    Paused = "paused",
    Blackout = "blackout",
    Cancelled = "cancelled",
});

impl RunState {
    /// Whether the run is over: its state and owner never change again.
    pub fn is_terminal(self) -> bool {
        !matches!(self, Self::Pending | Self::Running)
    }
}

/// A replica's hold on a running run: what a heartbeat renews and a finish must still have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Hold {
    /// The run held.
    pub run_id: RunId,
    /// Who holds it.
    pub replica_id: ReplicaId,
    /// The page's fence at the claim.
    pub fence: Fence,
}

/// An odd number whose multiples are spread over all numbers: the golden ratio's.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// One execution of a job, or the record of why ticks did not run.
#[doc(alias = "CronJob")]
#[derive(Clone, Debug, PartialEq)]
pub struct CronRun {
    /// Given by the store; 0 before the run is stored.
    pub id: RunId,
    /// The config it belongs to.
    pub config_id: CronConfigId,
    /// The one replica that it is for, when every replica runs the tick for itself.
    pub lane: Option<ReplicaId>,
    /// The config's name.
    pub name: JobName,
    /// The version of the config it was planned under.
    pub config_version: i64,
    /// Where it comes from.
    pub kind: RunKind,
    /// The tick; the first one when the row stands for several skipped ticks. A whole second.
    pub due_at: Timestamp,
    /// The last tick the row stands for; `due_at` unless it is a skipped row.
    pub due_through: Timestamp,
    /// How many ticks the row stands for; 1 unless it is a skipped row.
    pub count: u64,
    /// 1, and more for a retry.
    pub attempt: u32,
    /// Tells one request for a run from another.
    pub request_id: Option<String>,
    /// What its handler is told in place of the config's context.
    pub context: Option<Context>,
    /// The run that it repeats.
    pub retry_of: Option<RunId>,
    /// No claim before this instant.
    pub start_after: Timestamp,
    /// No claim after this instant.
    pub start_deadline: Timestamp,
    /// Where it is in its life.
    pub state: RunState,
    /// Whether somebody asked for it to be cancelled while it ran.
    pub cancelling: bool,
    /// Why it was skipped, when it was; of a pending run, what it still waits for beyond its time.
    pub reason: Option<SkipReason>,
    /// Who claimed it last.
    pub replica_id: Option<ReplicaId>,
    /// The page's fence at the last claim.
    pub fence: Fence,
    /// The random value of the last claim; a secret, since whoever knows it can end the run ([`Home`](crate::contracts::Home)).
    pub token: ClaimToken,
    /// Counts the heartbeats of the last claim.
    pub heartbeat: i64,
    /// The length of the last claim's lease.
    pub ttl: Duration,
    /// When the row was written, by the store's clock.
    pub created_at: Timestamp,
    /// When it was claimed, by the store's clock.
    pub started_at: Option<Timestamp>,
    /// When it succeeded, failed, timed out, was cancelled or abandoned, by the store's clock.
    pub finished_at: Option<Timestamp>,
    /// Events or a value that the handler left, as JSON text.
    pub result: Option<String>,
    /// What went wrong.
    pub error: Option<String>,
    /// Whether result, error or log lost a part to their limits.
    pub truncated: bool,
    /// The trace in which it was asked for.
    pub traceparent: Option<TraceParent>,
}

impl CronRun {
    /// The page it stands on.
    pub fn page_id(&self) -> PageId {
        PageId { config_id: self.config_id, lane: self.lane }
    }

    /// The hold of the replica that runs it, while it runs.
    pub fn hold(&self) -> Option<Hold> {
        let replica_id = self.replica_id.filter(|_| self.state == RunState::Running)?;
        Some(Hold { run_id: self.id, replica_id, fence: self.fence })
    }

    /// The run's own place among traces, to hand on with what its handler asks of others: a new trace for each claim. The trace in which
    /// the run was asked for is another one, [`Self::traceparent`].
    pub fn own_trace(&self) -> TraceParent {
        // Not made of the token, which is a secret: many are told of a trace.
        let claim = self.replica_id.map_or(0, |id| id.0) ^ (self.fence.0 as u64).wrapping_mul(SPREAD);
        let run = (self.id.0 as u64).wrapping_mul(SPREAD);
        let span = claim.wrapping_add(run).wrapping_mul(SPREAD);
        let trace = u128::from(claim) << 64 | u128::from(run);
        TraceParent::new(trace, span, self.traceparent.is_none_or(TraceParent::is_sampled))
    }

    /// How it ended, if it ended under that hold: as the hold's owner said, or its handler, not by others. Its log is not a part of the row.
    pub fn ended_under(&self, hold: Hold) -> Option<Outcome> {
        let is_its_own = self.state.is_terminal() && self.state != RunState::Abandoned;
        let is_that_hold = (self.id, self.replica_id, self.fence) == (hold.run_id, Some(hold.replica_id), hold.fence);
        (is_its_own && is_that_hold).then(|| Outcome {
            reason: self.reason,
            result: self.result.clone(),
            error: self.error.clone(),
            truncated: self.truncated,
            ..Outcome::new(self.state)
        })
    }

    /// What a call of its own to another service carries: the trace in which it was asked for, or else [`Self::own_trace`]; in both, the
    /// run's own span.
    pub fn outgoing_trace(&self) -> TraceParent {
        let own = self.own_trace();
        self.traceparent.map_or(own, |asked_in| asked_in.at_span_of(own))
    }

    /// The same for every attempt at one tick: `configId/dueAt`; for a run that was asked for, its id.
    pub fn idempotency_key(&self) -> String {
        match self.kind {
            RunKind::Tick => format!("{}/{}", self.config_id, self.due_at),
            RunKind::Manual | RunKind::Backfill => self.id.to_string(),
        }
    }
}
