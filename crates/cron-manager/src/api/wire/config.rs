//! Configs, as they are shown and as they are written.

use prost_reflect::{DynamicMessage, MessageDescriptor};
use prost_types::FieldMask;
use serde_json::Value;

use super::{
    Misfit, etag,
    job::{show_job, with_job},
    scalar::{duration, show_duration, show_time, show_word, time, word},
    version,
};
use crate::{
    CatchUp, CronConfig, CronConfigFields, CronConfigId, JobKind, LockPolicy, OnAbandoned, Overlap, Pause, Policy,
    Schedule,
    api::proto::{self, marks},
    domain::schedule::{DstGap, ScheduleKind},
};

/// A config as others see it.
pub(crate) fn show_config(config: &CronConfig) -> proto::CronConfig {
    let policy = &config.policy;
    proto::CronConfig {
        id: Some(config.id.0),
        name: Some(config.name.to_string()),
        enabled: Some(config.enabled),
        context: Some(config.context.as_str().to_owned()),
        external: Some(config.external),
        catch_up: Some(show_word(policy.catch_up)),
        overlap: Some(show_word(policy.overlap)),
        on_abandoned: Some(show_word(policy.on_abandoned)),
        start_deadline: policy.start_deadline.map(show_duration),
        timeout: policy.timeout.map(show_duration),
        jitter: policy.jitter.map(show_duration),
        lock: Some(show_word(policy.lock)),
        lock_at_least_for: policy.lock_at_least_for.map(show_duration),
        min_gap: Some(show_duration(policy.min_gap)),
        calendars: policy.calendars.iter().map(ToString::to_string).collect(),
        paused: config.paused.as_ref().map(show_pause),
        description: config.schedule.as_ref().map(Schedule::describe),
        created_at: Some(show_time(config.created_at)),
        updated_at: Some(show_time(config.updated_at)),
        deleted_at: config.deleted_at.map(show_time),
        etag: Some(etag(config.version)),
        ..show_schedule(config.schedule.as_ref(), show_job(&config.job_type))
    }
}

fn show_pause(pause: &Pause) -> proto::Pause {
    proto::Pause {
        since: Some(show_time(pause.since)),
        until: pause.until.map(show_time),
        reason: pause.reason.clone(),
    }
}

/// `shown` with a schedule.
fn show_schedule(schedule: Option<&Schedule>, shown: proto::CronConfig) -> proto::CronConfig {
    match schedule.map(Schedule::kind) {
        None => shown,
        Some(ScheduleKind::Cron { expression, zone, gap }) => proto::CronConfig {
            cron_expression: Some(expression.to_string()),
            timezone: Some(zone.name().to_owned()),
            dst_gap: Some(show_word(gap)),
            ..shown
        },
        Some(ScheduleKind::Every(interval)) => proto::CronConfig { every: Some(show_duration(interval)), ..shown },
        Some(ScheduleKind::At(instant)) => proto::CronConfig { at: Some(show_time(instant)), ..shown },
    }
}

/// The fields that a caller sets.
pub(crate) fn fields(given: proto::CronConfig) -> Result<CronConfigFields, Misfit> {
    let length = |field, given: Option<_>| given.map(|given| duration(field, given)).transpose();
    let fields = with_job(CronConfigFields::default(), &given)?;
    Ok(CronConfigFields {
        name: given.name,
        enabled: given.enabled,
        context: given.context.map(Value::String),
        cron_expression: given.cron_expression,
        timezone: given.timezone,
        dst_gap: given.dst_gap.map(|text| word("dstGap", text)).transpose()?,
        every: length("every", given.every)?,
        at: given.at.map(|given| time("at", given)).transpose()?,
        external: given.external,
        catch_up: given.catch_up.map(|text| word("catchUp", text)).transpose()?,
        overlap: given.overlap.map(|text| word("overlap", text)).transpose()?,
        on_abandoned: given.on_abandoned.map(|text| word("onAbandoned", text)).transpose()?,
        start_deadline: length("startDeadline", given.start_deadline)?,
        timeout: length("timeout", given.timeout)?,
        jitter: length("jitter", given.jitter)?,
        lock: given.lock.map(|text| word("lock", text)).transpose()?,
        lock_at_least_for: length("lockAtLeastFor", given.lock_at_least_for)?,
        min_gap: length("minGap", given.min_gap)?,
        // A list that is empty is as one that is absent.
        calendars: Some(given.calendars).filter(|names| !names.is_empty()),
        ..fields
    })
}

