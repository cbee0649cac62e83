//! `config`: configs of a running server.

use cron_manager::{
    CronConfigFields, CronConfigId, PauseFields, RunId, TriggerFields,
    client::{ConfigFilter, proto},
};
use futures_util::TryStreamExt;
use serde_json::{Value, json};

use super::{
    ConfigArguments, Server, Trouble,
    args::{Asking, BackfillArguments, Change, ConfigCommand, TriggerArguments},
    ask, block_on,
    fields::{self, Given},
    first, follow, run,
};
use crate::{
    failure::Failure,
    output::{Format, print_text},
    terminal::{harmless, say},
};

/// What a table has of a config.
const COLUMNS: [&str; 5] = ["id", "name", "enabled", "description", "updatedAt"];

/// How many instants a dry run shows.
const NEXT: usize = 5;

pub(crate) fn config(arguments: &ConfigArguments) -> Result<(), Failure> {
    block_on(answer(&arguments.what, &arguments.asking))
}

async fn answer(command: &ConfigCommand, asking: &Asking) -> Result<(), Trouble> {
    match command {
        ConfigCommand::List { show_deleted, filter } => {
            let filter = ConfigFilter { show_deleted: *show_deleted, filter: filter.clone() };
            list(&Server::of(asking, None).await?, &filter).await
        }
        ConfigCommand::Get { config } => {
            let server = Server::of(asking, None).await?;
            server.show(&server.config(config).await?.to_json())
        }
        ConfigCommand::Create { name, fields, dry_run, why } => {
            let server = Server::of(asking, why.reason.as_deref()).await?;
            let given = fields.read(name.as_deref())?.fields;
            if *dry_run { preview_new(&server, &given).await } else { create(&server, &given).await }
        }
        ConfigCommand::Update { config, new_name, fields, dry_run, change } => {
            let given = fields.read(new_name.as_deref())?;
            if given.fields == CronConfigFields::default() {
                return Err(Failure::Usage("nothing to change: give a field, such as --timezone ZONE".into()).into());
            }
            update(asking, config, given, *dry_run, change).await
        }
        ConfigCommand::Enable { config, change, .. } => switch(asking, config.as_deref(), true, change).await,
        ConfigCommand::Disable { config, change, .. } => switch(asking, config.as_deref(), false, change).await,
        ConfigCommand::Delete { config, dry_run, sure, change } => {
            if !dry_run {
                ask(sure, &format!("delete the config {config}?"))?;
            }
            let (server, id) = of_change(asking, config, change).await?;
            let etag = change.if_match.as_deref();
            match dry_run {
                true => preview(&server, &server.client.would_delete_cron_config(id, etag).await?.to_json()),
                false => server.show(&server.client.delete_cron_config(id, etag).await?.to_json()),
            }
        }
        ConfigCommand::Undelete { config, change } => {
            let (server, id) = of_change(asking, config, change).await?;
            server.show(&server.client.undelete_cron_config(id, change.if_match.as_deref()).await?.to_json())
        }
        ConfigCommand::Pause { config, until, change } => {
            let (server, id) = of_change(asking, config, change).await?;
            let fields = PauseFields { until: *until, reason: change.why.reason.clone() };
            server.show(&server.client.pause(id, &fields, change.if_match.as_deref()).await?.to_json())
        }
        ConfigCommand::Resume { config, change } => {
            let (server, id) = of_change(asking, config, change).await?;
            server.show(&server.client.resume(id, change.if_match.as_deref()).await?.to_json())
        }
        ConfigCommand::Versions { config, limit } => {
            let server = Server::of(asking, None).await?;
            let versions = first(server.client.versions(server.config_id(config).await?), limit.limit).await?;
            let rows: Vec<Value> = versions.iter().map(proto::CronConfigVersion::to_json).collect();
            server.list("versions", &rows, &["version", "since", "description", "distributed", "tzDatabase"])
        }
        ConfigCommand::QueryText { config } => query_text(&Server::of(asking, None).await?, config).await,
        ConfigCommand::Reencrypt(why) => {
            let changed = Server::of(asking, why.reason.as_deref()).await?.client.reencrypt().await?;
            say(format_args!("configs encrypted anew: {changed}"));
            Ok(())
        }
        ConfigCommand::Backfill(arguments) => backfill(arguments, asking).await,
        ConfigCommand::Trigger(arguments) => trigger(arguments, asking).await,
    }
}

