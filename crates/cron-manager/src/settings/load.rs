//! Looking through the layers, the nearest first.

use std::{
    collections::BTreeMap,
    env,
    ffi::{OsStr, OsString},
    fs,
    path::{Path, PathBuf},
};

use super::{
    Found, SETTINGS, Setting, Settings, Source,
    file::{self, SettingsFile},
};
use crate::{Error, Result};

/// What a settings file is called.
const FILE: &str = "cron-manager.toml";
/// The variable that names a settings file.
const FILE_VARIABLE: &str = "CRON_MANAGER_SETTINGS";

/// Where settings are looked for.
#[derive(Clone, Default)]
pub struct Sources {
    /// The flags that were given: the names of settings, as in a file, and their values.
    pub flags: Vec<(String, OsString)>,
    /// The environment. A variable that is empty counts as one that is not set.
    pub environment: BTreeMap<OsString, OsString>,
    /// The settings file that was asked for, which must be there; without it, the one that the variable `CRON_MANAGER_SETTINGS` names.
    /// No other file is then looked at.
    pub settings: Option<PathBuf>,
    /// The files to look at otherwise, the nearest first. Those that are not there are passed over.
    pub files: Vec<PathBuf>,
}

impl Sources {
    /// This process's environment, and the files `cron-manager.toml` in the working folder, in `$XDG_CONFIG_HOME/cron-manager`
    /// (`~/.config/cron-manager`), and in `/etc/cron-manager`.
    pub fn of_this_process() -> Self {
        let mut sources = Self { environment: env::vars_os().collect(), ..Self::default() };
        // The XDG base directory specification has relative paths ignored.
        let absolute = |name| sources.variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let config = absolute("XDG_CONFIG_HOME").or_else(|| Some(absolute("HOME")?.join(".config")));
        let folders = config.into_iter().chain([PathBuf::from("/etc")]).map(|folder| folder.join("cron-manager"));
        sources.files = [PathBuf::from(FILE)].into_iter().chain(folders.map(|folder| folder.join(FILE))).collect();
        sources
    }

    fn variable(&self, name: &str) -> Option<&OsStr> {
        self.environment.get(OsStr::new(name)).map(OsString::as_os_str).filter(|value| !value.is_empty())
    }

    fn settings_files(&self) -> Result<Vec<SettingsFile>> {
        let asked = self.settings.as_deref().or_else(|| self.variable(FILE_VARIABLE).map(Path::new));
        match asked {
            Some(path) => match file::read(path)? {
                Some(file) => Ok(vec![file]),
                None => Err(Error::invalid("settings", format!("there is no file {}", path.display()))),
            },
            None => self.files.iter().filter_map(|path| file::read(path).transpose()).collect(),
        }
    }
}

pub(super) fn load(sources: &Sources) -> Result<Settings> {
    let files = sources.settings_files()?;
    let mut settings = Settings::default();
    for setting in SETTINGS {
        if let Some((value, source)) = find(setting, sources, &files)? {
            let wrong = |why| Error::invalid(setting.name, format!("{source}: {why}"));
            (setting.take)(&mut settings, &value).map_err(wrong)?;
            Found::remember(setting, &mut settings, source);
        }
    }
    // What the nearest file says of a name counts.
    for file in files.into_iter().rev() {
        settings.commands.extend(file.commands);
        settings.connections.extend(file.connections);
    }
    Ok(settings)
}

/// The nearest value, and where it was found.
fn find(setting: &Setting, sources: &Sources, files: &[SettingsFile]) -> Result<Option<(OsString, Source)>> {
    let mut flags = sources.flags.iter().filter(|(name, value)| name == setting.name && !value.is_empty());
    if let Some((_, value)) = flags.next_back() {
        return Ok(Some((value.clone(), Source::Flag(setting.flag))));
    }
    if let Some(found) = in_environment(setting, sources)? {
        return Ok(Some(found));
    }
    Ok(files.iter().find_map(|file| file.find(setting.name)))
}

fn in_environment(setting: &Setting, sources: &Sources) -> Result<Option<(OsString, Source)>> {
    let value = sources.variable(setting.variable);
    let file = setting.file_variable().and_then(|name| Some((sources.variable(&name)?, name)));
    match (value, file) {
        (Some(_), Some((_, name))) => {
            let message = format!("{} and {name} are both set; unset one of them", setting.variable);
            Err(Error::invalid(setting.name, message))
        }
        (Some(value), None) => Ok(Some((value.to_owned(), Source::Environment(setting.variable.to_owned())))),
        (None, Some((path, name))) => {
            let wrong = |why: &dyn std::fmt::Display| {
                let message = format!("environment {name}: {}: {why}", Path::new(path).display());
                Error::invalid(setting.name, message)
            };
            let text = fs::read_to_string(path).map_err(|error| wrong(&error))?;
            match text.strip_suffix('\n').map_or(&*text, |line| line.strip_suffix('\r').unwrap_or(line)) {
                "" => Err(wrong(&"the file is empty")),
                value => Ok(Some((value.into(), Source::Environment(name)))),
            }
        }
        (None, None) => Ok(None),
    }
}
