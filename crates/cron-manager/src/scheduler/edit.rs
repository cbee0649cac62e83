//! Edit: change a config without replaying or losing a tick.

use std::time::Duration;

use super::plan::plan;
use crate::{CronConfig, CronConfigFields, Error, ErrorKind, Result, SkipReason, domain::ledger::Page};

/// Plans what is due under the old version, then puts the changed fields in force. With `if_version`, only if that is
/// still the version.
pub fn edit(page: &mut Page, fields: &CronConfigFields, if_version: Option<i64>, late_after: Duration) -> Result<()> {
    check(page, if_version)?;
    let config = fields.change(page.config().clone())?;
    if config != *page.config() {
        replace(page, config, late_after);
    }
    Ok(())
}

/// Deletes the config; its rows and its name stay.
pub fn delete(page: &mut Page, if_version: Option<i64>, late_after: Duration) -> Result<()> {
    check(page, if_version)?;
    let config = CronConfig { deleted_at: Some(page.now()), ..page.config().clone() };
    replace(page, config, late_after);
    Ok(())
}

/// Asks for a run outside the schedule.
pub fn trigger(page: &mut Page, request_id: String) -> Result<()> {
    check(page, None)?;
    if !page.config().enabled {
        let message = format!("{} is disabled; enable it to trigger it", page.config().name);
        return Err(Error::new(ErrorKind::FailedPrecondition, message));
    }
    page.record_manual(request_id);
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
    if !page.is_active() {
        for place in page.pending() {
            page.skip(place, SkipReason::Disabled);
        }
    }
}
