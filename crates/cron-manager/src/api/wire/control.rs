//! What is set for all replicas at once; pauses, previews and versions.

use prost_types::FieldMask;

use super::{
    Misfit, etag,
    scalar::{show_time, time},
    version,
};
use crate::{Control, ControlFields, PauseFields, Preview, Schedule, api::proto, domain::ledger::ConfigVersion};

pub(crate) fn show_control(control: &Control) -> proto::Control {
    proto::Control {
        enabled: Some(control.enabled),
        log_level: control.log_level.clone(),
        updated_at: control.updated_at.map(show_time),
        etag: Some(etag(control.version)),
    }
}

/// What of the control record is to be changed, and under which version only.
pub(crate) fn control_change(asked: proto::UpdateControlRequest) -> Result<(ControlFields, Option<i64>), Misfit> {
    let proto::Control { enabled, log_level, etag, .. } = asked.control.unwrap_or_default();
    let version = etag.filter(|etag| !etag.is_empty()).map(|etag| version(&etag)).transpose()?.flatten();
    let fields = match asked.update_mask.filter(|mask| !mask.paths.is_empty()) {
        None => ControlFields { enabled, log_level },
        Some(mask) => masked(&mask, enabled, log_level)?,
    };
    Ok((fields, version))
}

/// The fields of the mask; those that are absent get their defaults.
fn masked(mask: &FieldMask, enabled: Option<bool>, log_level: Option<String>) -> Result<ControlFields, Misfit> {
    let mut fields = ControlFields::default();
    for path in &mask.paths {
        match path.as_str() {
            "enabled" => fields.enabled = Some(enabled.unwrap_or(true)),
            "log_level" => fields.log_level = Some(log_level.clone().unwrap_or_default()),
            "*" => {
                fields.enabled = Some(enabled.unwrap_or(true));
                fields.log_level = Some(log_level.clone().unwrap_or_default());
            }
            unknown => return Err(Misfit::new("updateMask", format!("{unknown:?} is no field that can be set"))),
        }
    }
    Ok(fields)
}

/// How a config is to be paused.
pub(crate) fn pause_fields(asked: &proto::PauseCronConfigRequest) -> Result<PauseFields, Misfit> {
    let until = asked.until.map(|until| time("until", until)).transpose()?;
    Ok(PauseFields { until, reason: asked.reason.clone() })
}

pub(crate) fn show_preview(preview: &Preview) -> proto::ValidateCronConfigResponse {
    proto::ValidateCronConfigResponse {
        description: preview.description.clone(),
        next: preview.next.iter().copied().map(show_time).collect(),
        timezone: preview.zone.name().to_owned(),
        notes: preview.notes.clone(),
    }
}

pub(crate) fn show_version(version: &ConfigVersion) -> proto::CronConfigVersion {
    proto::CronConfigVersion {
        version: version.version,
        since: Some(show_time(version.since)),
        description: version.schedule.as_ref().map(Schedule::describe).unwrap_or_default(),
        distributed: version.distributed,
        tz_database: version.tz_database.clone(),
    }
}
