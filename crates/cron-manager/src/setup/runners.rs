//! The library's own runners of jobs.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use crate::{
    EncryptionKeys, Error, Handler, ListedCommand, ListedConnection, Result,
    contracts::{Clock, Home, Sealer},
    scheduler::Tuning,
};

#[cfg(feature = "settings")]
use crate::settings::Settings;

/// What the library's own runners go by.
#[derive(Default)]
pub(super) struct OwnRunners {
    pub(super) http_allow_private_addresses: Option<bool>,
    pub(super) commands: BTreeMap<String, ListedCommand>,
    pub(super) connections: BTreeMap<String, ListedConnection>,
    pub(super) encryption_keys: Option<EncryptionKeys>,
}

/// What runners stand on.
#[derive(Clone, Copy)]
#[cfg_attr(
    not(all(feature = "command-jobs", feature = "query-jobs")),
    expect(dead_code, reason = "other runners need less")
)]
pub(super) struct Base<'a> {
    pub(super) clock: &'a Arc<dyn Clock>,
    pub(super) tuning: &'a Tuning,
    pub(super) sealer: Option<&'a Arc<dyn Sealer>>,
    pub(super) home: Option<&'a Home>,
}

impl OwnRunners {
    /// Takes from the settings what was not said otherwise.
    #[cfg(feature = "settings")]
    pub(super) fn settle(&mut self, settings: &Settings) {
        self.http_allow_private_addresses.get_or_insert(settings.http_allow_private_addresses);
        for (name, command) in &settings.commands {
            self.commands.entry(name.clone()).or_insert_with(|| command.clone());
        }
        for (name, connection) in &settings.connections {
            self.connections.entry(name.clone()).or_insert_with(|| connection.clone());
        }
        self.encryption_keys = self.encryption_keys.take().or_else(|| settings.encryption_keys.clone());
    }

    /// What keeps secrets of jobs from the store, if there are keys.
    pub(super) fn sealer(&self) -> Result<Option<Arc<dyn Sealer>>> {
        self.encryption_keys.as_ref().map(sealer).transpose()
    }

    /// The runners of this build, by what they run.
    pub(super) fn into_runners(self, base: Base<'_>) -> Result<HashMap<String, Arc<dyn Handler>>> {
        let mut runners = HashMap::new();
        runners
            .extend(http(self.http_allow_private_addresses.unwrap_or(false), base)?.map(|http| ("http".into(), http)));
        for (name, listed) in self.commands {
            let runner = command(listed, base).map_err(|error| error.at(format_args!("command {name}")))?;
            runners.insert(format!("command:{name}"), runner);
        }
        for (name, listed) in self.connections {
            let runner = connection(listed, base).map_err(|error| error.at(format_args!("connection {name}")))?;
            runners.insert(format!("query:{name}"), runner);
        }
        Ok(runners)
    }
}

#[cfg(feature = "http-jobs")]
fn http(allow_private: bool, base: Base<'_>) -> Result<Option<Arc<dyn Handler>>> {
    let runner = crate::backends::http::HttpRunner::new(Arc::clone(base.clock))?;
    Ok(Some(Arc::new(runner.allow_private_addresses(allow_private).sealer(base.sealer.cloned()))))
}

#[cfg(not(feature = "http-jobs"))]
fn http(_allow_private: bool, _base: Base<'_>) -> Result<Option<Arc<dyn Handler>>> {
    Ok(None)
}

#[cfg(feature = "command-jobs")]
fn command(listed: ListedCommand, base: Base<'_>) -> Result<Arc<dyn Handler>> {
    // What is left of the run's own grace is for its end to be seen.
    let grace = base.tuning.stop_grace.mul_f64(0.8);
    Ok(Arc::new(crate::backends::command::CommandRunner::new(listed, Arc::clone(base.clock), grace)?))
}

/// A build without command jobs refuses to be told of one: who lists a command means it to be run.
#[cfg(not(feature = "command-jobs"))]
fn command(_listed: ListedCommand, _base: Base<'_>) -> Result<Arc<dyn Handler>> {
    Err(Error::invalid("commands", "this build has no command jobs; they come with the feature command-jobs"))
}

#[cfg(any(feature = "http-jobs", feature = "query-jobs"))]
fn sealer(keys: &EncryptionKeys) -> Result<Arc<dyn Sealer>> {
    Ok(Arc::new(crate::backends::sealing::KeyRing::new(keys)?))
}

#[cfg(feature = "query-jobs")]
fn connection(listed: ListedConnection, base: Base<'_>) -> Result<Arc<dyn Handler>> {
    let no_key =
        || Error::invalid("connections", "its jobs need a key; set encryption_keys (CRON_MANAGER_ENCRYPTION_KEYS)");
    let sealer = Arc::clone(base.sealer.ok_or_else(no_key)?);
    Ok(Arc::new(crate::backends::query::QueryRunner::new(listed, sealer, Arc::clone(base.clock), base.home.cloned())?))
}

#[cfg(not(any(feature = "http-jobs", feature = "query-jobs")))]
fn sealer(_keys: &EncryptionKeys) -> Result<Arc<dyn Sealer>> {
    let message =
        "this build keeps nothing encrypted; jobs that need it come with the features http-jobs and query-jobs";
    Err(Error::invalid("encryption_keys", message))
}

#[cfg(not(feature = "query-jobs"))]
fn connection(_listed: ListedConnection, _base: Base<'_>) -> Result<Arc<dyn Handler>> {
    Err(Error::invalid("connections", "this build has no query jobs; they come with the feature query-jobs"))
}
