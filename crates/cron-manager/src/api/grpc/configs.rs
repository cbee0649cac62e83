//! Methods of configs.

use tonic::Status;

use crate::{
    CronConfigId, CronManager,
    api::{
        proto,
        wire::{Change, Misfit, Page, fields, filtered, new_config, show_config, show_preview, show_version, version},
    },
    manager::{ConfigQuery, VersionQuery},
};

pub(super) async fn create(
    manager: &CronManager,
    asked: proto::CreateCronConfigRequest,
) -> Result<proto::CreateCronConfigResponse, Status> {
    let validate_only = asked.validate_only;
    let (fields, request_id) = new_config(asked)?;
    let request_id = Some(request_id.as_str()).filter(|id| !id.is_empty());
    let config = match request_id {
        _ if validate_only => {
            let config = show_config(&manager.would_create_cron_config(&fields, request_id).await?);
            let config = proto::CronConfig { id: None, etag: None, created_at: None, updated_at: None, ..config };
            return Ok(proto::CreateCronConfigResponse { cron_config: Some(config) });
        }
        None => manager.create_cron_config(&fields).await?,
        Some(request_id) => manager.create_cron_config_once(&fields, request_id).await?,
    };
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
    let query = filtered(query, &asked.filter)?;
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
    let validate_only = asked.validate_only;
    let Change { id, fields, version } = Change::of(asked)?;
    let config = match validate_only {
        true => manager.would_update_cron_config(id, &fields, version).await?,
        false => manager.update_cron_config(id, &fields, version).await?,
    };
    Ok(proto::UpdateCronConfigResponse { cron_config: Some(show_config(&config)) })
}

pub(super) async fn delete(
    manager: &CronManager,
    asked: proto::DeleteCronConfigRequest,
) -> Result<proto::CronConfig, Status> {
    let (id, version) = (CronConfigId(asked.id), only_if(asked.etag)?);
    Ok(show_config(&match asked.validate_only {
        true => manager.would_delete_cron_config(id, version).await?,
        false => manager.delete_cron_config(id, version).await?,
    }))
}

pub(super) async fn undelete(
    manager: &CronManager,
    asked: proto::UndeleteCronConfigRequest,
) -> Result<proto::CronConfig, Status> {
    Ok(show_config(&manager.undelete_cron_config(CronConfigId(asked.id), only_if(asked.etag)?).await?))
}

pub(super) async fn versions(
    manager: &CronManager,
    mut asked: proto::ListCronConfigVersionsRequest,
) -> Result<proto::ListCronConfigVersionsResponse, Status> {
    let (size, token) = (std::mem::take(&mut asked.page_size), std::mem::take(&mut asked.page_token));
    let page = Page::new("versions", &asked, size, &token)?;
    let query = VersionQuery { before: page.after, limit: page.limit() };
    let versions = manager.versions(CronConfigId(asked.id), &query).await?;
    let (versions, next_page_token) = page.show(&versions, show_version, |version| version.version);
    Ok(proto::ListCronConfigVersionsResponse { versions, next_page_token })
}

pub(super) async fn validate(
    manager: &CronManager,
    asked: proto::ValidateCronConfigRequest,
) -> Result<proto::ValidateCronConfigResponse, Status> {
    const SHOWN: usize = 5;
    let count = usize::try_from(asked.count).map_err(|_| Misfit::new("count", "must not be negative"))?;
    let count = if count == 0 { SHOWN } else { count };
    let config = fields(asked.cron_config.unwrap_or_default())?;
    Ok(show_preview(&manager.validate(&config, count).await?))
}

pub(super) async fn query_text(
    manager: &CronManager,
    asked: proto::GetQueryTextRequest,
) -> Result<proto::QueryText, Status> {
    Ok(proto::QueryText { sql: manager.query_text(CronConfigId(asked.id)).await? })
}

/// The version that an etag insists on.
pub(super) fn only_if(etag: Option<String>) -> Result<Option<i64>, Misfit> {
    Ok(etag.filter(|etag| !etag.is_empty()).map(|etag| version(&etag)).transpose()?.flatten())
}

pub(super) async fn reencrypt(
    manager: &CronManager,
    _asked: proto::ReencryptCronConfigsRequest,
) -> Result<proto::ReencryptCronConfigsResponse, Status> {
    let changed = manager.reencrypt().await?.try_into().unwrap_or(i32::MAX);
    Ok(proto::ReencryptCronConfigsResponse { changed })
}
