//! Jobs that run a command which the operator of the server has listed.
//!
//! A config can only name one. There is no shell: what the context gives is one argument each, whatever stands in it.
//!
//! | file | does |
//! |---|---|
//! | `find` | finds the program of one before it is run |
//! | `process` | starts a command and sees to its end |
//! | `group` | signals all that a command has started |
//! | `output` | reads what it prints |

mod find;
mod group;
mod output;
mod process;

use std::{process::Stdio, sync::Arc, time::Duration};

use async_trait::async_trait;
use tokio::process::Command;

pub use find::find;
pub use process::{Process, about};

use crate::{ActiveRun, Handler, HandlerResult, ListedCommand, Result, contracts::Clock};

/// Runs one listed command.
pub struct CommandRunner {
    command: ListedCommand,
    clock: Arc<dyn Clock>,
    grace: Duration,
}

impl CommandRunner {
    /// A runner of `command`, which has `grace` to end after SIGTERM.
    ///
    /// Errors: invalid argument (`commands`), which says what is wrong with the command.
    pub fn new(command: ListedCommand, clock: Arc<dyn Clock>, grace: Duration) -> Result<Self> {
        command.check()?;
        Ok(Self { command, clock, grace })
    }
}

#[async_trait]
impl Handler for CommandRunner {
    async fn call(&self, run: ActiveRun) -> HandlerResult {
        let ListedCommand { env, directory, path, .. } = &self.command;
        let argv = self.command.arguments(run.context())?;
        let (program, arguments) = argv.split_first().ok_or("the command has no program")?;
        let mut command = Command::new(program);
        command.args(arguments).env_clear().env("PATH", path).envs(env).envs(about(&run));
        command.current_dir(directory).stdin(Stdio::null());
        let process = Process::start(command)
            .map_err(|error| format!("cannot start {program} in {}: {error}", directory.display()))?;
        process.end(&run, &*self.clock, self.grace).await
    }
}
