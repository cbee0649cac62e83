//! The library's own runners of jobs.

#[cfg(any(feature = "command-jobs", feature = "query-jobs"))]
use std::collections::BTreeMap;
use std::{collections::HashMap, sync::Arc};

use crate::{
    Handler, Result,
    contracts::{Clock, Sealer},
    scheduler::Tuning,
};

#[cfg(feature = "command-jobs")]
use crate::ListedCommand;
#[cfg(feature = "settings")]
use crate::settings::Settings;
#[cfg(feature = "query-jobs")]
use crate::{EncryptionKeys, Error, ListedConnection};

/// What the library's own runners go by.
#[derive(Default)]
pub(super) struct OwnRunners {
    #[cfg(feature = "http-jobs")]
    pub(super) http_allow_private_addresses: Option<bool>,
    #[cfg(feature = "command-jobs")]
    pub(super) commands: BTreeMap<String, ListedCommand>,
    #[cfg(feature = "query-jobs")]
    pub(super) connections: BTreeMap<String, ListedConnection>,
    #[cfg(feature = "query-jobs")]
    pub(super) encryption_keys: Option<EncryptionKeys>,
}

impl OwnRunners {
    /// Takes from the settings what was not said otherwise.
    #[cfg(feature = "settings")]
    pub(super) fn settle(&mut self, settings: &Settings) {
        #[cfg(feature = "http-jobs")]
        self.http_allow_private_addresses.get_or_insert(settings.http_allow_private_addresses);
        #[cfg(feature = "command-jobs")]
        for (name, command) in &settings.commands {
            self.commands.entry(name.clone()).or_insert_with(|| command.clone());
        }
        #[cfg(feature = "query-jobs")]
        {
            for (name, connection) in &settings.connections {
                self.connections.entry(name.clone()).or_insert_with(|| connection.clone());
            }
            self.encryption_keys = self.encryption_keys.take().or_else(|| settings.encryption_keys.clone());
        }
    }

    /// What keeps statements secret, if there are keys.
    pub(super) fn sealer(&self) -> Result<Option<Arc<dyn Sealer>>> {
        #[cfg(feature = "query-jobs")]
        if let Some(keys) = &self.encryption_keys {
            return Ok(Some(Arc::new(crate::backends::sealing::KeyRing::new(keys)?)));
        }
        Ok(None)
    }

    /// The runners of this build.
    pub(super) fn into_runners(
        self,
        clock: &Arc<dyn Clock>,
        tuning: &Tuning,
        sealer: Option<&Arc<dyn Sealer>>,
    ) -> Result<HashMap<String, Arc<dyn Handler>>> {
        let mut runners: HashMap<String, Arc<dyn Handler>> = HashMap::new();
        #[cfg(feature = "http-jobs")]
        {
            use crate::backends::http::HttpRunner;

            let http = HttpRunner::new(Arc::clone(clock))?;
            let http = http.allow_private_addresses(self.http_allow_private_addresses.unwrap_or(false));
            runners.insert("http".into(), Arc::new(http));
        }
        #[cfg(feature = "command-jobs")]
        for (name, command) in self.commands {
            use crate::backends::command::CommandRunner;

            // What is left of the run's own grace is for its end to be seen.
            let grace = tuning.stop_grace.mul_f64(0.8);
            let runner = CommandRunner::new(command, Arc::clone(clock), grace);
            let runner = runner.map_err(|error| error.at(format_args!("command {name}")))?;
            runners.insert(format!("command:{name}"), Arc::new(runner));
        }
        #[cfg(feature = "query-jobs")]
        for (name, connection) in self.connections {
            use crate::backends::query::QueryRunner;

            let wrong = |error: Error| error.at(format_args!("connection {name}"));
            let no_key = || {
                Error::invalid("connections", "its jobs need a key; set encryption_keys (CRON_MANAGER_ENCRYPTION_KEYS)")
            };
            let sealer = Arc::clone(sealer.ok_or_else(no_key).map_err(wrong)?);
            let runner = QueryRunner::new(connection, sealer, Arc::clone(clock)).map_err(wrong)?;
            runners.insert(format!("query:{name}"), Arc::new(runner));
        }
        Ok(runners)
    }
}