/// A change of a config that is asked for.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) id: CronConfigId,
    pub(crate) fields: CronConfigFields,
    /// Only if this is its version.
    pub(crate) version: Option<i64>,
}

/// The fields of the config that is to be created, and the caller's name for the request.
pub(crate) fn new_config(asked: proto::CreateCronConfigRequest) -> Result<(CronConfigFields, String), Misfit> {
    let mut config = asked.cron_config.unwrap_or_default();
    agree("name", &mut config.name, asked.name)?;
    agree("enabled", &mut config.enabled, asked.enabled)?;
    agree("context", &mut config.context, asked.context)?;
    Ok((fields(config)?, asked.request_id))
}

impl Change {
    /// The change that is asked for.
    pub(crate) fn of(asked: proto::UpdateCronConfigRequest) -> Result<Self, Misfit> {
        let mut config = asked.cron_config.unwrap_or_default();
        agree("id", &mut config.id, asked.id)?;
        agree("name", &mut config.name, asked.name)?;
        agree("enabled", &mut config.enabled, asked.enabled)?;
        agree("context", &mut config.context, asked.context)?;
        let id = config.id.ok_or_else(|| Misfit::new("id", "which config? give its id"))?;
        let etag = config.etag.take().filter(|etag| !etag.is_empty());
        let version = etag.as_deref().map(version).transpose()?.flatten();
        let fields = match asked.update_mask.filter(|mask| !mask.paths.is_empty()) {
            Some(mask) => masked_fields(&config, &mask)?,
            None => fields(config)?,
        };
        Ok(Self { id: CronConfigId(id), fields, version })
    }
}

/// Puts a field that the original library's messages carry into the config, where it must not say otherwise.
fn agree<T: PartialEq>(field: &str, ours: &mut Option<T>, original: Option<T>) -> Result<(), Misfit> {
    match (ours.as_ref(), &original) {
        (Some(ours), Some(original)) if ours != original => {
            Err(Misfit::new(field, "is given twice, and not the same; which one is meant?"))
        }
        (None, Some(_)) => {
            *ours = original;
            Ok(())
        }
        _ => Ok(()),
    }
}

/// The fields of the mask, a list that is to be empty among them.
fn masked_fields(config: &proto::CronConfig, mask: &FieldMask) -> Result<CronConfigFields, Misfit> {
    let fields = fields(masked(config, mask)?)?;
    let is_list_meant = mask.paths.iter().any(|path| path == "calendars" || path == "*");
    Ok(CronConfigFields { calendars: fields.calendars.or(is_list_meant.then(Vec::new)), ..fields })
}

/// The fields of the mask; those that are absent are cleared (AIP-134).
fn masked(config: &proto::CronConfig, mask: &FieldMask) -> Result<proto::CronConfig, Misfit> {
    let descriptor = proto::message("cron.CronConfig");
    let settable: Vec<_> = descriptor
        .fields()
        .filter(|field| !marks(field).output_only && !matches!(field.name(), "id" | "etag"))
        .collect();
    let all = mask.paths.iter().any(|path| path == "*");
    let unknown = mask.paths.iter().find(|path| !all && !settable.iter().any(|field| field.name() == path.as_str()));
    if let Some(unknown) = unknown {
        return Err(Misfit::new("updateMask", format!("{unknown:?} is no field that can be set")));
    }
    let given = dynamic(&descriptor, config)?;
    let mut kept = dynamic(&descriptor, &cleared())?;
    for field in settable {
        if !all && !mask.paths.iter().any(|path| path == field.name()) {
            kept.clear_field(&field);
        } else if given.has_field(&field) {
            kept.set_field(&field, given.get_field(&field).into_owned());
        }
    }
    let kept: proto::CronConfig = kept.transcode_to().map_err(|error| Misfit::new("updateMask", error.to_string()))?;
    // What is said of a job tells its type.
    let is_told = kept.http.is_some() || kept.command.is_some() || kept.query.is_some();
    let job_type = kept.job_type.clone().filter(|_| !is_told || config.job_type.is_some());
    Ok(proto::CronConfig { job_type, ..kept })
}

fn dynamic(descriptor: &MessageDescriptor, config: &proto::CronConfig) -> Result<DynamicMessage, Misfit> {
    let mut message = DynamicMessage::new(descriptor.clone());
    message.transcode_from(config).map_err(|error| Misfit::new("cronConfig", error.to_string()))?;
    Ok(message)
}

