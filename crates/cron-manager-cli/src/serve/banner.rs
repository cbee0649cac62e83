//! What is said at the start.

use std::{net::SocketAddr, path::Path};

use cron_manager::{CronConfig, Settings, api::serve::ServeOptions};

use crate::{crontab::Crontab, data::Database, terminal::say};

/// All that there is to say before the first run.
pub(super) struct Banner<'a> {
    pub(super) address: SocketAddr,
    pub(super) options: &'a ServeOptions,
    pub(super) database: &'a Database,
    pub(super) settings: &'a Settings,
    /// `None`: the sample.
    pub(super) file: Option<&'a Path>,
    pub(super) crontab: &'a Crontab,
    /// The configs of the crontab's jobs.
    pub(super) configs: &'a [CronConfig],
    /// The configs that no line runs.
    pub(super) orphans: &'a [CronConfig],
}

impl Banner<'_> {
    /// Says it.
    pub(super) fn print(&self) {
        let address = self.address;
        say(format_args!("cron-manager {}", env!("CARGO_PKG_VERSION")));
        let scheme = if self.options.is_encrypted() { "https" } else { "http" };
        let token = if self.settings.http.token.is_some() { "-H 'Authorization: Bearer TOKEN' " } else { "" };
        say(format_args!("  http     {scheme}://{address}, and gRPC with reflection on the same port"));
        say(format_args!("  try      curl {token}'{scheme}://{address}/v1/cron-job?pageSize=5'"));
        say(format_args!("  crontab  {}", self.crontab_line()));
        say(format_args!("  data     {}", self.database));
        if let Some(redis) = &self.settings.redis_url {
            say(format_args!("  locks    {redis}, at {}NAME", self.settings.redis_prefix));
        }
        if matches!(self.database, Database::Embedded(_)) {
            say(format_args!(
                "  replicas DATABASE_URL=postgres://USER:PASSWORD@HOST/DATABASE cron-manager serve, as often as you like"
            ));
        }
        if !self.settings.cron_manager {
            let source = self.settings.source("cron_manager");
            say(format_args!("  off      cron_manager is false ({source}): nothing runs in this process"));
        }
        say("  end      Ctrl-C\n");
        self.print_remarks();
        self.print_configs();
    }

    fn crontab_line(&self) -> String {
        let jobs = match self.crontab.jobs.len() {
            1 => "1 job".to_owned(),
            count => format!("{count} jobs"),
        };
        match self.file {
            Some(file) => format!("{}, {jobs}", file.display()),
            None => format!("the sample, {jobs}; for your own: crontab -l > FILE; cron-manager serve --crontab FILE"),
        }
    }

    fn print_remarks(&self) {
        for (name, line) in &self.crontab.unheeded {
            say(format_args!(
                "line {line}: {name} is accepted and not heeded; what a run prints is kept with the run\n"
            ));
        }
        for problem in &self.crontab.problems {
            say(format_args!("{problem}\n"));
        }
    }

    fn print_configs(&self) {
        let deleted = self.configs.iter().filter(|config| config.deleted_at.is_some());
        let disabled = self.configs.iter().filter(|config| config.deleted_at.is_none() && !config.enabled);
        for (names, what) in [
            (names(deleted), "deleted in the database, so the line does not run"),
            (names(disabled), "switched off in the database, so ticks are recorded as skipped (disabled)"),
            (
                names(self.orphans.iter()),
                "no line of this crontab runs it, so ticks are recorded as skipped (no_handler)",
            ),
        ] {
            if !names.is_empty() {
                say(format_args!("{names}: {what}\n"));
            }
        }
    }
}

/// The first names, and how many more there are.
fn names<'a>(configs: impl Iterator<Item = &'a CronConfig>) -> String {
    const NAMED: usize = 10;
    let mut names: Vec<String> = configs.map(|config| config.name.to_string()).collect();
    if let Some(more) = names.len().checked_sub(NAMED).filter(|more| *more > 0) {
        names.truncate(NAMED);
        names.push(format!("and {more} more"));
    }
    names.join(", ")
}
