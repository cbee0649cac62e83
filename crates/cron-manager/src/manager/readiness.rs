//! Readiness: whether each part answers.

use std::time::Duration;

use jiff::SignedDuration;

use super::CronManager;
use crate::Revision;

/// Whether each part that is needed answers.
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
    /// What it is called.
    pub name: &'static str,
    /// Why it does not answer, if it does not.
    pub error: Option<String>,
    /// How long the answer took.
    pub took: Duration,
}

impl Readiness {
    /// Whether all parts answer.
    pub fn is_ready(&self) -> bool {
        self.parts.iter().all(|part| part.error.is_none())
    }
}

impl CronManager {
    /// Asks each part that is needed whether it answers; the original library's `checkInit`.
    pub async fn readiness(&self) -> Readiness {
        let clock = self.replica.clock();
        let asked = clock.elapsed();
        // Nothing was edited after the last revision there can be, so this reads next to nothing.
        let answer = self.replica.store().look(Revision(i64::MAX), &[]).await;
        let took = clock.elapsed() - asked;
        let clock_skew = answer.as_ref().ok().map(|look| clock.now().duration_since(look.now));
        let store = Part { name: "store", error: answer.err().map(|error| error.to_string()), took };
        Readiness { parts: vec![store], clock_skew }
    }
}
