//! Reading a settings file.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs,
    io::ErrorKind,
    ops::Range,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use toml::de::{DeTable, DeValue};

use super::{Kind, SETTINGS, SecretUrl, Setting, Source, listed};
use crate::{Error, ListedCommand, ListedConnection, Result, error::ErrorKind as Wrong};

/// A settings file that was read.
pub(super) struct SettingsFile {
    path: PathBuf,
    /// By the names of their settings, the values and their lines.
    values: BTreeMap<&'static str, (String, usize)>,
    /// The commands that it lists.
    pub(super) commands: BTreeMap<String, ListedCommand>,
    /// The databases that it lists.
    pub(super) connections: BTreeMap<String, ListedConnection>,
}

impl SettingsFile {
    /// The value of a setting, and where it stands.
    pub(super) fn find(&self, name: &str) -> Option<(OsString, Source)> {
        let (value, line) = self.values.get(name)?;
        Some((value.into(), Source::File { path: self.path.clone(), line: *line }))
    }
}

/// Reads a file; `None`: it is not there.
pub(super) fn read(path: &Path) -> Result<Option<SettingsFile>> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if [ErrorKind::NotFound, ErrorKind::NotADirectory].contains(&error.kind()) => return Ok(None),
        Err(error) => {
            return Err(
                Error::new(Wrong::InvalidArgument, format!("{} cannot be read", path.display())).with_source(error)
            );
        }
    };
    let file = parse(path, &text)?;
    warn_of_readers(&file);
    Ok(Some(file))
}

fn parse(path: &Path, text: &str) -> Result<SettingsFile> {
    let line_of = |span: Range<usize>| text.bytes().take(span.start).filter(|byte| *byte == b'\n').count() + 1;
    // The whole error would show the line, and that may hold a secret.
    let broken = |error: toml::de::Error| {
        let line = error.span().map(line_of).map_or_else(String::new, |line| format!(":{line}"));
        let message = format!("{}{line}: this is no TOML: {}", path.display(), error.message());
        Error::new(Wrong::InvalidArgument, message)
    };
    let table = DeTable::parse(text).map_err(broken)?;
    let mut file = SettingsFile {
        path: path.to_owned(),
        values: BTreeMap::new(),
        commands: BTreeMap::new(),
        connections: BTreeMap::new(),
    };
    for (key, value) in table.get_ref() {
        let line = line_of(key.span());
        let place = format!("file {}:{line}", path.display());
        let name: &str = key.get_ref();
        let listed = |error: Error| error.at(&place);
        match name {
            listed::COMMANDS => {
                file.commands = listed::commands(value.get_ref()).map_err(listed)?;
                continue;
            }
            listed::CONNECTIONS => {
                file.connections = listed::connections(value.get_ref()).map_err(listed)?;
                continue;
            }
            _ => {}
        }
        let Some(setting) = SETTINGS.iter().find(|setting| setting.name == name) else {
            let message = format!("{place}: there is no setting `{name}`; {}", hint(name));
            return Err(Error::new(Wrong::InvalidArgument, message));
        };
        let value =
            scalar(setting, value.get_ref()).map_err(|why| Error::invalid(setting.name, format!("{place}: {why}")))?;
        file.values.insert(setting.name, (value, line));
    }
    Ok(file)
}

/// The value as a text, if it is of the setting's kind.
fn scalar(setting: &Setting, value: &DeValue<'_>) -> Result<String, String> {
    match (setting.kind, value) {
        (Kind::Switch, DeValue::Boolean(on)) => Ok(on.to_string()),
        (Kind::Count, DeValue::Integer(number)) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => Ok(number.to_string()),
            Err(_) => Err(format!("{number} is too large")),
        },
        (Kind::Text | Kind::Secret, DeValue::String(text)) if text.is_empty() => {
            Err("is empty; leave the line out".to_owned())
        }
        (Kind::Text | Kind::Secret, DeValue::String(text)) => Ok(text.to_string()),
        (kind, value) => {
            let wanted = match kind {
                Kind::Switch => "true or false, without quotes",
                Kind::Count => "a whole number, without quotes",
                Kind::Text | Kind::Secret => "a text in quotes",
            };
            Err(format!("write {wanted}; this is of the type {}", value.type_str()))
        }
    }
}

/// The setting that was probably meant, or all there are.
fn hint(name: &str) -> String {
    let distance = |setting: &&Setting| edits(name, setting.name);
    match SETTINGS.iter().min_by_key(distance).filter(|nearest| distance(nearest) <= nearest.name.len() / 3) {
        Some(nearest) => format!("`{}` was perhaps meant", nearest.name),
        None => format!("there are {}", SETTINGS.iter().map(|setting| setting.name).collect::<Vec<_>>().join(", ")),
    }
}

/// How many characters must be put in, taken out or replaced to come from one text to the other (Levenshtein).
fn edits(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (at, c) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = at + 1;
        for (column, other) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(c != *other);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}

/// Warns when everybody on this machine can read a secret.
fn warn_of_readers(file: &SettingsFile) {
    const OTHERS_READ: u32 = 0o004;
    let is_secret = |setting: &&Setting| {
        let value = file.values.get(setting.name).filter(|_| setting.secret);
        value.is_some_and(|(value, _)| setting.hides(value))
    };
    let open = fs::metadata(&file.path).is_ok_and(|metadata| metadata.permissions().mode() & OTHERS_READ != 0);
    let name = SETTINGS.iter().find(is_secret).map(|setting| setting.name);
    let has_password = |connection: &ListedConnection| SecretUrl::from(&*connection.url).hides_something();
    let listed = file.connections.values().any(has_password).then_some(listed::CONNECTIONS);
    if let Some(name) = name.or(listed).filter(|_| open) {
        tracing::warn!(
            "{} holds a secret ({}), and everybody on this machine can read it: chmod o-r it",
            file.path.display(),
            name
        );
    }
}
