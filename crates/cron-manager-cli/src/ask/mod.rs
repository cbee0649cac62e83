//! The commands that ask a running server.
//!
//! | file | does |
//! |---|---|
//! | `args`, `fields`, `job`, `words` | say what can be written, and read it |
//! | `config`, `calendar`, `run`, `access` | the commands |
//! | `follow` | shows what happens, as it happens |

mod access;
mod args;
mod calendar;
mod config;
mod fields;
mod follow;
mod job;
mod run;
mod words;

use std::{
    fs,
    future::Future,
    io::{self, BufRead, IsTerminal},
};

use cron_manager::{Client, CronConfigId, Error, ErrorKind, client::proto};
use futures_util::{Stream, StreamExt, TryStreamExt};
use serde_json::Value;
use tokio::runtime;

use crate::{
    failure::Failure,
    output::{self, Format},
    terminal::say,
};
pub(crate) use access::{audit, control, replica, token};
use args::{Asking, Sure};
pub(crate) use args::{
    AuditArguments, ConfigArguments, ControlArguments, ReplicaArguments, RunArguments, TokenArguments,
};
pub(crate) use calendar::{CalendarArguments, calendar};
pub(crate) use config::config;
pub(crate) use run::run;

/// Why a command did not do what it should.
enum Trouble {
    /// The server said so, or did not answer.
    Asked(Error),
    /// Something here.
    Here(Failure),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Asked(error)
    }
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Here(failure)
    }
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        let error = match trouble {
            Trouble::Here(failure) => return failure,
            Trouble::Asked(error) => error,
        };
        let mend = match error.kind() {
            ErrorKind::Unavailable if error.message().contains("does not answer") => {
                "\n`cron-manager serve` starts a server; --server URL or CRON_MANAGER_SERVER names another one"
            }
            ErrorKind::Unauthenticated => "\nCRON_MANAGER_TOKEN, or CRON_MANAGER_TOKEN_FILE, gives the token to show",
            ErrorKind::Conflict => "\nsomebody was faster: look at it with `get`, and try again with its etag",
            _ => return error.into(),
        };
        Self::Failed(format!("{error}{mend}"))
    }
}

/// A server, and the form in which its answers are shown.
struct Server {
    client: Client,
    format: Format,
}

impl Server {
    async fn of(asking: &Asking, reason: Option<&str>) -> Result<Self, Trouble> {
        let settings = asking.server.load()?.client;
        let mut builder = Client::builder(&settings.server);
        if let Some(token) = &settings.token {
            builder = builder.token(token.expose());
        }
        if let Some(file) = &settings.server_ca {
            let wrong = |error| Failure::Usage(format!("server_ca: cannot read {}: {error}", file.display()));
            builder = builder.ca(fs::read_to_string(file).map_err(wrong)?);
        }
        let client = builder.build().await?;
        let client = reason.map_or_else(|| client.clone(), |reason| client.because(reason));
        Ok(Self { client, format: asking.output.format })
    }

    /// The config with this name or id: what is made of digits alone is an id.
    async fn config(&self, text: &str) -> Result<proto::CronConfig, Trouble> {
        match number(text)? {
            Some(id) => Ok(self.client.cron_config(CronConfigId(id)).await?),
            None => Ok(self.client.cron_config_named(text).await?),
        }
    }

    /// The id of the config with this name or id.
    async fn config_id(&self, text: &str) -> Result<CronConfigId, Trouble> {
        match number(text)? {
            Some(id) => Ok(CronConfigId(id)),
            None => Ok(CronConfigId(self.client.cron_config_named(text).await?.id())),
        }
    }

    /// Prints a list, and says so if there is nothing in it.
    fn list(&self, what: &str, rows: &[Value], columns: &[&str]) -> Result<(), Trouble> {
        if rows.is_empty() {
            say(format_args!("no {what}"));
        }
        Ok(output::print_columns(self.format, rows, columns)?)
    }

    /// Prints one thing.
    fn show(&self, object: &Value) -> Result<(), Trouble> {
        Ok(output::print_object(self.format, object)?)
    }
}

/// What is made of digits alone, as a number.
fn number<N: std::str::FromStr>(text: &str) -> Result<Option<N>, Failure> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| Failure::Usage(format!("{text} is no id: it is too large")))
}

/// The first rows of a list.
async fn first<T>(rows: impl Stream<Item = cron_manager::Result<T>>, limit: u32) -> Result<Vec<T>, Trouble> {
    Ok(rows.take(limit as usize).try_collect().await?)
}

/// Asks whoever sits there, unless they have said so already.
fn ask(sure: &Sure, question: &str) -> Result<(), Failure> {
    if sure.yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        return Err(Failure::Usage(format!("{question} --yes says so")));
    }
    say(format_args!("{question} [y/N]"));
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    match read.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes") {
        true => Ok(()),
        false => Err(Failure::Failed("nothing was done".into())),
    }
}

/// Runs a command to its end, or until Ctrl-C ends the program.
fn block_on(command: impl Future<Output = Result<(), Trouble>>) -> Result<(), Failure> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::Failed(format!("cannot start: {error}")))?;
    Ok(runtime.block_on(command)?)
}
