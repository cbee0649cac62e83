//! What is counted of one job.

use std::{
    sync::atomic::{AtomicI64, AtomicU64, Ordering},
    time::Duration,
};

use jiff::Timestamp;

use super::histogram::Histogram;
use crate::{RunState, SkipReason};

/// The states in which a run ends, but for `skipped`, which is counted by its reason.
pub(super) const ENDS: [RunState; 5] =
    [RunState::Succeeded, RunState::Failed, RunState::TimedOut, RunState::Cancelled, RunState::Abandoned];

const LATENESS: &[f64] = &[0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0];
const DURATION: &[f64] = &[0.01, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3_600.0];

/// What is counted of one job.
pub(super) struct Job {
    ends: [AtomicU64; ENDS.len()],
    skips: Box<[AtomicU64]>,
    /// In microseconds since 1970; 0: not yet.
    last_success: AtomicI64,
    pub(super) lateness: Histogram,
    pub(super) duration: Histogram,
}

impl Job {
    pub(super) fn new() -> Self {
        Self {
            ends: Default::default(),
            skips: SkipReason::ALL.iter().map(|_| AtomicU64::new(0)).collect(),
            last_success: AtomicI64::new(0),
            lateness: Histogram::new(LATENESS),
            duration: Histogram::new(DURATION),
        }
    }

    pub(super) fn end(&self, state: RunState, took: Option<Duration>, now: Timestamp) {
        if let Some(place) = ENDS.iter().position(|end| *end == state) {
            self.ends[place].fetch_add(1, Ordering::Relaxed);
        }
        if let Some(took) = took {
            self.duration.count(took);
        }
        if state == RunState::Succeeded {
            self.last_success.fetch_max(now.as_microsecond(), Ordering::Relaxed);
        }
    }

    pub(super) fn skip(&self, reason: Option<SkipReason>, ticks: u64) {
        if let Some(place) = SkipReason::ALL.iter().position(|known| Some(*known) == reason) {
            self.skips[place].fetch_add(ticks, Ordering::Relaxed);
        }
    }

    pub(super) fn ends(&self) -> impl Iterator<Item = (RunState, u64)> {
        ENDS.into_iter().zip(&self.ends).map(|(state, count)| (state, count.load(Ordering::Relaxed)))
    }

    pub(super) fn skips(&self) -> impl Iterator<Item = (SkipReason, u64)> {
        SkipReason::ALL.iter().zip(&self.skips).map(|(reason, count)| (*reason, count.load(Ordering::Relaxed)))
    }

    /// When it last succeeded, in seconds since 1970.
    pub(super) fn last_success(&self) -> f64 {
        self.last_success.load(Ordering::Relaxed) as f64 / 1e6
    }
}
