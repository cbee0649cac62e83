//! The definition of a job: when, how and whether it runs.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    CommandFields, Context, CronConfigId, HttpFields, JobKind, JobName, JobType, LockPolicy, Pause, Policy,
    QueryFields, Schedule, Seals, calendar,
    job_type::JobChange,
    policy::{CatchUp, OnAbandoned, Overlap},
    schedule::{DstGap, ScheduleKind},
};
use crate::{Error, Result};

/// The definition of a job, as the store keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct CronConfig {
    /// Given by the store; 0 before the config is stored.
    pub id: CronConfigId,
    /// Joins the config to its handler. Unique, also among deleted configs.
    pub name: JobName,
    /// Whether ticks run; those of a disabled config are recorded as skipped.
    pub enabled: bool,
    /// What the handler is told.
    pub context: Context,
    /// What its runs do.
    pub job_type: JobType,
    /// When it is due. Without a schedule there are no ticks.
    pub schedule: Option<Schedule>,
    /// Whether a foreign timer calls for its runs ([`CronManager::handle_job`](crate::CronManager::handle_job)): then a tick that nobody called
    /// for is recorded as missed.
    pub external: bool,
    /// What happens when things do not go as planned.
    pub policy: Policy,
    /// The pause it is in, or was in last: one that has ended by itself stays until the config is paused or resumed.
    pub paused: Option<Pause>,
    /// Rises by one with each edit: the etag.
    pub version: i64,
    /// By the store's clock.
    pub created_at: Timestamp,
    /// When it was last edited, by the store's clock.
    pub updated_at: Timestamp,
    /// When it was deleted. A deleted config has no ticks and keeps its name.
    pub deleted_at: Option<Timestamp>,
}

/// The last instant of a run: stores keep microseconds, and jiff reads none of those after this second.
pub(super) const LAST: Timestamp = Timestamp::constant(253_402_207_200, 0);

impl CronConfig {
    /// Whether a tick runs once in the service; otherwise every replica runs it.
    pub fn is_distributed(&self) -> bool {
        self.context.distributed()
    }

    /// Whether its runs may start.
    pub fn is_active(&self) -> bool {
        self.enabled && self.deleted_at.is_none()
    }

    /// Whether it is in a pause at `now`.
    pub fn is_paused(&self, now: Timestamp) -> bool {
        self.paused.as_ref().is_some_and(|pause| pause.lasts(now))
    }

    /// Whether at most one run of a page is live at a time.
    pub fn is_exclusive(&self) -> bool {
        self.policy.overlap == Overlap::Skip
    }

    /// When the run of the tick `due_at` may start: spread by the jitter, the same for every replica that asks.
    pub fn start_after(&self, due_at: Timestamp) -> Timestamp {
        let Some(jitter) = self.policy.jitter else { return due_at };
        later(due_at, jitter.mul_f64(spread(self.id, due_at)))
    }

    /// The last instant at which the run of the tick `due_at` may start.
    pub fn start_deadline(&self, due_at: Timestamp) -> Timestamp {
        const AT_LEAST: Duration = Duration::from_secs(60);
        let at_least = later(self.start_after(due_at), AT_LEAST);
        match (self.policy.start_deadline, &self.schedule) {
            (Some(deadline), _) => later(self.start_after(due_at), deadline),
            (None, Some(schedule)) => schedule.next_after(due_at).unwrap_or(LAST).max(at_least),
            (None, None) => at_least,
        }
    }
}

