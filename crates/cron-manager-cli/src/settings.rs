//! The settings, whose nearest layer are the flags.

use std::{ffi::OsString, path::PathBuf};

use clap::{Arg, ArgMatches, Args, Command, Error, FromArgMatches, value_parser};
use cron_manager::settings::{SETTINGS, Setting, Settings, Sources};

use crate::failure::Failure;

/// The name of the flag for the file.
const FILE: &str = "settings";

/// The flags: one for each setting, and the file.
pub(crate) struct SettingsArguments {
    flags: Vec<(String, OsString)>,
    file: Option<PathBuf>,
}

impl SettingsArguments {
    /// The settings by flags, environment, files and defaults.
    pub(crate) fn load(&self) -> Result<Settings, Failure> {
        let sources = Sources { flags: self.flags.clone(), settings: self.file.clone(), ..Sources::of_this_process() };
        Ok(Settings::load_with(&sources)?)
    }
}

impl Args for SettingsArguments {
    fn augment_args(command: Command) -> Command {
        let file = Arg::new(FILE).long(FILE).value_name("FILE").value_parser(value_parser!(PathBuf)).help(
            "The settings file, in place of ./cron-manager.toml, $XDG_CONFIG_HOME/cron-manager/cron-manager.toml and \
             /etc/cron-manager/cron-manager.toml [env: CRON_MANAGER_SETTINGS]",
        );
        command.next_help_heading("Settings").args(SETTINGS.iter().map(flag)).arg(file).next_help_heading(None::<&str>)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

fn flag(setting: &Setting) -> Arg {
    let file_variable = setting.file_variable().map_or_else(String::new, |name| format!(", {name}"));
    let help =
        format!("{} [env: {}{file_variable}] [default: {}]", setting.about, setting.variable, setting.default_text());
    Arg::new(setting.name).long(setting.flag).value_name(setting.value).value_parser(value_parser!(OsString)).help(help)
}

impl FromArgMatches for SettingsArguments {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let given =
            |setting: &Setting| Some((setting.name.to_owned(), matches.get_one::<OsString>(setting.name)?.clone()));
        Ok(Self { flags: SETTINGS.iter().filter_map(given).collect(), file: matches.get_one(FILE).cloned() })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
