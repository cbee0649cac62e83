//! The settings, whose nearest layer are the flags.

use std::{ffi::OsString, marker::PhantomData, path::PathBuf};

use clap::{Arg, ArgMatches, Args, Command, Error, FromArgMatches, value_parser};
use cron_manager::settings::{SETTINGS, Setting, Settings, Sources};

use crate::failure::Failure;

/// The name of the flag for the file.
const FILE: &str = "settings";

/// The flags of a program that serves, or looks at what one would use.
pub(crate) type SettingsArguments = Flags<OfService>;
/// The flags of a command that asks a running server.
pub(crate) type ServerArguments = Flags<OfServer>;

/// Which settings have flags.
pub(crate) trait Selection {
    /// What they are called together.
    const HEADING: &'static str;
    /// Whether they may stand behind the commands below theirs, too.
    const GLOBAL: bool;
    /// Whether this one has.
    fn takes(setting: &Setting) -> bool;
}

pub(crate) struct OfService;
pub(crate) struct OfServer;

impl Selection for OfService {
    const HEADING: &'static str = "Settings";
    const GLOBAL: bool = false;

    fn takes(setting: &Setting) -> bool {
        !matches!(setting.name, "server" | "server_ca")
    }
}

impl Selection for OfServer {
    const HEADING: &'static str = "Server";
    const GLOBAL: bool = true;

    fn takes(setting: &Setting) -> bool {
        matches!(setting.name, "server" | "server_ca" | "token")
    }
}

/// The flags: one for each setting of the selection, and the file.
pub(crate) struct Flags<S> {
    flags: Vec<(String, OsString)>,
    file: Option<PathBuf>,
    selection: PhantomData<S>,
}

impl<S: Selection> Flags<S> {
    /// The settings by flags, environment, files and defaults.
    pub(crate) fn load(&self) -> Result<Settings, Failure> {
        let sources = Sources { flags: self.flags.clone(), settings: self.file.clone(), ..Sources::of_this_process() };
        Ok(Settings::load_with(&sources)?)
    }
}

impl<S: Selection> Args for Flags<S> {
    fn augment_args(command: Command) -> Command {
        let file = Arg::new(FILE).long(FILE).value_name("FILE").value_parser(value_parser!(PathBuf)).help(
            "The settings file, in place of ./cron-manager.toml, $XDG_CONFIG_HOME/cron-manager/cron-manager.toml and \
             /etc/cron-manager/cron-manager.toml [env: CRON_MANAGER_SETTINGS]",
        );
        let flags = SETTINGS.iter().filter(|setting| S::takes(setting)).map(flag).chain([file]);
        let flags = flags.map(|flag| flag.global(S::GLOBAL));
        command.next_help_heading(S::HEADING).args(flags).next_help_heading(None::<&str>)
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

impl<S: Selection> FromArgMatches for Flags<S> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let given =
            |setting: &Setting| Some((setting.name.to_owned(), matches.get_one::<OsString>(setting.name)?.clone()));
        let flags = SETTINGS.iter().filter(|setting| S::takes(setting)).filter_map(given).collect();
        Ok(Self { flags, file: matches.get_one(FILE).cloned(), selection: PhantomData })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
