//! Adding the ledger up.

use jiff::Timestamp;

use super::super::{CronConfigId, JobName, Schedule};

/// A version of a config's schedule and when it came into force.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfigVersion {
    /// The config's version.
    pub version: i64,
    /// Ticks after this instant follow this version: the watermark at the edit.
    pub since: Timestamp,
    /// The schedule of this version.
    pub schedule: Option<Schedule>,
    /// The tz database that was in use when it was written.
    pub tz_database: String,
}

/// All that the ledger says about one config's ticks, read at one moment.
#[derive(Clone, Debug)]
pub struct Account {
    /// The config.
    pub config_id: CronConfigId,
    /// Its name.
    pub name: JobName,
    /// All ticks up to here must have an outcome.
    pub watermark: Timestamp,
    /// All versions, oldest first; the first one's `since` is the creation.
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
    /// How many ticks lie between the creation and the watermark, by version.
    pub fn ticks(&self) -> impl Iterator<Item = (i64, u64)> {
        self.versions.iter().enumerate().map(|(at, version)| {
            let through = self.versions.get(at + 1).map_or(self.watermark, |next| next.since);
            let count = version.schedule.as_ref().map_or(0, |schedule| schedule.count(version.since, through));
            (version.version, count)
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
