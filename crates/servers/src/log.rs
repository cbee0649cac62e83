//! What a server's programs print.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// A log in a server's folder.
pub(crate) struct Log(PathBuf);

impl Log {
    pub(crate) fn within(folder: &Path) -> Self {
        Self(folder.join("log"))
    }

    /// Lets a command write to it.
    pub(crate) fn record(&self, command: &mut Command) -> io::Result<()> {
        let file = File::options().create(true).append(true).open(&self.0)?;
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
        Ok(())
    }

    /// What happened, with the end of the log.
    pub(crate) fn failure(&self, what: &str) -> io::Error {
        const LINES: usize = 30;
        let log = fs::read_to_string(&self.0).unwrap_or_default();
        let lines: Vec<_> = log.lines().collect();
        let end = lines[lines.len().saturating_sub(LINES)..].join("\n");
        io::Error::other(format!("{what}; the end of its log:\n{end}"))
    }
}
