//! A config as the fields that make it.

use super::{
    CommandFields, CronConfig, CronConfigFields, HttpFields, JobType, QueryFields, Schedule, schedule::ScheduleKind,
};

/// The fields that make such a config.
impl From<&CronConfig> for CronConfigFields {
    fn from(config: &CronConfig) -> Self {
        let CronConfig { policy, .. } = config;
        let fields = Self {
            job_type: Some(config.job_type.kind()),
            name: Some(config.name.to_string()),
            enabled: Some(config.enabled),
            context: Some(config.context.to_value()),
            external: Some(config.external),
            catch_up: Some(policy.catch_up),
            overlap: Some(policy.overlap),
            on_abandoned: Some(policy.on_abandoned),
            start_deadline: policy.start_deadline,
            timeout: policy.timeout,
            jitter: policy.jitter,
            lock: Some(policy.lock),
            lock_at_least_for: policy.lock_at_least_for,
            min_gap: Some(policy.min_gap),
            calendars: (!policy.calendars.is_empty())
                .then(|| policy.calendars.iter().map(ToString::to_string).collect()),
            ..Self::default()
        };
        let fields = fields.with_job(&config.job_type);
        match config.schedule.as_ref().map(Schedule::kind) {
            Some(ScheduleKind::Cron { expression, zone, gap }) => {
                Self { dst_gap: Some(gap), ..fields.cron(expression.to_string(), zone.name()) }
            }
            Some(ScheduleKind::Every(interval)) => fields.every(interval),
            Some(ScheduleKind::At(instant)) => Self { at: Some(instant), ..fields },
            None => fields,
        }
    }
}

impl CronConfigFields {
    /// With all that is said of a job, secrets too; a statement as it is kept, sealed.
    fn with_job(self, job: &JobType) -> Self {
        match job {
            JobType::Inline => self,
            JobType::Http(job) => {
                let (url, method, headers) = (Some(job.url.clone()), Some(job.method), Some(job.headers.clone()));
                Self { http: Some(HttpFields { url, method, headers }), ..self }
            }
            JobType::Command(job) => Self { command: Some(CommandFields { name: Some(job.name.clone()) }), ..self },
            JobType::Query(job) => {
                let (connection, sql) = (Some(job.connection.clone()), Some(job.sql.0.clone()));
                Self { query: Some(QueryFields { connection, sql, sealed: Some(job.sql.clone()) }), ..self }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;

    use super::*;
    use crate::{CatchUp, LockPolicy, domain::schedule::DstGap};

    #[test]
    fn a_config_is_made_again_of_its_fields() {
        let plain = CronConfigFields::named("j").enabled(true).context(serde_json::json!({"shop": 7}));
        let all = CronConfigFields {
            external: Some(true),
            catch_up: Some(CatchUp::None),
            start_deadline: Some(Duration::from_secs(1)),
            timeout: Some(Duration::from_secs(2)),
            jitter: Some(Duration::from_secs(3)),
            lock: Some(LockPolicy::Require),
            lock_at_least_for: Some(Duration::from_secs(4)),
            min_gap: Some(Duration::ZERO),
            calendars: Some(vec!["holidays".into(), "nights".into()]),
            ..plain.clone()
        };
        let cron = CronConfigFields { dst_gap: Some(DstGap::Skip), ..all.clone().cron("0 4 * * *", "Europe/Berlin") };
        let at = CronConfigFields { at: Some(Timestamp::MAX), ..all.clone() };
        for fields in [plain, all.clone(), cron, all.every(Duration::from_secs(60)), at] {
            let config = fields.create(Timestamp::UNIX_EPOCH).unwrap();
            assert_eq!(CronConfigFields::from(&config).create(Timestamp::UNIX_EPOCH).unwrap(), config);
        }
    }
}