/// The statement alone, for people and for `--sql -`; in the other forms, an object that has it.
async fn query_text(server: &Server, config: &str) -> Result<(), Trouble> {
    let sql = server.client.query_text(server.config_id(config).await?).await?;
    match server.format {
        Format::Table => Ok(print_text(&format!("{}\n", harmless(sql.trim_end())))?),
        _ => server.show(&json!({ "sql": sql })),
    }
}

async fn backfill(arguments: &BackfillArguments, asking: &Asking) -> Result<(), Trouble> {
    let BackfillArguments { config, from, to, limit, request_id, why } = arguments;
    let server = Server::of(asking, why.reason.as_deref()).await?;
    let id = server.config_id(config).await?;
    let runs = server.client.backfill(id, *from, *to, *limit as usize, request_id.as_deref()).await?;
    run::list(&server, &runs)
}

async fn trigger(arguments: &TriggerArguments, asking: &Asking) -> Result<(), Trouble> {
    let server = Server::of(asking, arguments.why.reason.as_deref()).await?;
    let context = arguments.context.as_deref().map(|given| fields::text("--context", given)).transpose()?;
    let fields = TriggerFields { context: context.map(Value::String), request_id: arguments.request_id.clone() };
    let run = server.client.trigger_with(server.config_id(&arguments.config).await?, &fields).await?;
    if arguments.follow { follow::run(&server, RunId(run.id)).await } else { server.show(&run.to_json()) }
}

/// The server, and the config that is to be changed there.
async fn of_change(asking: &Asking, config: &str, change: &Change) -> Result<(Server, CronConfigId), Trouble> {
    let server = Server::of(asking, change.why.reason.as_deref()).await?;
    let id = server.config_id(config).await?;
    Ok((server, id))
}

async fn list(server: &Server, filter: &ConfigFilter) -> Result<(), Trouble> {
    let configs: Vec<_> = server.client.cron_configs(filter).try_collect().await?;
    let rows: Vec<Value> = configs.iter().map(proto::CronConfig::to_json).collect();
    let deleted = filter.show_deleted.then_some("deletedAt");
    let columns: Vec<&str> = COLUMNS.into_iter().chain(deleted).collect();
    server.list("configs", &rows, &columns)
}

async fn create(server: &Server, fields: &CronConfigFields) -> Result<(), Trouble> {
    server.show(&server.client.create_cron_config(fields).await?.to_json())
}

/// Switches one config, or all.
async fn switch(asking: &Asking, config: Option<&str>, on: bool, change: &Change) -> Result<(), Trouble> {
    let Some(config) = config else {
        let client = Server::of(asking, change.why.reason.as_deref()).await?.client;
        let changed = if on { client.enable_all().await? } else { client.disable_all().await? };
        say(format_args!("configs switched {}: {changed}", if on { "on" } else { "off" }));
        return Ok(());
    };
    let (server, id) = of_change(asking, config, change).await?;
    let etag = change.if_match.as_deref();
    let config = if on { server.client.enable(id, etag).await? } else { server.client.disable(id, etag).await? };
    server.show(&config.to_json())
}

async fn update(asking: &Asking, config: &str, given: Given, dry_run: bool, change: &Change) -> Result<(), Trouble> {
    let (server, id) = of_change(asking, config, change).await?;
    if let Some(other) = given.id.filter(|other| *other != id.0) {
        return Err(Failure::Usage(format!("the file is about config {other}, and {config} is config {id}")).into());
    }
    let etag = change.if_match.as_deref().or(given.etag.as_deref());
    match dry_run {
        true => preview(&server, &server.client.would_update_cron_config(id, &given.fields, etag).await?.to_json()),
        false => server.show(&server.client.update_cron_config(id, &given.fields, etag).await?.to_json()),
    }
}

/// What would be created, and when it would be due.
async fn preview_new(server: &Server, fields: &CronConfigFields) -> Result<(), Trouble> {
    let mut shown = server.client.would_create_cron_config(fields).await?.to_json();
    let seen = server.client.validate(fields, NEXT).await?.to_json();
    for seen_of in ["next", "notes"] {
        shown[seen_of] = seen[seen_of].clone();
    }
    preview(server, &shown)
}

fn preview(server: &Server, shown: &Value) -> Result<(), Trouble> {
    server.show(shown)?;
    say("a dry run: nothing was changed");
    Ok(())
}
