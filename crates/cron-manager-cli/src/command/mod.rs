//! Running a command as cron does: by a shell, in an environment of its own, and in a process group that ends with the run.

#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Seek, Write},
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use cron_manager::{
    ActiveRun, Handler, HandlerResult, IntoHandler,
    backends::command::{Process, about},
    contracts::Clock,
};
use rustix::fs::{MemfdFlags, memfd_create};
use tokio::process::Command;

use crate::crontab::{DEFAULT_PATH, Script, Users};

/// What a command that was told to stop gets before it is killed.
pub(crate) const GRACE: Duration = Duration::from_secs(5);
/// A command and what it runs in.
pub(crate) struct ShellCommand {
    script: Script,
    users: Arc<Users>,
    clock: Arc<dyn Clock>,
}

impl ShellCommand {
    pub(crate) fn new(script: Script, users: Arc<Users>, clock: Arc<dyn Clock>) -> Self {
        Self { script, users, clock }
    }

    /// A handler that runs the command once per call. Exit status 0 is success; all else is an error that says how it ended.
    pub(crate) fn into_handler(self) -> impl Handler {
        let command = Arc::new(self);
        let handler = async move |run: ActiveRun| command.run(&run).await;
        handler.into_handler()
    }

    async fn run(&self, run: &ActiveRun) -> HandlerResult {
        let environment = self.environment(run);
        let process = self
            .start(&environment)
            .map_err(|error| format!("cannot start {} in {}: {error}", environment["SHELL"], environment["HOME"]))?;
        process.end(run, &*self.clock, GRACE).await
    }

    fn start(&self, environment: &BTreeMap<&str, String>) -> io::Result<Process> {
        let mut command = Command::new(&environment["SHELL"]);
        command.args(["-c", &self.script.command]).env_clear().envs(environment);
        command.current_dir(&environment["HOME"]).stdin(self.input()?);
        Process::start(command)
    }

    /// The standard input: a file in memory, so that nobody has to feed it.
    fn input(&self) -> io::Result<Stdio> {
        let Some(text) = &self.script.input else { return Ok(Stdio::null()) };
        let mut file = File::from(memfd_create("stdin", MemfdFlags::CLOEXEC)?);
        file.write_all(text.as_bytes())?;
        file.rewind()?;
        Ok(file.into())
    }

    /// cron's environment, the crontab's settings, and what tells the run from others.
    fn environment(&self, run: &ActiveRun) -> BTreeMap<&str, String> {
        let defaults = [("SHELL", "/bin/sh"), ("PATH", DEFAULT_PATH), ("HOME", &self.users.home)];
        let settings = self.script.settings.iter().map(|(name, value)| (&**name, value.clone()));
        let fixed = [("LOGNAME", self.users.name.clone()), ("USER", self.users.name.clone())];
        let fixed = fixed.into_iter().chain(about(run));
        defaults.map(|(name, value)| (name, value.to_owned())).into_iter().chain(settings).chain(fixed).collect()
    }
}
