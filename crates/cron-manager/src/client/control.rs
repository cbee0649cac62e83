//! Switch one job, or all.

use super::{Client, proto};
use crate::{ControlFields, CronConfigId, PauseFields, Result, api::wire::show_time};

impl Client {
    /// Switches a config on; with an `etag`, only if that is still its own.
    ///
    /// Errors: not found, conflict.
    pub async fn enable(&self, id: CronConfigId, etag: Option<&str>) -> Result<proto::CronConfig> {
        let asked = proto::EnableCronConfigRequest { id: id.0, etag: etag.map(ToOwned::to_owned) };
        self.write(asked, |mut grpc, asked| async move { grpc.enable_cron_config(asked).await }).await
    }

    /// Switches a config off: its ticks are recorded as skipped. With an `etag`, only if that is still its own.
    ///
    /// Errors: not found, conflict.
    pub async fn disable(&self, id: CronConfigId, etag: Option<&str>) -> Result<proto::CronConfig> {
        let asked = proto::DisableCronConfigRequest { id: id.0, etag: etag.map(ToOwned::to_owned) };
        self.write(asked, |mut grpc, asked| async move { grpc.disable_cron_config(asked).await }).await
    }

    /// Switches all configs on; how many were off.
    pub async fn enable_all(&self) -> Result<usize> {
        let asked = proto::EnableAllCronConfigsRequest {};
        let answer = self.write(asked, |mut grpc, asked| async move { grpc.enable_all_cron_configs(asked).await });
        Ok(answer.await?.changed.try_into().unwrap_or_default())
    }

    /// Switches all configs off; how many were on.
    pub async fn disable_all(&self) -> Result<usize> {
        let asked = proto::DisableAllCronConfigsRequest {};
        let answer = self.write(asked, |mut grpc, asked| async move { grpc.disable_all_cron_configs(asked).await });
        Ok(answer.await?.changed.try_into().unwrap_or_default())
    }

    /// Pauses a config, until it is resumed or the pause ends by itself; with an `etag`, only if that is still its own.
    ///
    /// Errors: invalid argument (`until`, `reason`), not found, conflict.
    pub async fn pause(&self, id: CronConfigId, fields: &PauseFields, etag: Option<&str>) -> Result<proto::CronConfig> {
        let asked = proto::PauseCronConfigRequest {
            id: id.0,
            until: fields.until.map(show_time),
            reason: fields.reason.clone(),
            etag: etag.map(ToOwned::to_owned),
        };
        self.write(asked, |mut grpc, asked| async move { grpc.pause_cron_config(asked).await }).await
    }

    /// Ends the pause of a config; with an `etag`, only if that is still its own.
    ///
    /// Errors: not found, conflict.
    pub async fn resume(&self, id: CronConfigId, etag: Option<&str>) -> Result<proto::CronConfig> {
        let asked = proto::ResumeCronConfigRequest { id: id.0, etag: etag.map(ToOwned::to_owned) };
        self.write(asked, |mut grpc, asked| async move { grpc.resume_cron_config(asked).await }).await
    }

    /// Whether jobs run at all, and what the programs log.
    pub async fn control(&self) -> Result<proto::Control> {
        let asked = proto::GetControlRequest {};
        self.read(asked, |mut grpc, asked| async move { grpc.get_control(asked).await }).await
    }

    /// Changes the fields that are given, for all replicas. With an `etag`, only if that is still the control's.
    ///
    /// Errors: invalid argument (`logLevel`), conflict.
    pub async fn update_control(&self, fields: &ControlFields, etag: Option<&str>) -> Result<proto::Control> {
        let control = proto::Control {
            enabled: fields.enabled,
            log_level: fields.log_level.clone(),
            etag: etag.map(ToOwned::to_owned),
            updated_at: None,
        };
        let asked = proto::UpdateControlRequest { control: Some(control), update_mask: None };
        self.write(asked, |mut grpc, asked| async move { grpc.update_control(asked).await }).await
    }
}
