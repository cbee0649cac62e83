//! What handlers of both sides write as they begin and end, and what can be counted from it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    fs::{self, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
};

use cron_manager::{backends::system::SystemClock, contracts::Clock};
use serde_json::{Value, json};

/// In seconds since 1970.
pub(crate) type Tick = i64;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Side {
    Ours,
    Theirs,
}

/// A file that processes append lines to.
#[derive(Clone)]
pub(crate) struct Journal(PathBuf);

impl Journal {
    pub(crate) fn new(folder: &Path) -> Self {
        Self(folder.join(format!("journal-{}.jsonl", std::process::id())))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn remove(&self) {
        fs::remove_file(&self.0).unwrap();
    }

    /// Writes a line as `replica.mjs` does.
    pub(crate) fn write(&self, replica: &str, job: &str, tick: Tick, what: &str) {
        let at = SystemClock.now().as_millisecond();
        let line = json!({"replica": replica, "job": job, "tick": tick, "what": what, "at": at});
        let mut file = OpenOptions::new().create(true).append(true).open(&self.0).unwrap();
        file.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    /// All runs; each has ended.
    pub(crate) fn runs(&self) -> Runs {
        let (mut begun, mut runs) = (BTreeMap::new(), Vec::new());
        for line in fs::read_to_string(&self.0).unwrap().lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            let text = |key: &str| line[key].as_str().unwrap().to_owned();
            let (replica, job, tick) = (text("replica"), text("job"), line["tick"].as_i64().unwrap());
            let at = line["at"].as_i64().unwrap();
            let key = (replica.clone(), job.clone(), tick);
            if line["what"] == "start" {
                assert_eq!(begun.insert(key, at), None);
            } else {
                let start = begun.remove(&key).unwrap();
                let side = if replica.starts_with("ours") { Side::Ours } else { Side::Theirs };
                runs.push(Run { side, job, tick, start, end: at });
            }
        }
        assert!(begun.is_empty(), "{begun:?}");
        Runs(runs)
    }
}

/// One call of a handler; times in milliseconds since 1970.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Run {
    side: Side,
    job: String,
    tick: Tick,
    start: i64,
    end: i64,
}

pub(crate) struct Runs(Vec<Run>);

impl Runs {
    pub(crate) fn of(&self, job: &str) -> Self {
        Self(self.0.iter().filter(|run| run.job == job).cloned().collect())
    }

    fn side(&self, side: Side) -> impl Iterator<Item = &Run> {
        self.0.iter().filter(move |run| run.side == side)
    }

    /// Pairs of runs that went on at the same time.
    pub(crate) fn overlaps(&self) -> Vec<(&Run, &Run)> {
        let pairs =
            self.0.iter().enumerate().flat_map(|(at, one)| self.0[at + 1..].iter().map(move |other| (one, other)));
        pairs.filter(|(one, other)| one.start < other.end && other.start < one.end).collect()
    }

    /// The ticks that ran there.
    pub(crate) fn ticks(&self, side: Side) -> BTreeSet<Tick> {
        self.side(side).map(|run| run.tick).collect()
    }

    /// The ticks that ran more than once there.
    pub(crate) fn twice(&self, side: Side) -> BTreeSet<Tick> {
        let mut seen = BTreeSet::new();
        self.side(side).map(|run| run.tick).filter(|tick| !seen.insert(*tick)).collect()
    }

    fn on_both_sides(&self) -> BTreeSet<Tick> {
        self.ticks(Side::Ours).intersection(&self.ticks(Side::Theirs)).copied().collect()
    }

    /// The ticks that ran there although they had run here.
    pub(crate) fn first_ours_then_theirs(&self) -> BTreeSet<Tick> {
        let ours: BTreeMap<Tick, i64> = self.side(Side::Ours).map(|run| (run.tick, run.start)).collect();
        let after = self.side(Side::Theirs).filter(|run| ours.get(&run.tick).is_some_and(|start| *start < run.start));
        after.map(|run| run.tick).collect()
    }
}

impl fmt::Display for Runs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (ours, theirs) = (self.ticks(Side::Ours).len(), self.ticks(Side::Theirs).len());
        write!(
            f,
            "{ours} ticks ran in Rust ({} twice), {theirs} in Node ({} twice), ",
            self.twice(Side::Ours).len(),
            self.twice(Side::Theirs).len()
        )?;
        let (both, after) = (self.on_both_sides().len(), self.first_ours_then_theirs().len());
        write!(f, "{both} in both ({after} of them first in Rust); {} overlaps", self.overlaps().len())
    }
}
