//! Edit: change a config without replaying or losing a tick.

use std::time::Duration;

use super::plan::plan;
use crate::{
    CronConfig, CronConfigFields, Error, ErrorKind, PauseFields, Result, Seals, SkipReason, domain::ledger::Page,
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
    change(pages, |_| config, late_after);
    Ok(())
}

/// Puts what is sealed anew in the place of what is kept, also in a deleted config: it may come back.
pub fn reseal(pages: &mut [Page], seals: Seals, late_after: Duration) -> Result<()> {
    let Some(service) = pages.first() else { return Ok(()) };
    let fields = CronConfigFields { seals, ..CronConfigFields::default() };
    let config = fields.change(service.config().clone())?;
    change(pages, |_| config, late_after);
    Ok(())
}

/// Leaves out the ticks of the config that these are the pages of, from now on; what waits is skipped.
pub fn pause(pages: &mut [Page], fields: &PauseFields, if_version: Option<i64>, late_after: Duration) -> Result<()> {
    let Some(service) = pages.first() else { return Ok(()) };
    check(service, if_version)?;
    let paused = Some(fields.pause(service.config().paused.as_ref(), service.now())?);
    change(pages, |config| CronConfig { paused, ..config }, late_after);
    Ok(())
}

/// Ends the pause of the config that these are the pages of; without one, nothing changes.
pub fn resume(pages: &mut [Page], if_version: Option<i64>, late_after: Duration) -> Result<()> {
    let Some(service) = pages.first() else { return Ok(()) };
    check(service, if_version)?;
    change(pages, |config| CronConfig { paused: None, ..config }, late_after);
    Ok(())
}

/// Brings a deleted config back as it was; ticks that were due while it was deleted are not its own.
pub fn undelete(pages: &mut [Page], if_version: Option<i64>, late_after: Duration) -> Result<()> {
    let Some(service) = pages.first() else { return Ok(()) };
    let config = service.config();
    check_version(config, if_version)?;
    if config.deleted_at.is_none() {
        return Err(Error::new(ErrorKind::AlreadyExists, format!("config {} is not deleted", config.id)));
    }
    change(pages, |config| CronConfig { deleted_at: None, ..config }, late_after);
    Ok(())
}

/// Deletes the config that these are the pages of; its rows and its name stay.
pub fn delete(pages: &mut [Page], if_version: Option<i64>, late_after: Duration) -> Result<()> {
    let Some(service) = pages.first() else { return Ok(()) };
    check(service, if_version)?;
    let deleted_at = Some(service.now());
    change(pages, |config| CronConfig { deleted_at, ..config }, late_after);
    Ok(())
}

/// Whether a run of the config may be asked for at all.
pub(super) fn check_active(page: &Page) -> Result<()> {
    check(page, None)?;
    let name = &page.config().name;
    let message = match () {
        () if page.is_switched_off() => {
            format!("jobs are switched off for the whole service; switch them on again to run {name}")
        }
        () if !page.config().enabled => format!("{name} is disabled; enable it to run it"),
        () if page.config().is_paused(page.now()) => format!("{name} is paused; resume it to run it"),
        () => return Ok(()),
    };
    Err(Error::new(ErrorKind::FailedPrecondition, message))
}

fn check(page: &Page, if_version: Option<i64>) -> Result<()> {
    let config = page.config();
    if config.deleted_at.is_some() {
        return Err(Error::not_found(format!("config {}", config.id)));
    }
    check_version(config, if_version)
}

fn check_version(config: &CronConfig, if_version: Option<i64>) -> Result<()> {
    match if_version {
        Some(version) if version != config.version => Err(Error::new(
            ErrorKind::Conflict,
            format!("config {} is at version {}, not {version}; read it again", config.id, config.version),
        )),
        _ => Ok(()),
    }
}

/// Puts another config in force on all pages of one, unless it is the same.
fn change(pages: &mut [Page], change: impl FnOnce(CronConfig) -> CronConfig, late_after: Duration) {
    let Some(old) = pages.first().map(|service| service.config().clone()) else { return };
    let config = change(old.clone());
    if config != old {
        pages.iter_mut().for_each(|page| replace(page, config.clone(), late_after));
    }
}

fn replace(page: &mut Page, config: CronConfig, late_after: Duration) {
    plan(page, late_after);
    page.edit(config);
    let reason = match page.config() {
        config if !config.is_active() => SkipReason::Disabled,
        config if config.is_paused(page.now()) => SkipReason::Paused,
        _ => return,
    };
    for place in page.pending() {
        page.skip(place, reason);
    }
}
