//! Edit: change a config without replaying or losing a tick.

use std::time::Duration;

use serde_json::Value;

use super::plan::plan;
use crate::{
    CronConfig, CronConfigFields, Difference, Error, ErrorKind, Result, SkipReason, TraceParent, domain::ledger::Page,
};

/// Plans what is due under the old version, then puts the changed fields in force, on all pages of one config. With `if_version`, only
/// if that is still the version.
pub fn edit(
    pages: &mut [Page],
    fields: &CronConfigFields,
    if_version: Option<i64>,
    late_after: Duration,
) -> Result<()> {
    let Some(service) = pages.first() else { return Ok(()) };
    check(service, if_version)?;
    let config = fields.change(service.config().clone())?;
    if config != *service.config() {
        pages.iter_mut().for_each(|page| replace(page, config.clone(), late_after));
    }
    Ok(())
}

/// Deletes the config that these are the pages of; its rows and its name stay.
pub fn delete(pages: &mut [Page], if_version: Option<i64>, late_after: Duration) -> Result<()> {
    let Some(service) = pages.first() else { return Ok(()) };
    check(service, if_version)?;
    let config = CronConfig { deleted_at: Some(service.now()), ..service.config().clone() };
    pages.iter_mut().for_each(|page| replace(page, config.clone(), late_after));
    Ok(())
}

/// Asks for a run outside the schedule, maybe in a trace of the caller's.
pub fn trigger(page: &mut Page, request_id: String, asked_in: Option<TraceParent>) -> Result<()> {
    check(page, None)?;
    if !page.config().enabled {
        let message = format!("{} is disabled; enable it to trigger it", page.config().name);
        return Err(Error::new(ErrorKind::FailedPrecondition, message));
    }
    page.note("trigger", Difference::of("requestId", Value::Null, &*request_id));
    let place = page.record_manual(request_id);
    if let Some(asked_in) = asked_in {
        page.trace(place, asked_in);
    }
    Ok(())
}

fn check(page: &Page, if_version: Option<i64>) -> Result<()> {
    let config = page.config();
    if config.deleted_at.is_some() {
        return Err(Error::not_found(format!("config {}", config.id)));
    }
    match if_version {
        Some(version) if version != config.version => Err(Error::new(
            ErrorKind::Conflict,
            format!("config {} is at version {}, not {version}; read it again", config.id, config.version),
        )),
        _ => Ok(()),
    }
}

fn replace(page: &mut Page, config: CronConfig, late_after: Duration) {
    plan(page, late_after);
    page.edit(config);
    if !page.config().is_active() {
        for place in page.pending() {
            page.skip(place, SkipReason::Disabled);
        }
    }
}
