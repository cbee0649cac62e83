//! `config`: configs of a running server.

use cron_manager::{CronConfigFields, CronConfigId, ErrorKind, RunId, client::proto};
use futures_util::TryStreamExt;
use jiff::Timestamp;
use serde_json::Value;

use super::{
    ConfigArguments, Server, Trouble,
    args::{Asking, Change, ConfigCommand},
    ask, block_on,
    fields::Given,
    follow,
};
use crate::{failure::Failure, terminal::say};

/// What a table has of a config.
const COLUMNS: [&str; 5] = ["id", "name", "enabled", "description", "updatedAt"];

pub(crate) fn config(arguments: &ConfigArguments) -> Result<(), Failure> {
    block_on(answer(&arguments.what, &arguments.asking))
}

async fn answer(command: &ConfigCommand, asking: &Asking) -> Result<(), Trouble> {
    match command {
        ConfigCommand::List { show_deleted } => list(&Server::of(asking, None).await?, *show_deleted).await,
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
        ConfigCommand::Enable { config, change } => switch(asking, config, true, change).await,
        ConfigCommand::Disable { config, change } => switch(asking, config, false, change).await,
        ConfigCommand::Delete { config, sure, change } => {
            ask(sure, &format!("delete the config {config}?"))?;
            let server = Server::of(asking, change.why.reason.as_deref()).await?;
            let id = server.config_id(config).await?;
            server.show(&server.client.delete_cron_config(id, change.if_match.as_deref()).await?.to_json())
        }
        ConfigCommand::Trigger { config, follow, why } => {
            let server = Server::of(asking, why.reason.as_deref()).await?;
            let run = server.client.trigger(server.config_id(config).await?).await?;
            if *follow { follow::run(&server, RunId(run.id)).await } else { server.show(&run.to_json()) }
        }
    }
}

async fn list(server: &Server, show_deleted: bool) -> Result<(), Trouble> {
    let configs: Vec<_> = server.client.cron_configs(show_deleted).try_collect().await?;
    let rows: Vec<Value> = configs.iter().map(proto::CronConfig::to_json).collect();
    let deleted = show_deleted.then_some("deletedAt");
    let columns: Vec<&str> = COLUMNS.into_iter().chain(deleted).collect();
    server.list("configs", &rows, &columns)
}

async fn create(server: &Server, fields: &CronConfigFields) -> Result<(), Trouble> {
    server.show(&server.client.create_cron_config(fields).await?.to_json())
}

async fn switch(asking: &Asking, config: &str, on: bool, change: &Change) -> Result<(), Trouble> {
    let given = Given { fields: CronConfigFields::default().enabled(on), etag: None, id: None };
    update(asking, config, given, false, change).await
}

async fn update(asking: &Asking, config: &str, given: Given, dry_run: bool, change: &Change) -> Result<(), Trouble> {
    let server = Server::of(asking, change.why.reason.as_deref()).await?;
    let id = server.config_id(config).await?;
    if let Some(other) = given.id.filter(|other| *other != id.0) {
        return Err(Failure::Usage(format!("the file is about config {other}, and {config} is config {id}")).into());
    }
    let etag = change.if_match.as_deref().or(given.etag.as_deref());
    if dry_run {
        return preview_change(&server, id, &given.fields, etag).await;
    }
    server.show(&server.client.update_cron_config(id, &given.fields, etag).await?.to_json())
}

/// What would be created, if nothing is wrong with it.
async fn preview_new(server: &Server, fields: &CronConfigFields) -> Result<(), Trouble> {
    let config = fields.create(Timestamp::UNIX_EPOCH)?;
    match server.client.cron_config_named(config.name.as_str()).await {
        Ok(_) => return Err(Failure::Failed(format!("the name {} is taken", config.name)).into()),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error.into()),
    }
    preview(server, &(&config).into())
}

/// What the config would become, if nothing is wrong with that.
async fn preview_change(
    server: &Server,
    id: CronConfigId,
    fields: &CronConfigFields,
    etag: Option<&str>,
) -> Result<(), Trouble> {
    let is = server.client.cron_config(id).await?;
    if etag.is_some_and(|etag| etag != "*" && etag.trim_matches('"') != is.etag().trim_matches('"')) {
        return Err(Failure::Failed(format!("the etag of config {id} is {} now", is.etag())).into());
    }
    let is = CronConfigFields::try_from(is)?.create(Timestamp::UNIX_EPOCH)?;
    preview(server, &(&fields.change(is)?).into())
}

fn preview(server: &Server, fields: &CronConfigFields) -> Result<(), Trouble> {
    let config = proto::CronConfig::try_from(fields)?;
    server.show(&config.to_json())?;
    say("a dry run: nothing was changed");
    Ok(())
}
