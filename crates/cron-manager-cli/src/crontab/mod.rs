//! A crontab: what crontab(5) of Debian's cron describes, and a few comments that say more.

mod directive;
mod entry;
mod names;
mod percent;
mod problem;
mod reader;
mod setting;
mod users;

#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use cron_manager::Schedule;

pub(crate) use problem::Problem;
pub(crate) use users::Users;

/// Where cron searches for commands unless the crontab says otherwise.
pub(crate) const DEFAULT_PATH: &str = "/usr/bin:/bin";

/// Which columns a crontab has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum CrontabFormat {
    /// Time and command; a line that seems to have a user column is reported and does not run
    #[default]
    Detect,
    /// Time and command, as `crontab -e` has it
    User,
    /// Time, user and command, as /etc/crontab and /etc/cron.d have it
    System,
}

/// A crontab as it was read: what runs, and what does not.
#[derive(Debug, Default)]
pub(crate) struct Crontab {
    pub(crate) jobs: Vec<Job>,
    /// In the order of their lines.
    pub(crate) problems: Vec<Problem>,
    /// Settings that cron heeds and this program does not, each with the first line that has it.
    pub(crate) unheeded: BTreeMap<String, usize>,
}

/// A line of a crontab that runs a command.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Job {
    pub(crate) line: usize,
    pub(crate) name: String,
    /// `None` is `@reboot`: once at each start of the program.
    pub(crate) schedule: Option<Schedule>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) script: Script,
}

/// What a job runs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Script {
    /// The command, for the shell.
    pub(crate) command: String,
    /// Its standard input.
    pub(crate) input: Option<String>,
    /// The crontab's settings above the line.
    pub(crate) settings: Arc<BTreeMap<String, String>>,
}
