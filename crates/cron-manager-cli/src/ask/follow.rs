//! What happens, as it happens.

use std::{ops::ControlFlow, pin::pin};

use cron_manager::{
    RunId, RunState,
    client::proto::{CronJob, CronJobUpdate, cron_job_update::Update, watch_event::Event},
};
use futures_util::TryStreamExt;
use serde_json::Value;

use super::{Server, Trouble};
use crate::{
    failure::Failure,
    output::{self, Format},
    terminal::{harmless, harmless_line, say},
};

/// Shows what a run logs until it ends. In another form than a table, each update is a line of JSON, or an item of YAML.
pub(super) async fn run(server: &Server, id: RunId) -> Result<(), Trouble> {
    let mut updates = pin!(server.client.follow(id));
    let mut last = None;
    while let Some(update) = updates.try_next().await? {
        let shown = match server.format {
            Format::Table => log(&update)?,
            format => line(format, &update.to_json())?,
        };
        if shown.is_break() {
            return Ok(());
        }
        if let Some(Update::CronJob(run)) = update.update {
            last = Some(run);
        }
    }
    match last {
        Some(run) => verdict(&run),
        None => Err(Failure::Failed(format!("run {id} was not followed to its end")).into()),
    }
}

fn verdict(run: &CronJob) -> Result<(), Trouble> {
    let reason = run.reason.as_deref().or(run.error.as_deref()).map(|why| format!(": {why}")).unwrap_or_default();
    let ended = format!("run {} of {} {}{reason}", run.id, run.name, run.state);
    if run.state == RunState::Succeeded.as_str() {
        say(harmless(&ended));
        return Ok(());
    }
    Err(Failure::Failed(ended).into())
}

/// The log on standard output, how far it is on standard error.
fn log(update: &CronJobUpdate) -> Result<ControlFlow<()>, Failure> {
    match &update.update {
        Some(Update::Log(part)) => output::print_part(&harmless(&part.text)),
        Some(Update::Progress(progress)) => {
            say(format_args!("{:.0} % {}", progress.fraction * 100.0, harmless_line(&progress.text)));
            Ok(ControlFlow::Continue(()))
        }
        Some(Update::CronJob(_)) | None => Ok(ControlFlow::Continue(())),
    }
}

/// Shows what happens to all runs, from now on.
pub(super) async fn all(server: &Server) -> Result<(), Trouble> {
    let mut events = pin!(server.client.watch());
    while let Some(event) = events.try_next().await? {
        let shown = match (server.format, &event.event) {
            (_, None) => continue,
            (Format::Table, Some(Event::Lagged(_))) => {
                say("too much happened: some of it was left out");
                continue;
            }
            (Format::Table, Some(Event::Started(run))) => output::print_part(&row("started", run))?,
            (Format::Table, Some(Event::Ended(run) | Event::Skipped(run))) => {
                output::print_part(&row(&run.state, run))?
            }
            (format, Some(_)) => line(format, &event.to_json())?,
        };
        if shown.is_break() {
            return Ok(());
        }
    }
    Err(Failure::Failed("the server has ended".into()).into())
}

fn row(word: &str, run: &CronJob) -> String {
    let json = run.to_json();
    let text = |key: &str| json[key].as_str().unwrap_or_default().to_owned();
    let why = if run.reason.is_some() { text("reason") } else { text("error") };
    let line = format!("{}  {word:<9}  {}  run {}  {why}", text("dueAt"), run.name, run.id);
    format!("{}\n", harmless_line(line.trim_end()))
}

fn line(format: Format, value: &Value) -> Result<ControlFlow<()>, Failure> {
    output::print_part(&match format {
        Format::Yaml => output::render(Format::Yaml, std::slice::from_ref(value)),
        _ => output::render(Format::Jsonl, std::slice::from_ref(value)),
    })
}
