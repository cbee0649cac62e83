//! Running a command as cron does: by a shell, in an environment of its own, and in a process group that ends with the run.

mod group;
mod output;

#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Seek, Write},
    process::{ExitStatus, Stdio},
    sync::Arc,
    time::Duration,
};

use cron_manager::{ActiveRun, Handler, IntoHandler, Stop, contracts::Clock};
use rustix::{
    fs::{MemfdFlags, memfd_create},
    process::Signal,
};
use serde_json::{Value, json};
use tokio::process::{Child, Command};

use crate::crontab::{DEFAULT_PATH, Script, Users};
use group::Group;
use output::Output;

/// What a command that was told to stop gets before it is killed.
pub(crate) const GRACE: Duration = Duration::from_secs(5);
/// How long the output is read on after the command has ended, when processes it left behind hold it open.
const LEFT_OPEN: Duration = Duration::from_secs(2);
/// How often to look whether a process group is gone: nothing tells.
const LOOK: Duration = Duration::from_millis(20);

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

    async fn run(&self, run: &ActiveRun) -> Result<Value, String> {
        let environment = self.environment(run);
        let (mut child, mut output) = self
            .start(&environment)
            .map_err(|error| format!("cannot start {} in {}: {error}", environment["SHELL"], environment["HOME"]))?;
        let group = Group::led_by(&child);
        let ended = async {
            tokio::select! {
                status = child.wait() => Ok(status),
                why = run.stopped() => Err(why),
            }
        };
        let (status, stop) = match output.read_until(run, ended).await {
            Ok(status) => (status, None),
            Err(why) => (self.stop(&mut child, &group, &mut output, run, why).await, Some(why)),
        };
        group.release();
        self.read_rest(&mut output, run).await;
        verdict(status.map_err(|error| error.to_string())?, stop, run)
    }

    fn start(&self, environment: &BTreeMap<&str, String>) -> io::Result<(Child, Output)> {
        let (output, writer) = Output::pipe()?;
        let child = Command::new(&environment["SHELL"])
            .args(["-c", &self.script.command])
            .env_clear()
            .envs(environment)
            .current_dir(&environment["HOME"])
            .process_group(0)
            .stdin(self.input()?)
            .stdout(writer.try_clone()?)
            .stderr(writer)
            .spawn()?;
        Ok((child, output))
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
        let row = run.run();
        let fixed = [
            ("LOGNAME", self.users.name.clone()),
            ("USER", self.users.name.clone()),
            ("CRON_MANAGER_JOB", row.name.to_string()),
            ("CRON_MANAGER_RUN", row.id.to_string()),
            ("CRON_MANAGER_DUE_AT", row.due_at.to_string()),
            ("CRON_MANAGER_ATTEMPT", row.attempt.to_string()),
            ("CRON_MANAGER_FENCE", row.fence.to_string()),
            ("CRON_MANAGER_IDEMPOTENCY_KEY", row.idempotency_key()),
        ];
        defaults.map(|(name, value)| (name, value.to_owned())).into_iter().chain(settings).chain(fixed).collect()
    }

    /// Ends the group: it is asked to, and after the grace, or at once when somebody else may run by now, it is made to.
    async fn stop(
        &self,
        child: &mut Child,
        group: &Group,
        output: &mut Output,
        run: &ActiveRun,
        why: Stop,
    ) -> io::Result<ExitStatus> {
        if why != Stop::HoldLost {
            group.signal(Signal::TERM);
            let gone = async {
                // The shell first: until it was waited for, its zombie keeps the group alive.
                let _ = child.wait().await;
                while group.is_alive() {
                    self.after(LOOK).await;
                }
            };
            let end = async {
                tokio::select! {
                    () = gone => {}
                    () = self.after(GRACE) => {}
                }
            };
            output.read_until(run, end).await;
        }
        group.signal(Signal::KILL);
        child.wait().await
    }

    async fn read_rest(&self, output: &mut Output, run: &ActiveRun) {
        let all = tokio::select! {
            () = output.read(run) => true,
            () = self.after(LEFT_OPEN) => false,
        };
        if !all {
            run.log("(a process that the command left behind holds the output open; it is read no further)");
        }
    }

    async fn after(&self, length: Duration) {
        self.clock.sleep_until(self.clock.elapsed() + length).await;
    }
}

/// What a handler says about how its command ended.
fn verdict(status: ExitStatus, stop: Option<Stop>, run: &ActiveRun) -> Result<Value, String> {
    let stopped = match (stop, run.timeout()) {
        (None, _) => String::new(),
        (Some(Stop::TimedOut), Some(timeout)) => format!("stopped after {timeout:?}: "),
        (Some(Stop::TimedOut), None) => "stopped after its timeout: ".to_owned(),
        (Some(Stop::ShutDown), _) => "stopped by the shutdown: ".to_owned(),
        (Some(Stop::LockLost), _) => "stopped when the lock was lost: ".to_owned(),
        (Some(Stop::HoldLost), _) => "stopped when the hold was lost: ".to_owned(),
        (Some(_), _) => "stopped: ".to_owned(),
    };
    match (status.code(), std::os::unix::process::ExitStatusExt::signal(&status)) {
        (Some(0), _) => Ok(json!({ "exitStatus": 0 })),
        (Some(code), _) => Err(format!("{stopped}exit status {code}")),
        (None, Some(signal)) => Err(format!("{stopped}killed by signal {signal}")),
        (None, None) => Err(format!("{stopped}{status}")),
    }
}