/// Every field that can be set, with the value that clears it.
fn cleared() -> proto::CronConfig {
    let zero = Some(prost_types::Duration::default());
    proto::CronConfig {
        name: Some(String::new()),
        enabled: Some(false),
        context: Some("{}".to_owned()),
        cron_expression: Some(String::new()),
        timezone: Some(String::new()),
        dst_gap: Some(show_word(DstGap::default())),
        every: zero,
        at: Some(prost_types::Timestamp::default()),
        external: Some(false),
        catch_up: Some(show_word(CatchUp::default())),
        overlap: Some(show_word(Overlap::default())),
        on_abandoned: Some(show_word(OnAbandoned::default())),
        start_deadline: zero,
        timeout: zero,
        jitter: zero,
        lock: Some(show_word(LockPolicy::default())),
        lock_at_least_for: zero,
        min_gap: Some(show_duration(Policy::DEFAULT_MIN_GAP)),
        job_type: Some(show_word(JobKind::default())),
        ..proto::CronConfig::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CommandFields, Context, HttpFields, HttpMethod};
    use jiff::Timestamp;
    use serde_json::json;
    use std::time::Duration;

    fn config(fields: &CronConfigFields) -> CronConfig {
        fields.create(Timestamp::UNIX_EPOCH).unwrap()
    }

    /// Configs that set every field there is.
    fn configs() -> Vec<CronConfig> {
        let named = CronConfigFields::named("j").context(json!({"z": null, "a": [1.5, "ä"]}));
        let second = Some(Duration::new(1, 500));
        let limited = CronConfigFields {
            timeout: second,
            start_deadline: second,
            jitter: second,
            lock_at_least_for: second,
            ..named.clone()
        };
        let fields = CronConfigFields {
            external: Some(true),
            lock: Some(LockPolicy::Require),
            min_gap: second,
            calendars: Some(vec!["holidays".into(), "nights".into()]),
            ..named.clone()
        };
        let at = CronConfigFields { at: Some("2031-01-02T03:04:05Z".parse().unwrap()), ..named.clone() };
        let http = HttpFields {
            url: Some("https://a.example/b".into()),
            method: Some(HttpMethod::Put),
            headers: Some([("X-Shop".to_owned(), "7".to_owned())].into()),
        };
        let http = CronConfigFields { http: Some(http), ..named.clone() };
        let command = CommandFields { name: Some("backup".into()) };
        let command = CronConfigFields { command: Some(command), ..named.clone() };
        let by_cron = named.clone().enabled(true).cron("*/5 2-4 * * mon", "Europe/Berlin");
        [limited, fields, at, http, command, by_cron, named.clone().every(Duration::from_secs(90)), named]
            .map(|f| config(&f))
            .into()
    }

    #[test]
    fn a_config_survives_the_wire() {
        for written in configs() {
            let shown = show_config(&written);
            assert_eq!(version(shown.etag.as_deref().unwrap()).unwrap(), Some(written.version));
            assert_eq!(shown.id, Some(written.id.0));
            assert_eq!(config(&fields(shown).unwrap()), written);
        }
    }

    #[test]
    fn every_field_that_can_be_set_can_be_cleared_and_is_shown() {
        let message = proto::message("cron.CronConfig");
        let cleared = dynamic(&message, &cleared()).unwrap();
        let shown: Vec<_> = configs().iter().map(|config| dynamic(&message, &show_config(config)).unwrap()).collect();
        for field in message.fields() {
            // What is said of a job goes with its type.
            let is_of_a_job = matches!(field.name(), "http" | "command" | "query");
            // A list is cleared by the mask alone.
            let is_set_by_callers = !marks(&field).output_only
                && !matches!(field.name(), "id" | "etag")
                && !is_of_a_job
                && !field.is_list();
            assert_eq!(cleared.has_field(&field), is_set_by_callers, "{}", field.name());
            let is_shown = shown.iter().any(|config| config.has_field(&field));
            assert!(is_shown || marks(&field).output_only || field.name() == "query", "{}", field.name());
        }
    }

    #[test]
    fn a_mask_of_all_makes_a_new_config_of_an_old_one() {
        let all = FieldMask { paths: vec!["*".into()] };
        let named = proto::CronConfig { name: Some("j".into()), ..proto::CronConfig::default() };
        for old in configs() {
            let fields = masked_fields(&named, &all).unwrap();
            let new = fields.change(old).unwrap();
            assert_eq!(new, CronConfig { context: Context::default(), ..config(&CronConfigFields::named("j")) });
        }
    }
}
