//! Methods of configs.

use tonic::Status;

use crate::{
    CronConfigId, CronManager,
    api::{
        proto,
        wire::{Change, Misfit, Page, new_config, show_config, show_run, version},
    },
    manager::ConfigQuery,
};

pub(super) async fn create(
    manager: &CronManager,
    asked: proto::CreateCronConfigRequest,
) -> Result<proto::CreateCronConfigResponse, Status> {
    let config = manager.create_cron_config(&new_config(asked)?).await?;
    Ok(proto::CreateCronConfigResponse { cron_config: Some(show_config(&config)) })
}

pub(super) async fn list(
    manager: &CronManager,
    mut asked: proto::ListCronConfigsRequest,
) -> Result<proto::ListCronConfigsResponse, Status> {
    let (size, token) = (std::mem::take(&mut asked.page_size), std::mem::take(&mut asked.page_token));
    let page = Page::new("cron_configs", &asked, size, &token)?;
    let query = ConfigQuery {
        after: CronConfigId(page.after.unwrap_or(0).try_into().unwrap_or(i32::MAX)),
        limit: page.limit(),
        show_deleted: asked.show_deleted,
        ..ConfigQuery::default()
    };
    let configs = manager.cron_configs(&query).await?;
    let (cron_configs, next_page_token) = page.show(&configs, show_config, |config| config.id.0.into());
    Ok(proto::ListCronConfigsResponse { cron_configs, next_page_token })
}

pub(super) async fn get(
    manager: &CronManager,
    asked: proto::GetCronConfigRequest,
) -> Result<proto::CronConfig, Status> {
    Ok(show_config(&manager.cron_config(CronConfigId(asked.id)).await?))
}

pub(super) async fn get_by_name(
    manager: &CronManager,
    asked: proto::GetCronConfigByNameRequest,
) -> Result<proto::CronConfig, Status> {
    if asked.name.is_empty() {
        return Err(Misfit::new("name", "give the name of a config").into());
    }
    Ok(show_config(&manager.cron_config_named(&asked.name).await?))
}

pub(super) async fn update(
    manager: &CronManager,
    asked: proto::UpdateCronConfigRequest,
) -> Result<proto::UpdateCronConfigResponse, Status> {
    let change = Change::of(asked)?;
    let config = manager.update_cron_config(change.id, &change.fields, change.version).await?;
    Ok(proto::UpdateCronConfigResponse { cron_config: Some(show_config(&config)) })
}

pub(super) async fn delete(
    manager: &CronManager,
    asked: proto::DeleteCronConfigRequest,
) -> Result<proto::CronConfig, Status> {
    let version = asked.etag.as_deref().map(version).transpose()?.flatten();
    Ok(show_config(&manager.delete_cron_config(CronConfigId(asked.id), version).await?))
}

pub(super) async fn trigger(
    manager: &CronManager,
    asked: proto::TriggerCronConfigRequest,
) -> Result<proto::CronJob, Status> {
    Ok(show_run(&manager.trigger(CronConfigId(asked.id)).await?))
}
