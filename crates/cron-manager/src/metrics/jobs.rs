//! Which jobs have series, and what they say.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use jiff::Timestamp;
use parking_lot::{Mutex, RwLock};

use super::{Kind, Text, histogram::Histogram, job::Job};
use crate::{CronConfig, CronConfigId, JobName, SkipReason};

/// The jobs of all configs that are there, as far as this replica knows.
pub(super) struct Jobs {
    most: usize,
    configs: Mutex<HashMap<CronConfigId, CronConfig>>,
    /// Those that have series. Locked for a moment to read, but when a config is made, renamed or deleted.
    counted: RwLock<BTreeMap<JobName, Arc<Job>>>,
}

impl Jobs {
    pub(super) fn new(most: usize) -> Self {
        Self { most, configs: Mutex::default(), counted: RwLock::default() }
    }

    pub(super) fn get(&self, name: &JobName) -> Option<Arc<Job>> {
        self.counted.read().get(name).cloned()
    }

    /// Takes note of a config that was made or changed.
    pub(super) fn configure(&self, config: &CronConfig) {
        let mut configs = self.configs.lock();
        let before = if config.deleted_at.is_some() {
            configs.remove(&config.id)
        } else {
            configs.insert(config.id, config.clone())
        };
        let mut counted = self.counted.write();
        if let Some(old) = before.filter(|before| config.deleted_at.is_some() || before.name != config.name) {
            counted.remove(&old.name);
        }
        if config.deleted_at.is_none() && counted.len() < self.most {
            counted.entry(config.name.clone()).or_insert_with(|| Arc::new(Job::new()));
        }
        // A place that has become free goes to one that had none.
        if counted.len() < self.most.min(configs.len())
            && let Some(next) = configs.values().find(|config| !counted.contains_key(&config.name))
        {
            counted.insert(next.name.clone(), Arc::new(Job::new()));
        }
    }

    pub(super) fn write(&self, text: &mut Text, now: Timestamp) {
        let jobs: Vec<(JobName, Arc<Job>)> =
            self.counted.read().iter().map(|(name, job)| (name.clone(), Arc::clone(job))).collect();
        let (known, next) = self.next_runs(now);
        let help = "Jobs that this replica knows of.";
        text.family("cron_manager_jobs", Kind::Gauge, help).series(&[], known);
        let help = "Jobs beyond the limit of jobs with series of their own.";
        let left_out = known.saturating_sub(jobs.len());
        text.family("cron_manager_metrics_jobs_left_out", Kind::Gauge, help).series(&[], left_out);
        write_runs(text, &jobs);
        write_skips(text, &jobs);
        let help = "How long after its tick a run of a schedule was claimed, in seconds.";
        write_histograms(text, "cron_manager_job_lateness_seconds", help, &jobs, |job| &job.lateness);
        let help = "How long the handlers of runs went on, in seconds.";
        write_histograms(text, "cron_manager_job_duration_seconds", help, &jobs, |job| &job.duration);
        let help = "When the job last succeeded on this replica, in seconds since 1970; 0 before that.";
        let mut family = text.family("cron_manager_job_last_success_timestamp_seconds", Kind::Gauge, help);
        for (name, job) in &jobs {
            family.series(&[("job", name.as_str())], job.last_success());
        }
        let help = "When the job is due next, in seconds since 1970; 0 when it is not.";
        let mut family = text.family("cron_manager_job_next_run_timestamp_seconds", Kind::Gauge, help);
        for (name, _) in &jobs {
            family.series(&[("job", name.as_str())], next.get(name).copied().unwrap_or_default());
        }
    }

    /// How many configs there are, and when those that are due again are.
    fn next_runs(&self, now: Timestamp) -> (usize, HashMap<JobName, i64>) {
        let configs = self.configs.lock();
        let next = |config: &CronConfig| {
            let schedule = config.schedule.as_ref().filter(|_| config.is_active())?;
            Some((config.name.clone(), schedule.next_after(now)?.as_second()))
        };
        (configs.len(), configs.values().filter_map(next).collect())
    }
}

fn write_runs(text: &mut Text, jobs: &[(JobName, Arc<Job>)]) {
    let help = "Runs that ended, by their state, and ticks that were skipped.";
    let mut family = text.family("cron_manager_job_runs_total", Kind::Counter, help);
    for (name, job) in jobs {
        for (state, count) in job.ends() {
            family.series(&[("job", name.as_str()), ("outcome", state.as_str())], count);
        }
        let skipped: u64 = job.skips().map(|(_, count)| count).sum();
        family.series(&[("job", name.as_str()), ("outcome", "skipped")], skipped);
    }
}

fn write_skips(text: &mut Text, jobs: &[(JobName, Arc<Job>)]) {
    let help = "Ticks that were skipped, by their reason.";
    let mut family = text.family("cron_manager_job_skipped_total", Kind::Counter, help);
    for (name, job) in jobs {
        for (reason, count) in job.skips() {
            family.series(&[("job", name.as_str()), ("reason", reason.as_str())], count);
        }
    }
    let help = "Ticks that nobody planned in time, and that were not caught up.";
    let mut family = text.family("cron_manager_job_missed_ticks_total", Kind::Counter, help);
    for (name, job) in jobs {
        let missed = job.skips().find(|(reason, _)| *reason == SkipReason::Missed);
        family.series(&[("job", name.as_str())], missed.map_or(0, |(_, count)| count));
    }
}

fn write_histograms(
    text: &mut Text,
    name: &str,
    help: &str,
    jobs: &[(JobName, Arc<Job>)],
    of: impl Fn(&Job) -> &Histogram,
) {
    let mut family = text.family(name, Kind::Histogram, help);
    for (name, job) in jobs {
        family.histogram(&[("job", name.as_str())], of(job));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CronConfigFields;

    fn config(id: i32, name: &str) -> CronConfig {
        let config = CronConfigFields::named(name).enabled(true).create(Timestamp::UNIX_EPOCH).unwrap();
        CronConfig { id: CronConfigId(id), ..config }
    }

    fn names(jobs: &Jobs) -> Vec<String> {
        jobs.counted.read().keys().map(ToString::to_string).collect()
    }

    #[test]
    fn a_deleted_or_renamed_job_s_series_go_and_another_takes_the_place() {
        let jobs = Jobs::new(2);
        for (id, name) in [(1, "a"), (2, "b"), (3, "c")] {
            jobs.configure(&config(id, name));
        }
        assert_eq!(names(&jobs), ["a", "b"]);
        jobs.configure(&config(1, "d"));
        assert_eq!(names(&jobs), ["b", "d"]);
        jobs.configure(&CronConfig { deleted_at: Some(Timestamp::UNIX_EPOCH), ..config(2, "b") });
        assert_eq!(names(&jobs), ["c", "d"]);
        jobs.configure(&CronConfig { deleted_at: Some(Timestamp::UNIX_EPOCH), ..config(3, "c") });
        assert_eq!(names(&jobs), ["d"]);
        let mut text = Text::default();
        jobs.write(&mut text, Timestamp::UNIX_EPOCH);
        assert!(text.finish().contains("\ncron_manager_metrics_jobs_left_out 0\n"));
    }
}
