//! What a store is asked to list.

use jiff::Timestamp;

use crate::{
    AuditId, AuditRecord, Calendar, CalendarId, CalendarName, CronConfig, CronConfigId, CronRun, RunId, RunState,
    SkipReason,
};

/// Which configs to list.
#[derive(Clone, Debug, Default)]
pub struct ConfigQuery {
    /// Only ids greater than this.
    pub after: CronConfigId,
    /// At most so many.
    pub limit: usize,
    /// Deleted ones too.
    pub show_deleted: bool,
    /// Only those that are enabled, or not.
    pub enabled: Option<bool>,
    /// Only those whose ticks run once in the service, or on every replica.
    pub distributed: Option<bool>,
    /// Only those whose name begins so.
    pub name_prefix: Option<String>,
}

impl ConfigQuery {
    /// Whether `config` is one of those asked for, `limit` aside.
    pub fn matches(&self, config: &CronConfig) -> bool {
        config.id > self.after
            && (self.show_deleted || config.deleted_at.is_none())
            && self.enabled.is_none_or(|enabled| config.enabled == enabled)
            && self.distributed.is_none_or(|distributed| config.is_distributed() == distributed)
            && self.name_prefix.as_ref().is_none_or(|prefix| config.name.as_str().starts_with(prefix.as_str()))
    }
}

/// Which versions of a config to list.
#[derive(Clone, Debug, Default)]
pub struct VersionQuery {
    /// Only versions less than this.
    pub before: Option<i64>,
    /// At most so many.
    pub limit: usize,
}

/// Which runs to list.
#[derive(Clone, Debug, Default)]
pub struct RunQuery {
    /// Only of this config.
    pub config_id: Option<CronConfigId>,
    /// Only in this state.
    pub state: Option<RunState>,
    /// Only skipped for this reason.
    pub reason: Option<SkipReason>,
    /// Only due at or after this instant.
    pub from: Option<Timestamp>,
    /// Only due before this instant.
    pub to: Option<Timestamp>,
    /// Only ids less than this.
    pub before: Option<RunId>,
    /// At most so many.
    pub limit: usize,
}

impl RunQuery {
    /// Whether `run` is one of those asked for, `limit` aside.
    pub fn matches(&self, run: &CronRun) -> bool {
        self.config_id.is_none_or(|id| run.config_id == id)
            && self.state.is_none_or(|state| run.state == state)
            && self.reason.is_none_or(|reason| run.state == RunState::Skipped && run.reason == Some(reason))
            && self.from.is_none_or(|from| run.due_at >= from)
            && self.to.is_none_or(|to| run.due_at < to)
            && self.before.is_none_or(|before| run.id < before)
    }
}

/// Which records of the audit to list.
#[derive(Clone, Debug, Default)]
pub struct AuditQuery {
    /// Only of this config.
    pub config_id: Option<CronConfigId>,
    /// Only by this actor.
    pub actor: Option<String>,
    /// Only made at or after this instant.
    pub from: Option<Timestamp>,
    /// Only made before this instant.
    pub to: Option<Timestamp>,
    /// Only ids less than this.
    pub before: Option<AuditId>,
    /// At most so many.
    pub limit: usize,
}

impl AuditQuery {
    /// Whether `record` is one of those asked for, `limit` aside.
    pub fn matches(&self, record: &AuditRecord) -> bool {
        self.config_id.is_none_or(|id| record.config_id == Some(id))
            && self.actor.as_ref().is_none_or(|actor| record.actor == *actor)
            && self.from.is_none_or(|from| record.at >= from)
            && self.to.is_none_or(|to| record.at < to)
            && self.before.is_none_or(|before| record.id < before)
    }
}

/// Which calendars to list.
#[derive(Clone, Debug, Default)]
pub struct CalendarQuery {
    /// Only ids greater than this.
    pub after: CalendarId,
    /// Only those of these names.
    pub names: Option<Vec<CalendarName>>,
    /// At most so many.
    pub limit: usize,
}

impl CalendarQuery {
    /// Those of these names.
    pub fn named(names: &[CalendarName]) -> Self {
        Self { names: Some(names.to_vec()), limit: names.len(), ..Self::default() }
    }

    /// Whether `calendar` is one of those asked for, `limit` aside.
    pub fn matches(&self, calendar: &Calendar) -> bool {
        calendar.id > self.after && self.names.as_ref().is_none_or(|names| names.contains(&calendar.name))
    }
}
