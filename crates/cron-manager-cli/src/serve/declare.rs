//! Putting the jobs of a crontab in place.

use std::{collections::HashSet, sync::Arc, time::Duration};

use cron_manager::{
    CronConfig, CronConfigFields, CronConfigId, CronManager, Result, Schedule,
    contracts::{Clock, ConfigQuery},
    domain::schedule::ScheduleKind,
};
use serde_json::json;

use crate::{
    command::ShellCommand,
    crontab::{Job, Users},
};

/// Gives each job its config and its command. The file is the operator's own: where a config's schedule or timeout differs,
/// the file's counts from now on; whether it is enabled is the database's to say. The configs are in the order of the jobs.
pub(super) async fn declare(
    manager: &CronManager,
    jobs: &[Job],
    users: &Arc<Users>,
    clock: &Arc<dyn Clock>,
) -> Result<Vec<CronConfig>> {
    let mut configs = Vec::with_capacity(jobs.len());
    for job in jobs {
        let command = ShellCommand::new(job.script.clone(), Arc::clone(users), Arc::clone(clock));
        let mut declared = manager.job(&job.name).context(json!({ "distributed": true }));
        declared = match job.schedule.as_ref().map(Schedule::kind) {
            Some(ScheduleKind::Cron { expression, zone, .. }) => {
                declared.schedule(expression.to_string()).timezone(zone.name())
            }
            Some(ScheduleKind::Every(interval)) => declared.every(interval),
            _ => declared,
        };
        if let Some(timeout) = job.timeout {
            declared = declared.timeout(timeout);
        }
        let config = declared.run(command.into_handler()).await?;
        configs.push(align(manager, config, job).await?);
    }
    Ok(configs)
}

/// Brings a config from an earlier start in line with the file.
async fn align(manager: &CronManager, config: CronConfig, job: &Job) -> Result<CronConfig> {
    let same = same_time(config.schedule.as_ref(), job.schedule.as_ref()) && config.policy.timeout == job.timeout;
    if same || config.deleted_at.is_some() {
        return Ok(config);
    }
    let fields = CronConfigFields { timeout: Some(job.timeout.unwrap_or_default()), ..CronConfigFields::default() };
    let fields = match job.schedule.as_ref().map(Schedule::kind) {
        Some(ScheduleKind::Cron { expression, zone, .. }) => fields.cron(expression.to_string(), zone.name()),
        Some(ScheduleKind::Every(interval)) => fields.every(interval),
        _ => fields.cron("", "").every(Duration::ZERO),
    };
    manager.update_cron_config(config.id, &fields, Some(config.version)).await
}

/// Whether both are due at the same times; the rule for gaps is not the crontab's to say.
fn same_time(one: Option<&Schedule>, other: Option<&Schedule>) -> bool {
    match (one.map(Schedule::kind), other.map(Schedule::kind)) {
        (
            Some(ScheduleKind::Cron { expression, zone, .. }),
            Some(ScheduleKind::Cron { expression: other_expression, zone: other_zone, .. }),
        ) => expression == other_expression && zone == other_zone,
        (one, other) => one == other,
    }
}

/// The configs that are due at times and that no job of the crontab runs.
pub(super) async fn orphans(manager: &CronManager, declared: &[CronConfig]) -> Result<Vec<CronConfig>> {
    const PAGE: usize = 1_000;
    let known: HashSet<CronConfigId> = declared.iter().map(|config| config.id).collect();
    let mut orphans = Vec::new();
    let mut after = CronConfigId(0);
    loop {
        let page = manager
            .cron_configs(&ConfigQuery { after, limit: PAGE, show_deleted: false, ..ConfigQuery::default() })
            .await?;
        let Some(last) = page.last() else { return Ok(orphans) };
        after = last.id;
        let is_orphan =
            |config: &CronConfig| config.enabled && config.schedule.is_some() && !known.contains(&config.id);
        orphans.extend(page.into_iter().filter(is_orphan));
    }
}
