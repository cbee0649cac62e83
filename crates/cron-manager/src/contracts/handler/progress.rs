//! How far a run has come.

use std::sync::Arc;

use tokio::sync::watch;

use super::{ActiveRun, FromRun};
use crate::Result;

/// Where a run says how far it has come; only the newest report is kept. Clones are the same run's.
///
/// ```
/// use cron_manager::Progress;
///
/// let progress = Progress::default();
/// progress.set(0.5, "5 of 10 shops");
/// progress.set(7.0, "more than all");
/// assert_eq!(progress.report().unwrap().fraction, 1.0);
/// ```
#[derive(Clone, Debug)]
pub struct Progress(Arc<watch::Sender<Option<ProgressReport>>>);

/// How far a run has come.
#[derive(Clone, Debug, PartialEq)]
pub struct ProgressReport {
    /// From 0, nothing, to 1, all.
    pub fraction: f64,
    /// What it is at, for people to read.
    pub text: String,
}

impl Progress {
    /// The longest text, in bytes; what is longer is cut.
    pub const TEXT_LIMIT: usize = 1_024;

    /// Reports. A fraction below 0 counts as 0, one above 1 as 1; one that is not a number, such as 0/0, leaves the fraction as it was.
    pub fn set(&self, fraction: f64, text: impl Into<String>) {
        let mut text = text.into();
        text.truncate(text.floor_char_boundary(Self::TEXT_LIMIT));
        if text.contains('\0') {
            // PostgreSQL's text cannot hold it.
            text = text.replace('\0', " ");
        }
        self.0.send_modify(|report| {
            let before = report.as_ref().map_or(0.0, |report| report.fraction);
            let fraction = if fraction.is_nan() { before } else { fraction.clamp(0.0, 1.0) };
            *report = Some(ProgressReport { fraction, text });
        });
    }

    /// The newest report.
    pub fn report(&self) -> Option<ProgressReport> {
        self.0.borrow().clone()
    }

    pub(super) fn changes(&self) -> watch::Receiver<Option<ProgressReport>> {
        self.0.subscribe()
    }
}

impl Default for Progress {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::default()))
    }
}

impl FromRun for Progress {
    fn from_run(run: &ActiveRun) -> Result<Self> {
        Ok(run.progress_report().clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fraction_stays_within_0_and_1_whatever_was_divided() {
        let after = |fractions: &[f64]| {
            let progress = Progress::default();
            fractions.iter().for_each(|fraction| progress.set(*fraction, ""));
            progress.report().map(|report| report.fraction)
        };
        assert_eq!(after(&[]), None);
        assert_eq!(after(&[0.25]), Some(0.25));
        assert_eq!(after(&[-3.0]), Some(0.0));
        assert_eq!(after(&[f64::INFINITY]), Some(1.0));
        assert_eq!(after(&[f64::NAN]), Some(0.0));
        assert_eq!(after(&[0.25, f64::NAN]), Some(0.25));
    }

    #[test]
    fn a_nul_in_a_text_is_no_character_of_it() {
        let progress = Progress::default();
        progress.set(0.0, "a\0b");
        assert_eq!(progress.report().unwrap().text, "a b");
    }

    #[test]
    fn a_long_text_is_cut_at_a_whole_character() {
        let progress = Progress::default();
        progress.set(0.0, format!("x{}", "ü".repeat(Progress::TEXT_LIMIT)));
        let text = progress.report().unwrap().text;
        assert_eq!((text.len(), text.chars().last()), (Progress::TEXT_LIMIT - 1, Some('ü')));
    }
}
