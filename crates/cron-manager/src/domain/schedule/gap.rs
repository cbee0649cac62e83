//! What becomes of a fixed time that the clock skips.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::ScheduleError;

/// What to do with fixed times that fall into a forward jump of the clock.
///
/// It matters only to expressions whose minute and hour are both fixed (neither starts with `*`).
///
/// ```
/// use cron_manager::domain::schedule::DstGap;
///
/// assert_eq!("skip".parse(), Ok(DstGap::Skip));
/// assert_eq!(DstGap::default().as_str(), "run_after");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DstGap {
    /// They run once, together, at the first instant after the jump, as Vixie cron does it.
    /// A jump of more than three hours is taken for a change of calendar and drops them.
    #[default]
    RunAfter,
    /// They are dropped.
    Skip,
}

impl DstGap {
    /// The name on the wire: `run_after` or `skip`.
    pub fn as_str(self) -> &'static str {
        match self {
            DstGap::RunAfter => "run_after",
            DstGap::Skip => "skip",
        }
    }
}

impl fmt::Display for DstGap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for DstGap {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<DstGap, ScheduleError> {
        match text {
            "run_after" => Ok(DstGap::RunAfter),
            "skip" => Ok(DstGap::Skip),
            _ => Err(ScheduleError::new("dstGap", "expected `run_after` or `skip`")),
        }
    }
}
