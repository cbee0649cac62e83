//! A process of a run, and its end.

use std::{
    io,
    os::unix::process::ExitStatusExt,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use rustix::process::Signal;
use serde_json::json;
use tokio::process::{Child, Command};

use super::{group::Group, output::Output};
use crate::{ActiveRun, HandlerResult, Stop, contracts::Clock};

/// How long the output is read on after the command has ended, when processes it left behind hold it open.
const LEFT_OPEN: Duration = Duration::from_secs(2);
/// How often to look whether a process group is gone: nothing tells.
const LOOK: Duration = Duration::from_millis(20);

/// A command that was started for a run, in a process group of its own. Dropped, it is killed with its group.
pub struct Process {
    child: Child,
    group: Group,
    output: Output,
}

impl Process {
    /// Starts a command, whose output goes to the log of the run that [`Process::end`] is told.
    ///
    /// Errors: the system's.
    pub fn start(mut command: Command) -> io::Result<Self> {
        let (output, writer) = Output::pipe()?;
        command.process_group(0).stdout(Stdio::from(writer.try_clone()?)).stderr(writer);
        let child = command.spawn()?;
        // It holds the writing end.
        drop(command);
        let group = Group::led_by(&child);
        Ok(Self { child, group, output })
    }

    /// Waits for its end. When the run is told to stop, the group is asked to end (SIGTERM), and after `grace`, or at once when somebody
    /// else may run by now, made to (SIGKILL). Exit status 0 is success; all else is an error that says how it ended.
    pub async fn end(mut self, run: &ActiveRun, clock: &dyn Clock, grace: Duration) -> HandlerResult {
        let Self { child, output, .. } = &mut self;
        let ended = async {
            tokio::select! {
                status = child.wait() => Ok(status),
                why = run.stopped() => Err(why),
            }
        };
        let (status, stop) = match output.read_until(run, ended).await {
            Ok(status) => (status, None),
            Err(why) => (self.stop(run, why, clock, grace).await, Some(why)),
        };
        let Self { group, mut output, .. } = self;
        group.release();
        read_rest(&mut output, run, clock).await;
        verdict(status.map_err(|error| error.to_string())?, stop, run)
    }

    async fn stop(&mut self, run: &ActiveRun, why: Stop, clock: &dyn Clock, grace: Duration) -> io::Result<ExitStatus> {
        let Self { child, group, output } = self;
        if why != Stop::HoldLost {
            group.signal(Signal::TERM);
            let gone = async {
                // The command first: until it was waited for, its zombie keeps the group alive.
                let _ = child.wait().await;
                while group.is_alive() {
                    after(clock, LOOK).await;
                }
            };
            let end = async {
                tokio::select! {
                    () = gone => {}
                    () = after(clock, grace) => {}
                }
            };
            output.read_until(run, end).await;
        }
        group.signal(Signal::KILL);
        child.wait().await
    }
}

/// What tells a run from others, for the environment of its command.
pub fn about(run: &ActiveRun) -> [(&'static str, String); 6] {
    let row = run.run();
    [
        ("CRON_MANAGER_JOB", row.name.to_string()),
        ("CRON_MANAGER_RUN", row.id.to_string()),
        ("CRON_MANAGER_DUE_AT", row.due_at.to_string()),
        ("CRON_MANAGER_ATTEMPT", row.attempt.to_string()),
        ("CRON_MANAGER_FENCE", row.fence.to_string()),
        ("CRON_MANAGER_IDEMPOTENCY_KEY", row.idempotency_key()),
    ]
}

async fn read_rest(output: &mut Output, run: &ActiveRun, clock: &dyn Clock) {
    let all = tokio::select! {
        () = output.read(run) => true,
        () = after(clock, LEFT_OPEN) => false,
    };
    if !all {
        run.log("(a process that the command left behind holds the output open; it is read no further)");
    }
}

async fn after(clock: &dyn Clock, length: Duration) {
    clock.sleep_until(clock.elapsed() + length).await;
}

/// What a handler says about how its command ended.
fn verdict(status: ExitStatus, stop: Option<Stop>, run: &ActiveRun) -> HandlerResult {
    let stopped = match (stop, run.timeout()) {
        (None, _) => String::new(),
        (Some(Stop::TimedOut), Some(timeout)) => format!("stopped after {timeout:?}: "),
        (Some(why), _) => format!("{why}: "),
    };
    match (status.code(), status.signal()) {
        (Some(0), _) => Ok(json!({ "exitStatus": 0 })),
        (Some(code), _) => Err(format!("{stopped}exit status {code}")),
        (None, Some(signal)) => Err(format!("{stopped}killed by signal {signal}")),
        (None, None) => Err(format!("{stopped}{status}")),
    }
}
