//! Adding the ledger up.

use jiff::Timestamp;

use super::super::{JobName, PageId, Schedule};

/// A version of a config's schedule and when it came into force.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfigVersion {
    /// The config's version.
    pub version: i64,
    /// Ticks after this instant follow this version: the watermark of the service's page at the edit.
    pub since: Timestamp,
    /// The schedule of this version.
    pub schedule: Option<Schedule>,
    /// Whether its ticks ran once in the service; otherwise they stand in the replicas' lanes.
    pub distributed: bool,
    /// The tz database that was in use when it was written.
    pub tz_database: String,
}

/// All that the ledger says about one page's ticks, read at one moment.
#[derive(Clone, Debug)]
pub struct Account {
    /// The page.
    pub page_id: PageId,
    /// The config's name.
    pub name: JobName,
    /// When the page was begun; ticks up to here are not its own.
    pub since: Timestamp,
    /// All ticks up to here must have an outcome.
    pub watermark: Timestamp,
    /// All versions of the config, oldest first; the first one's `since` is the creation.
    pub versions: Vec<ConfigVersion>,
    /// How many ticks the rows stand for, by the version they were planned under.
    pub recorded: Vec<(i64, u64)>,
}

/// A version under which the ledger does not add up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imbalance {
    /// The config's version.
    pub version: i64,
    /// How many ticks its schedule has.
    pub ticks: u64,
    /// How many ticks have an outcome.
    pub recorded: u64,
}

impl Account {
    /// How many ticks of the page lie between its beginning and its watermark, by version.
    pub fn ticks(&self) -> impl Iterator<Item = (i64, u64)> {
        self.spans().map(|(version, since, through)| {
            let schedule = version.schedule.as_ref().filter(|_| since < through);
            (version.version, schedule.map_or(0, |schedule| schedule.count(since, through)))
        })
    }

    /// Each version and the span (since, through] in which the page's ticks were that version's; an empty span where they
    /// were another page's.
    pub fn spans(&self) -> impl Iterator<Item = (&ConfigVersion, Timestamp, Timestamp)> {
        self.versions.iter().enumerate().map(|(at, version)| {
            let since = version.since.max(self.since);
            let next = self.versions.get(at + 1).map_or(Timestamp::MAX, |next| next.since);
            let own = version.distributed == self.page_id.lane.is_none();
            (version, since, if own { next.min(self.watermark) } else { since })
        })
    }

    /// The versions under which ticks and rows differ; none when the promise is kept.
    pub fn imbalances(&self) -> Vec<Imbalance> {
        let recorded = |version| self.recorded.iter().filter(|(of, _)| *of == version).map(|(_, count)| count).sum();
        self.ticks()
            .map(|(version, ticks)| Imbalance { version, ticks, recorded: recorded(version) })
            .filter(|balance| balance.ticks != balance.recorded)
            .collect()
    }
}
