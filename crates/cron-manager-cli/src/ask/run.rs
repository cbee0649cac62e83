//! `run`: the ledger of a running server.

use std::pin::pin;

use cron_manager::{
    CronConfigId, RunId, RunState,
    client::{RunFilter, proto},
};
use futures_util::{StreamExt, TryStreamExt};
use serde_json::Value;

use super::{
    RunArguments, Server, Trouble,
    args::{Asking, RunCommand},
    block_on, first, follow, number,
};
use crate::{
    failure::Failure,
    output,
    terminal::{harmless, say},
};

/// What a table has of a run.
const COLUMNS: [&str; 7] = ["id", "name", "state", "reason", "dueAt", "startedAt", "error"];

/// How many runs a tail of all of them shows.
const TAIL: u32 = 10;

pub(crate) fn run(arguments: &RunArguments) -> Result<(), Failure> {
    block_on(answer(&arguments.what, &arguments.asking))
}

async fn answer(command: &RunCommand, asking: &Asking) -> Result<(), Trouble> {
    let why = match command {
        RunCommand::Cancel { why, .. } | RunCommand::Retry { why, .. } => why.reason.as_deref(),
        _ => None,
    };
    let server = Server::of(asking, why).await?;
    match command {
        RunCommand::List { config, state, reason, span, limit } => {
            let config_id = match config {
                Some(config) => Some(server.config_id(config).await?),
                None => None,
            };
            let filter = RunFilter { config_id, state: *state, reason: *reason, from: span.from, to: span.to };
            list(&server, &first(server.client.cron_runs(&filter), limit.limit).await?)
        }
        RunCommand::Get { id } => server.show(&server.client.cron_run(RunId(*id)).await?.to_json()),
        RunCommand::Cancel { id, .. } => server.show(&server.client.cancel(RunId(*id)).await?.to_json()),
        RunCommand::Retry { id, request_id, .. } => {
            server.show(&server.client.retry(RunId(*id), request_id.as_deref()).await?.to_json())
        }
        RunCommand::Tail { run: None, follow: true } => follow::all(&server).await,
        RunCommand::Tail { run: None, follow: false } => {
            let mut runs = first(server.client.cron_runs(&RunFilter::default()), TAIL).await?;
            runs.reverse();
            list(&server, &runs)
        }
        RunCommand::Tail { run: Some(run), follow } => tail(&server, run, *follow).await,
    }
}

pub(super) fn list(server: &Server, runs: &[proto::CronJob]) -> Result<(), Trouble> {
    let rows: Vec<Value> = runs.iter().map(proto::CronJob::to_json).collect();
    server.list("runs", &rows, &COLUMNS)
}

/// The log of the run with this id, or of the newest one of the config with this name.
async fn tail(server: &Server, run: &str, follows: bool) -> Result<(), Trouble> {
    let id = match number(run)? {
        Some(id) => RunId(id),
        None => match newest(server, server.config_id(run).await?).await? {
            Some(id) => id,
            None => {
                say(format_args!("{run} has had no run yet"));
                return Ok(());
            }
        },
    };
    if follows {
        return follow::run(server, id).await;
    }
    let log = server.client.cron_run_log(id).await?;
    if log.is_empty() {
        say(format_args!("run {id} has logged nothing"));
    }
    Ok(output::print_text(&harmless(&log))?)
}

/// The newest run that is not the record of a skipped tick.
async fn newest(server: &Server, config: CronConfigId) -> Result<Option<RunId>, Trouble> {
    let filter = RunFilter { config_id: Some(config), ..RunFilter::default() };
    let runs = server.client.cron_runs(&filter);
    let is_run = |run: &proto::CronJob| std::future::ready(run.state != RunState::Skipped.as_str());
    let mut runs = pin!(runs.try_filter(is_run).take(1));
    Ok(runs.try_next().await?.map(|run| RunId(run.id)))
}
