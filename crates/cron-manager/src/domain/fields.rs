//! A config as the fields that make it, and fields whose secrets are sealed.

use std::borrow::Cow;

use super::{
    CommandFields, CronConfig, CronConfigFields, HttpFields, JobName, JobType, QueryFields, Schedule, Sealed, Seals,
    Unsealed, schedule::ScheduleKind,
};
use crate::Result;

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
        let fields = fields.with_job(&config.job_type, &config.name);
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
    /// These fields with what of the job has to be sealed to make a new config, or to change `old`. What else is wrong with them is told when
    /// that is done.
    ///
    /// Errors: those of `seal`.
    pub(crate) fn sealed(
        &self,
        old: Option<&CronConfig>,
        seal: &mut dyn FnMut(&Unsealed) -> Result<Sealed>,
    ) -> Result<Cow<'_, Self>> {
        let name = self.name.as_deref().map(JobName::new).or(old.map(|config| Ok(config.name.clone())));
        let Some(Ok(name)) = name else { return Ok(Cow::Borrowed(self)) };
        let (old_name, job) = old.map_or((&name, JobType::Inline), |old| (&old.name, old.job_type.clone()));
        let (mut seals, mut failed) = (Seals::new(), Ok(()));
        let _ = self.job_change(old_name, &name).of(job, &mut |secret| {
            if let Some(kept) = secret.kept_here() {
                return Ok(kept.clone());
            }
            let sealed = seal(&secret).inspect_err(|error| failed = Err(secret.failed(error)))?;
            seals.insert(secret.place, sealed.clone());
            Ok(sealed)
        });
        failed?;
        Ok(if seals.is_empty() { Cow::Borrowed(self) } else { Cow::Owned(Self { seals, ..self.clone() }) })
    }

    /// Whether anything in them is kept secret.
    pub(crate) fn has_secrets(&self) -> bool {
        self.http.as_ref().is_some_and(HttpFields::has_secrets)
            || self.query.as_ref().is_some_and(|query| query.sql.is_some())
    }

    /// With all that is said of the job of that name; secrets as they are kept, sealed.
    fn with_job(self, job: &JobType, name: &JobName) -> Self {
        let seals = job.secrets(name).into_iter().map(|secret| (secret.place, secret.sealed)).collect();
        let with = Self { seals, ..self };
        match job {
            JobType::Inline => with,
            JobType::Http(job) => {
                let secrets = job.secrets.iter().map(|(name, sealed)| (name.clone(), sealed.0.clone()));
                let headers = Some(job.headers.clone().into_iter().chain(secrets).collect());
                Self {
                    http: Some(HttpFields { url: Some(job.url.clone()), method: Some(job.method), headers }),
                    ..with
                }
            }
            JobType::Command(job) => Self { command: Some(CommandFields { name: Some(job.name.clone()) }), ..with },
            JobType::Query(job) => {
                let (connection, sql) = (Some(job.connection.clone()), Some(job.sql.0.clone()));
                Self { query: Some(QueryFields { connection, sql }), ..with }
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
