//! The library's own runners of jobs.

#[cfg(feature = "command-jobs")]
use std::collections::BTreeMap;
use std::{collections::HashMap, sync::Arc};

use crate::{Handler, Result, contracts::Clock, scheduler::Tuning};

#[cfg(feature = "command-jobs")]
use crate::{CommandJob, JobType, ListedCommand};

#[cfg(feature = "settings")]
use crate::settings::Settings;

/// What the library's own runners go by.
#[derive(Default)]
pub(super) struct OwnRunners {
    #[cfg(feature = "http-jobs")]
    pub(super) http_allow_private_addresses: Option<bool>,
    #[cfg(feature = "command-jobs")]
    pub(super) commands: BTreeMap<String, ListedCommand>,
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
    }

    /// The runners of this build.
    pub(super) fn into_runners(
        self,
        clock: &Arc<dyn Clock>,
        tuning: &Tuning,
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
            let named = JobType::Command(CommandJob { name }).runner();
            runners.extend(named.map(|named| (named, Arc::new(runner) as Arc<dyn Handler>)));
        }
        Ok(runners)
    }
}
