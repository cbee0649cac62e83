//! Where each value was found.

use std::{collections::BTreeMap, ffi::OsString, fmt, path::PathBuf};

use super::{Setting, Settings};

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// The flag of this name, without the dashes.
    Flag(&'static str),
    /// The environment variable of this name.
    Environment(String),
    /// A line of a settings file.
    File {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// The program itself.
    Code,
    /// Nobody said anything.
    Default,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => write!(f, "flag --{name}"),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::File { path, line } => write!(f, "file {}:{line}", path.display()),
            Self::Code => f.write_str("code"),
            Self::Default => f.write_str("default"),
        }
    }
}

/// A setting for people to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Its name, as in a settings file.
    pub name: &'static str,
    /// Its value, without secrets; `None`: it has none.
    pub value: Option<String>,
    /// Where the value comes from.
    pub source: Source,
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {} ({})", self.name, self.value.as_deref().unwrap_or("-"), self.source)
    }
}

/// Where the values of [`Settings`] were found.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Found(BTreeMap<&'static str, Finding>);

#[derive(Clone, PartialEq, Eq)]
struct Finding {
    source: Source,
    /// The value that was found there: code may have put another one in its place.
    text: Option<OsString>,
}

impl Found {
    /// Remembers that the value that `settings` now have for `setting` comes from `source`.
    pub(super) fn remember(setting: &Setting, settings: &mut Settings, source: Source) {
        let text = (setting.text)(settings);
        settings.found.0.insert(setting.name, Finding { source, text });
    }

    pub(super) fn source(&self, setting: &Setting, settings: &Settings) -> Source {
        let text = (setting.text)(settings);
        match self.0.get(setting.name) {
            Some(finding) if finding.text == text => finding.source.clone(),
            None if text == (setting.text)(&Settings::default()) => Source::Default,
            _ => Source::Code,
        }
    }
}

/// The sources alone: the values may be secret.
impl fmt::Debug for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.0.iter().map(|(name, finding)| (name, &finding.source))).finish()
    }
}
