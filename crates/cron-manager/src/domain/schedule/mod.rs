//! STUB until the evaluator lands.
#![allow(missing_docs)]
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CronExpression(String);
impl std::fmt::Display for CronExpression {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DstGap {
    #[default]
    RunAfter,
    Skip,
}
impl DstGap {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RunAfter => "run_after",
            Self::Skip => "skip",
        }
    }
}
impl std::str::FromStr for DstGap {
    type Err = ScheduleError;
    fn from_str(s: &str) -> Result<Self, ScheduleError> {
        match s {
            "run_after" => Ok(Self::RunAfter),
            "skip" => Ok(Self::Skip),
            _ => Err(ScheduleError("dstGap", s.into())),
        }
    }
}
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone(String);
impl Zone {
    pub fn utc() -> Self {
        Zone("UTC".into())
    }
    pub fn name(&self) -> &str {
        &self.0
    }
}
#[derive(Clone, Debug, PartialEq)]
pub enum Schedule {
    Cron(CronExpression, Zone, DstGap),
    Every(Duration),
    At(Timestamp),
}
pub enum ScheduleKind<'a> {
    Cron { expression: &'a CronExpression, zone: &'a Zone, gap: DstGap },
    Every(Duration),
    At(Timestamp),
}
#[derive(Clone, Debug)]
pub struct ScheduleError(&'static str, String);
impl ScheduleError {
    pub fn field(&self) -> &'static str {
        self.0
    }
    pub fn message(&self) -> &str {
        &self.1
    }
    pub fn position(&self) -> Option<std::ops::Range<usize>> {
        None
    }
}
impl std::fmt::Display for ScheduleError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.1)
    }
}
impl std::error::Error for ScheduleError {}
impl Schedule {
    pub fn cron(e: &str, tz: &str, gap: DstGap) -> Result<Self, ScheduleError> {
        if e.split_whitespace().count() < 5 {
            return Err(ScheduleError("cronExpression", "bad".into()));
        }
        Ok(Self::Cron(CronExpression(e.into()), Zone(tz.into()), gap))
    }
    pub fn every(i: Duration) -> Result<Self, ScheduleError> {
        if i.as_secs() == 0 {
            return Err(ScheduleError("every", "zero".into()));
        }
        Ok(Self::Every(i))
    }
    pub fn at(i: Timestamp) -> Self {
        Self::At(Timestamp::from_second(i.as_second()).unwrap())
    }
    fn secs(&self) -> i64 {
        match self {
            Self::Every(d) => d.as_secs() as i64,
            _ => 60,
        }
    }
    pub fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        match self {
            Self::At(t) => (*t > after).then_some(*t),
            _ => Timestamp::from_second(
                (after.as_nanosecond().div_euclid(1_000_000_000) as i64).div_euclid(self.secs()) * self.secs()
                    + self.secs(),
            )
            .ok(),
        }
    }
    pub fn ticks(&self, after: Timestamp, through: Timestamp) -> impl Iterator<Item = Timestamp> {
        std::iter::successors(self.next_after(after), |t| self.next_after(*t)).take_while(move |t| *t <= through)
    }
    pub fn count(&self, after: Timestamp, through: Timestamp) -> u64 {
        self.ticks(after, through).count() as u64
    }
    pub fn latest(&self, after: Timestamp, through: Timestamp) -> Option<Timestamp> {
        self.ticks(after, through).last()
    }
    pub fn describe(&self) -> String {
        String::new()
    }
    pub fn kind(&self) -> ScheduleKind<'_> {
        match self {
            Self::Cron(e, z, g) => ScheduleKind::Cron { expression: e, zone: z, gap: *g },
            Self::Every(d) => ScheduleKind::Every(*d),
            Self::At(t) => ScheduleKind::At(*t),
        }
    }
}
pub fn tz_database_version() -> &'static str {
    "stub"
}
