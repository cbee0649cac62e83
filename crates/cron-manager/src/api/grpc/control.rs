//! Methods that switch one job, or all.

use tonic::Status;

use super::configs::only_if;
use crate::{
    CronConfigId, CronManager,
    api::{
        proto,
        wire::{control_change, pause_fields, show_config, show_control},
    },
};

pub(super) async fn enable(
    manager: &CronManager,
    asked: proto::EnableCronConfigRequest,
) -> Result<proto::CronConfig, Status> {
    Ok(show_config(&manager.enable(CronConfigId(asked.id), only_if(asked.etag)?).await?))
}

pub(super) async fn disable(
    manager: &CronManager,
    asked: proto::DisableCronConfigRequest,
) -> Result<proto::CronConfig, Status> {
    Ok(show_config(&manager.disable(CronConfigId(asked.id), only_if(asked.etag)?).await?))
}

pub(super) async fn enable_all(
    manager: &CronManager,
    _asked: proto::EnableAllCronConfigsRequest,
) -> Result<proto::EnableAllCronConfigsResponse, Status> {
    let changed = manager.enable_all().await?.try_into().unwrap_or(i32::MAX);
    Ok(proto::EnableAllCronConfigsResponse { changed })
}

pub(super) async fn disable_all(
    manager: &CronManager,
    _asked: proto::DisableAllCronConfigsRequest,
) -> Result<proto::DisableAllCronConfigsResponse, Status> {
    let changed = manager.disable_all().await?.try_into().unwrap_or(i32::MAX);
    Ok(proto::DisableAllCronConfigsResponse { changed })
}

pub(super) async fn pause(
    manager: &CronManager,
    asked: proto::PauseCronConfigRequest,
) -> Result<proto::CronConfig, Status> {
    let fields = pause_fields(&asked)?;
    Ok(show_config(&manager.pause(CronConfigId(asked.id), &fields, only_if(asked.etag)?).await?))
}

pub(super) async fn resume(
    manager: &CronManager,
    asked: proto::ResumeCronConfigRequest,
) -> Result<proto::CronConfig, Status> {
    Ok(show_config(&manager.resume(CronConfigId(asked.id), only_if(asked.etag)?).await?))
}

pub(super) async fn get(manager: &CronManager, _asked: proto::GetControlRequest) -> Result<proto::Control, Status> {
    Ok(show_control(&manager.control().await?))
}

pub(super) async fn update(
    manager: &CronManager,
    asked: proto::UpdateControlRequest,
) -> Result<proto::Control, Status> {
    let (fields, version) = control_change(asked)?;
    Ok(show_control(&manager.update_control(&fields, version).await?))
}
