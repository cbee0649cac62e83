//! The library's own runners of jobs.

use std::{collections::HashMap, sync::Arc};

use crate::{Handler, Result, contracts::Clock};

#[cfg(feature = "settings")]
use crate::settings::Settings;

/// What the library's own runners go by.
#[derive(Default)]
pub(super) struct OwnRunners {
    #[cfg(feature = "http-jobs")]
    pub(super) http_allow_private_addresses: Option<bool>,
}

impl OwnRunners {
    /// Takes from the settings what was not said otherwise.
    #[cfg(feature = "settings")]
    pub(super) fn settle(&mut self, settings: &Settings) {
        #[cfg(feature = "http-jobs")]
        self.http_allow_private_addresses.get_or_insert(settings.http_allow_private_addresses);
    }

    /// The runners of this build.
    pub(super) fn into_runners(self, clock: &Arc<dyn Clock>) -> Result<HashMap<String, Arc<dyn Handler>>> {
        let mut runners: HashMap<String, Arc<dyn Handler>> = HashMap::new();
        #[cfg(feature = "http-jobs")]
        {
            use crate::backends::http::HttpRunner;

            let http = HttpRunner::new(Arc::clone(clock))?;
            let http = http.allow_private_addresses(self.http_allow_private_addresses.unwrap_or(false));
            runners.insert("http".into(), Arc::new(http));
        }
        Ok(runners)
    }
}