/// A value from 0 to below 1 that depends on nothing but the tick (the finalizer of SplitMix64, Steele et al. 2014).
fn spread(id: CronConfigId, due_at: Timestamp) -> f64 {
    let mut bits = (due_at.as_second() as u64) ^ (u64::from(id.0.unsigned_abs()) << 40);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((bits ^ (bits >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

/// `instant` and `by` added, at most [`LAST`].
fn later(instant: Timestamp, by: Duration) -> Timestamp {
    instant.checked_add(by).map_or(LAST, |later| later.min(LAST))
}

/// The fields of a config that a caller sets: all of a new one, or the changed ones of an update.
/// What is `None` keeps its value, or its default in a new config. On the wire the names are in lowerCamelCase, durations
/// are texts like `"90s"`, instants RFC 3339.
///
/// ```
/// use cron_manager::CronConfigFields;
/// use serde_json::json;
///
/// let fields = CronConfigFields::named("send-invoices")
///     .enabled(true)
///     .cron("30 2 * * *", "Europe/Berlin")
///     .context(json!({"distributed": true}));
/// assert_eq!(fields.timezone.as_deref(), Some("Europe/Berlin"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct CronConfigFields {
    /// See [`CronConfig::name`].
    pub name: Option<String>,
    /// See [`CronConfig::enabled`]; false in a new config.
    pub enabled: Option<bool>,
    /// A JSON object, or a string that holds one.
    pub context: Option<Value>,
    /// The type of [`CronConfig::job_type`]; without it, the one of which something is said below, or inline in a new config.
    pub job_type: Option<JobKind>,
    /// What is said of a job that calls a URL.
    pub http: Option<HttpFields>,
    /// What is said of a job that runs a command.
    pub command: Option<CommandFields>,
    /// What is said of a job that runs a statement.
    pub query: Option<QueryFields>,
    /// What of the job is secret, sealed; the manager puts it here.
    #[serde(skip)]
    pub seals: Seals,
    /// Five to seven fields, or a name such as `@daily`. Empty: no longer by cron expression.
    pub cron_expression: Option<String>,
    /// The IANA zone of the expression; `UTC` by default. Empty: the default.
    pub timezone: Option<String>,
    /// What a fixed time in a forward gap of the zone does.
    pub dst_gap: Option<DstGap>,
    /// An interval instead of an expression; whole seconds. Zero: no longer by interval.
    #[serde(with = "duration")]
    pub every: Option<Duration>,
    /// One instant instead of an expression. The epoch, `1970-01-01T00:00:00Z`: no longer at an instant.
    pub at: Option<Timestamp>,
    /// See [`CronConfig::external`]; false in a new config.
    pub external: Option<bool>,
    /// See [`Policy::catch_up`].
    pub catch_up: Option<CatchUp>,
    /// See [`Policy::overlap`].
    pub overlap: Option<Overlap>,
    /// See [`Policy::on_abandoned`].
    pub on_abandoned: Option<OnAbandoned>,
    /// See [`Policy::start_deadline`]. Zero: the default.
    #[serde(with = "duration")]
    pub start_deadline: Option<Duration>,
    /// See [`Policy::timeout`]. Zero: no limit.
    #[serde(with = "duration")]
    pub timeout: Option<Duration>,
    /// See [`Policy::jitter`]. Zero: no spread.
    #[serde(with = "duration")]
    pub jitter: Option<Duration>,
    /// See [`Policy::lock`].
    pub lock: Option<LockPolicy>,
    /// See [`Policy::lock_at_least_for`]. Zero: no longer than the run.
    #[serde(with = "duration")]
    pub lock_at_least_for: Option<Duration>,
    /// See [`Policy::min_gap`]. Zero: none.
    #[serde(with = "duration")]
    pub min_gap: Option<Duration>,
    /// See [`Policy::calendars`]: all of them. Empty: none.
    pub calendars: Option<Vec<String>>,
}

impl CronConfigFields {
    /// The fields of a config called `name`.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: Some(name.into()), ..Self::default() }
    }

    /// Switches it on or off.
    #[must_use]
    pub fn enabled(self, enabled: bool) -> Self {
        Self { enabled: Some(enabled), ..self }
    }

    /// Due by a cron expression in a zone.
    #[must_use]
    pub fn cron(self, expression: impl Into<String>, timezone: impl Into<String>) -> Self {
        Self { cron_expression: Some(expression.into()), timezone: Some(timezone.into()), ..self }
    }

    /// Due at each multiple of `interval`.
    #[must_use]
    pub fn every(self, interval: Duration) -> Self {
        Self { every: Some(interval), ..self }
    }

    /// What the handler is told.
    #[must_use]
    pub fn context(self, context: Value) -> Self {
        Self { context: Some(context), ..self }
    }

    /// The new config that these fields make at `now`.
    pub fn create(&self, now: Timestamp) -> Result<CronConfig> {
        let name = self.name.as_deref().ok_or_else(|| Error::invalid("name", "a config needs a name"))?;
        self.change(CronConfig {
            id: CronConfigId(0),
            name: JobName::new(name)?,
            enabled: false,
            context: Context::default(),
            job_type: JobType::Inline,
            schedule: None,
            external: false,
            policy: Policy::default(),
            paused: None,
            version: 1,
            created_at: now,
            updated_at: now,
            deleted_at: None,
        })
    }

    /// `config` with these fields in place of its own. Version and times are left as they are.
    pub fn change(&self, config: CronConfig) -> Result<CronConfig> {
        let name = self.name.as_deref().map_or(Ok(config.name.clone()), JobName::new)?;
        let job = self.job_change(&config.name, &name);
        Ok(CronConfig {
            job_type: job.of(config.job_type, &mut |secret| secret.find(&self.seals))?,
            name,
            enabled: self.enabled.unwrap_or(config.enabled),
            context: self.context.as_ref().map_or(Ok(config.context), Context::new)?,
            schedule: self.change_schedule(config.schedule)?,
            external: self.external.unwrap_or(config.external),
            policy: self.change_policy(config.policy)?,
            ..config
        })
    }

    pub(super) fn job_change<'a>(&'a self, old_name: &'a JobName, name: &'a JobName) -> JobChange<'a> {
        let (http, command, query) = (self.http.as_ref(), self.command.as_ref(), self.query.as_ref());
        JobChange { kind: self.job_type, http, command, query, old_name, name }
    }

    fn change_policy(&self, policy: Policy) -> Result<Policy> {
        Ok(Policy {
            catch_up: self.catch_up.unwrap_or(policy.catch_up),
            overlap: self.overlap.unwrap_or(policy.overlap),
            on_abandoned: self.on_abandoned.unwrap_or(policy.on_abandoned),
            start_deadline: limit("startDeadline", self.start_deadline, policy.start_deadline)?,
            timeout: limit("timeout", self.timeout, policy.timeout)?,
            jitter: limit("jitter", self.jitter, policy.jitter)?,
            lock: self.lock.unwrap_or(policy.lock),
            lock_at_least_for: limit("lockAtLeastFor", self.lock_at_least_for, policy.lock_at_least_for)?,
            min_gap: limit("minGap", self.min_gap, Some(policy.min_gap))?.unwrap_or_default(),
            calendars: self.calendars.as_deref().map_or(Ok(policy.calendars), calendar::parse_names)?,
        })
    }

    fn change_schedule(&self, schedule: Option<Schedule>) -> Result<Option<Schedule>> {
        let expression = self.cron_expression.as_deref().filter(|text| !text.trim().is_empty());
        let every = self.every.filter(|interval| !interval.is_zero());
        let at = self.at.filter(|instant| *instant != Timestamp::UNIX_EPOCH);
        match (expression, every, at) {
            (None, None, None) => self.keep_schedule(schedule),
            (Some(expression), None, None) => self.cron_schedule(schedule.as_ref(), expression).map(Some),
            (None, Some(interval), None) => Ok(Some(Schedule::every(interval)?)),
            (None, None, Some(instant)) => Ok(Some(Schedule::at(instant))),
            _ => Err(Error::invalid("cronExpression", "give one of cronExpression, every and at, not several")),
        }
    }

    /// The schedule stays, maybe in a new zone or under a new gap rule, unless it was emptied.
    fn keep_schedule(&self, schedule: Option<Schedule>) -> Result<Option<Schedule>> {
        let zoned = self.timezone.as_deref().is_some_and(|zone| !zone.is_empty()) || self.dst_gap.is_some();
        let emptied = match schedule.as_ref().map(Schedule::kind) {
            Some(ScheduleKind::Cron { expression, .. }) if self.cron_expression.is_none() => {
                return self.cron_schedule(schedule.as_ref(), &expression.to_string()).map(Some);
            }
            Some(ScheduleKind::Cron { .. }) => true,
            Some(ScheduleKind::Every(_)) => self.every.is_some(),
            Some(ScheduleKind::At(_)) => self.at.is_some(),
            None => false,
        };
        if !emptied && zoned && self.cron_expression.is_none() {
            return Err(Error::invalid("timezone", "a timezone or dstGap needs a cronExpression"));
        }
        Ok(schedule.filter(|_| !emptied))
    }

    fn cron_schedule(&self, old: Option<&Schedule>, expression: &str) -> Result<Schedule> {
        let (old_zone, old_gap) = match old.map(Schedule::kind) {
            Some(ScheduleKind::Cron { zone, gap, .. }) => (zone.name(), gap),
            _ => ("UTC", DstGap::default()),
        };
        let zone = match self.timezone.as_deref() {
            Some("") => "UTC",
            zone => zone.unwrap_or(old_zone),
        };
        Ok(Schedule::cron(expression, zone, self.dst_gap.unwrap_or(old_gap))?)
    }
}

