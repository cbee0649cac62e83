//! Readiness: whether each part answers.

use std::time::Duration;

use jiff::SignedDuration;

use super::CronManager;
use crate::{Error, Result, Revision};

/// Whether each part answers.
#[derive(Clone, Debug)]
pub struct Readiness {
    /// The parts that were asked.
    pub parts: Vec<Part>,
    /// How far this machine's wall clock is ahead of the store's, by the store's answer; at most as much too far as the answer took.
    pub clock_skew: Option<SignedDuration>,
}

/// One part's answer.
#[derive(Clone, Debug)]
pub struct Part {
    /// What it is called: `store`, `locker` or `signal`.
    pub name: &'static str,
    /// Whether nothing runs without it.
    pub needed: bool,
    /// Why it does not answer, if it does not.
    pub error: Option<String>,
    /// How long the answer took.
    pub took: Duration,
}

impl Readiness {
    /// Whether all parts answer that are needed.
    pub fn is_ready(&self) -> bool {
        self.parts.iter().all(|part| part.error.is_none() || !part.needed)
    }
}

impl CronManager {
    /// Asks each part whether it answers; the original library's `checkInit`. A locker is needed only where replicas share nothing else, and
    /// signals never: without them edits are noticed later.
    pub async fn readiness(&self) -> Readiness {
        let (clock, store) = (self.replica.clock(), self.replica.store());
        // Nothing was edited after the last revision there can be, so this reads next to nothing.
        let (look, store) = self.ask("store", true, store.look(Revision(i64::MAX), &[])).await;
        let clock_skew = look.map(|look| clock.now().duration_since(look.now));
        let (_, locker) = self.ask("locker", self.replica.takes_ticks(), self.replica.ask_locker()).await;
        let signal = async {
            let is_live = self.replica.signal().is_live();
            if is_live { Ok(()) } else { Err(Error::unavailable("nudges of other replicas do not arrive now")) }
        };
        let (_, signal) = self.ask("signal", false, signal).await;
        Readiness { parts: vec![store, locker, signal], clock_skew }
    }

    async fn ask<T>(
        &self,
        name: &'static str,
        needed: bool,
        ask: impl Future<Output = Result<T>>,
    ) -> (Option<T>, Part) {
        let clock = self.replica.clock();
        let asked = clock.elapsed();
        let answer = ask.await;
        let took = clock.elapsed() - asked;
        let error = answer.as_ref().err().map(ToString::to_string);
        (answer.ok(), Part { name, needed, error, took })
    }
}
