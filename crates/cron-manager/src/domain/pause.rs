//! Pause: a config's ticks are left out for a while.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// A time in which a config's ticks are recorded as skipped for [`Paused`](crate::SkipReason::Paused): those after `since` and before
/// `until`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    /// When it began, by the store's clock.
    pub since: Timestamp,
    /// When it ends by itself. `None`: when the config is resumed.
    pub until: Option<Timestamp>,
    /// Why, for people to read.
    pub reason: Option<String>,
}

impl Pause {
    /// The longest reason, in characters.
    pub const REASON_MAX: usize = 500;

    /// Whether a tick at `instant` falls into it.
    pub fn holds(&self, instant: Timestamp) -> bool {
        self.since < instant && self.lasts(instant)
    }

    /// Whether it has not ended at `instant`.
    pub fn lasts(&self, instant: Timestamp) -> bool {
        self.until.is_none_or(|until| instant < until)
    }
}

/// How to pause a config. On the wire the names are in lowerCamelCase.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct PauseFields {
    /// See [`Pause::until`].
    pub until: Option<Timestamp>,
    /// See [`Pause::reason`].
    pub reason: Option<String>,
}

impl PauseFields {
    /// The pause that begins at `now`; one that lasts already keeps its beginning.
    ///
    /// Errors: invalid argument (`until`, `reason`).
    pub fn pause(&self, old: Option<&Pause>, now: Timestamp) -> Result<Pause> {
        if self.until.is_some_and(|until| until <= now) {
            return Err(Error::invalid("until", format!("a pause ends later than now, which is {now}")));
        }
        let reason = self.reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty());
        if reason.is_some_and(|reason| reason.chars().count() > Pause::REASON_MAX || reason.contains('\0')) {
            let message = format!("a reason has at most {} characters, none of them NUL", Pause::REASON_MAX);
            return Err(Error::invalid("reason", message));
        }
        let since = old.filter(|old| old.lasts(now)).map_or(now, |old| old.since);
        Ok(Pause { since, until: self.until, reason: reason.map(str::to_owned) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_that_cannot_be_names_its_field() {
        let now = Timestamp::UNIX_EPOCH;
        let field = |fields: PauseFields| fields.pause(None, now).unwrap_err().field().unwrap().to_owned();
        assert_eq!(field(PauseFields { until: Some(now), ..PauseFields::default() }), "until");
        for reason in ["x".repeat(501), "nul\0".into()] {
            assert_eq!(field(PauseFields { reason: Some(reason), ..PauseFields::default() }), "reason");
        }
    }

    #[test]
    fn a_pause_that_lasts_keeps_its_beginning() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let until = |second| PauseFields { until: Some(at(second)), ..PauseFields::default() };
        let first = until(10).pause(None, at(0)).unwrap();
        assert_eq!(until(20).pause(Some(&first), at(5)).unwrap().since, at(0));
        assert_eq!(until(20).pause(Some(&first), at(10)).unwrap().since, at(10));
        assert!(first.holds(at(9)) && !first.holds(at(10)) && !first.holds(at(0)));
    }
}