/// A limit as it is after the change: zero takes it away.
fn limit(field: &'static str, new: Option<Duration>, old: Option<Duration>) -> Result<Option<Duration>> {
    const LONGEST: Duration = Duration::from_secs(366 * 86_400);
    match new {
        None => Ok(old),
        Some(Duration::ZERO) => Ok(None),
        Some(limit) if limit > LONGEST => Err(Error::invalid(field, "at most 366 days")),
        Some(limit) => Ok(Some(limit)),
    }
}

/// Durations as proto3 JSON writes them: seconds with an `s`, such as `"1.5s"`.
pub(super) mod duration {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(in crate::domain) fn serialize<S: Serializer>(value: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(duration) => to.serialize_str(&format!("{}s", duration.as_secs_f64())),
            None => to.serialize_none(),
        }
    }

    pub(in crate::domain) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
        let Some(text) = Option::<String>::deserialize(from)? else { return Ok(None) };
        text.strip_suffix('s')
            .and_then(|seconds| seconds.parse().ok())
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
            .map(Some)
            .ok_or_else(|| {
                D::Error::custom(format!("{text:?} is not a duration; write seconds with an s, such as \"90s\""))
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clearing_a_kind_of_schedule_leaves_the_other_kinds() {
        let empty = |kind: &str| CronConfigFields {
            cron_expression: (kind == "cron").then(String::new),
            every: (kind == "every").then_some(Duration::ZERO),
            at: (kind == "at").then_some(Timestamp::UNIX_EPOCH),
            ..CronConfigFields::default()
        };
        let named = CronConfigFields::named("j");
        let at = CronConfigFields { at: Some(Timestamp::MAX), ..named.clone() };
        let kinds = [
            ("cron", named.clone().cron("0 4 * * *", "Europe/Berlin")),
            ("every", named.every(Duration::from_secs(60))),
            ("at", at),
        ];
        for (kind, fields) in kinds {
            let config = fields.create(Timestamp::UNIX_EPOCH).unwrap();
            for cleared in ["cron", "every", "at"] {
                let changed = empty(cleared).change(config.clone()).unwrap().schedule;
                let expected = config.schedule.clone().filter(|_| cleared != kind);
                assert_eq!(changed, expected, "{cleared} cleared of a config by {kind}");
            }
        }
    }

    #[test]
    fn an_empty_timezone_is_the_default_one() {
        let config = CronConfigFields::named("j").cron("0 4 * * *", "Europe/Berlin");
        let config = config.create(Timestamp::UNIX_EPOCH).unwrap();
        let fields = CronConfigFields { timezone: Some(String::new()), ..CronConfigFields::default() };
        let schedule = fields.change(config).unwrap().schedule;
        assert_eq!(schedule, Some(Schedule::cron("0 4 * * *", "UTC", DstGap::default()).unwrap()));
    }
}
