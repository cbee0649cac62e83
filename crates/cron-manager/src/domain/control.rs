//! Control: what is set for all replicas of the service at once.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Error, ErrorKind, Result};

/// The control record, of which a store has one. A store in which it was never changed has the default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Control {
    /// Whether jobs run. While they do not, nothing starts on any replica, and each tick is recorded as skipped for
    /// [`SwitchedOff`](crate::SkipReason::SwitchedOff).
    pub enabled: bool,
    /// One of [`Control::LOG_LEVELS`], for the program to follow. `None`: as the program was started.
    pub log_level: Option<String>,
    /// Rises by one with each change: the etag. 0 before the first one.
    pub version: i64,
    /// When it was last changed, by the store's clock.
    pub updated_at: Option<Timestamp>,
}

impl Control {
    /// What a log level may be.
    pub const LOG_LEVELS: &[&str] = &["off", "error", "warn", "info", "debug", "trace"];
}

impl Default for Control {
    fn default() -> Self {
        Self { enabled: true, log_level: None, version: 0, updated_at: None }
    }
}

/// The fields of the control record that a caller sets; what is `None` keeps its value. On the wire the names are in lowerCamelCase.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ControlFields {
    /// See [`Control::enabled`].
    pub enabled: Option<bool>,
    /// See [`Control::log_level`]. Empty: as the program was started.
    pub log_level: Option<String>,
}

impl ControlFields {
    /// Switches all jobs on or off.
    pub fn enabled(enabled: bool) -> Self {
        Self { enabled: Some(enabled), ..Self::default() }
    }

    /// `control` as it is after the change at `now`: the next version, or the same when nothing changes. With `if_version`, only if that is
    /// still the version.
    ///
    /// Errors: invalid argument (`logLevel`), conflict.
    pub fn change(&self, control: &Control, if_version: Option<i64>, now: Timestamp) -> Result<Control> {
        if let Some(version) = if_version.filter(|version| *version != control.version) {
            let message = format!("the control record is at version {}, not {version}; read it again", control.version);
            return Err(Error::new(ErrorKind::Conflict, message));
        }
        let log_level = match self.log_level.as_deref() {
            None => control.log_level.clone(),
            Some("") => None,
            Some(level) if Control::LOG_LEVELS.contains(&level) => Some(level.to_owned()),
            Some(level) => {
                let levels = Control::LOG_LEVELS.join(", ");
                return Err(Error::invalid("logLevel", format!("{level:?} is no log level; use one of {levels}")));
            }
        };
        let changed = Control { enabled: self.enabled.unwrap_or(control.enabled), log_level, ..control.clone() };
        let is_same = changed == *control;
        let next = Control { version: control.version + 1, updated_at: Some(now), ..changed };
        Ok(if is_same { control.clone() } else { next })
    }
}

/// A time in which jobs were switched off: its ticks are those after `since` and up to `until`, so that what was due before a switching
/// follows the state before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SwitchedOff {
    /// When they were switched off.
    pub since: Timestamp,
    /// When they were switched on again; `None`: they still are off.
    pub until: Option<Timestamp>,
}

impl SwitchedOff {
    /// Whether a tick at `instant` fell into it.
    pub fn holds(&self, instant: Timestamp) -> bool {
        self.since < instant && self.until.is_none_or(|until| instant <= until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_the_next_version_and_the_same_again_is_none() {
        let (control, now) = (Control::default(), Timestamp::UNIX_EPOCH);
        assert_eq!(ControlFields::enabled(true).change(&control, Some(0), now).unwrap(), control);
        let off = ControlFields::enabled(false).change(&control, Some(0), now).unwrap();
        assert_eq!((off.enabled, off.version, off.updated_at), (false, 1, Some(now)));
        let error = ControlFields::enabled(true).change(&off, Some(0), now).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict);
    }

    #[test]
    fn a_log_level_is_one_of_six_and_an_empty_one_takes_it_away() {
        let set = |control: &Control, level: &str| {
            let fields = ControlFields { log_level: Some(level.into()), ..ControlFields::default() };
            fields.change(control, None, Timestamp::UNIX_EPOCH)
        };
        for level in Control::LOG_LEVELS {
            let control = set(&Control::default(), level).unwrap();
            assert_eq!(control.log_level.as_deref(), Some(*level));
            assert_eq!(set(&control, "").unwrap().log_level, None);
        }
        let error = set(&Control::default(), "loud").unwrap_err();
        assert_eq!((error.kind(), error.field()), (ErrorKind::InvalidArgument, Some("logLevel")));
    }
}
