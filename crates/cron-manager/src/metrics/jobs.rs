//! Which jobs have series, and what they say.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use jiff::Timestamp;
use parking_lot::{Mutex, RwLock};

use super::{Kind, Text, histogram::Histogram, job::Job};
use crate::{CronConfig, CronConfigId, JobName, Schedule, SkipReason};

/// The jobs of all configs that are there, as far as this replica knows.
pub(super) struct Jobs {
    most: usize,
    names: Mutex<HashMap<CronConfigId, JobName>>,
    /// Those that have series. Locked for a moment to read, but when a config is made or changed.
    counted: RwLock<BTreeMap<JobName, Counted>>,
}

#[derive(Clone)]
struct Counted {
    job: Arc<Job>,
    /// When it runs, if it does.
    schedule: Option<Schedule>,
}

impl Jobs {
    pub(super) fn new(most: usize) -> Self {
        Self { most, names: Mutex::default(), counted: RwLock::default() }
    }

    pub(super) fn get(&self, name: &JobName) -> Option<Arc<Job>> {
        self.counted.read().get(name).map(|counted| Arc::clone(&counted.job))
    }

    /// Takes note of a config that was made or changed. A place that has become free goes to the next one.
    pub(super) fn configure(&self, config: &CronConfig) {
        let (mut names, mut counted) = (self.names.lock(), self.counted.write());
        if let Some(old) = names.remove(&config.id).filter(|old| config.deleted_at.is_some() || *old != config.name) {
            counted.remove(&old);
        }
        if config.deleted_at.is_some() {
            return;
        }
        names.insert(config.id, config.name.clone());
        let schedule = config.schedule.clone().filter(|_| config.is_active());
        let has_room = counted.len() < self.most;
        match counted.get_mut(&config.name) {
            Some(known) => known.schedule = schedule,
            None if has_room => {
                drop(counted.insert(config.name.clone(), Counted { job: Arc::new(Job::new()), schedule }));
            }
            None => {}
        }
    }

    pub(super) fn write(&self, text: &mut Text, now: Timestamp) {
        let known = self.names.lock().len();
        let counted = self.counted.read().clone();
        let jobs: Vec<(&str, &Job)> = counted.iter().map(|(name, counted)| (name.as_str(), &*counted.job)).collect();
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
            family.series(&[("job", name)], job.last_success());
        }
        let help = "When the job is due next, in seconds since 1970; 0 when it is not.";
        let mut family = text.family("cron_manager_job_next_run_timestamp_seconds", Kind::Gauge, help);
        for (name, Counted { schedule, .. }) in &counted {
            let next = schedule.as_ref().and_then(|schedule| schedule.next_after(now));
            family.series(&[("job", name.as_str())], next.map_or(0, Timestamp::as_second));
        }
    }
}

fn write_runs(text: &mut Text, jobs: &[(&str, &Job)]) {
    let help = "Runs that ended, by their state, and ticks that were skipped.";
    let mut family = text.family("cron_manager_job_runs_total", Kind::Counter, help);
    for (name, job) in jobs {
        for (state, count) in job.ends() {
            family.series(&[("job", name), ("outcome", state.as_str())], count);
        }
        let skipped: u64 = job.skips().map(|(_, count)| count).sum();
        family.series(&[("job", name), ("outcome", "skipped")], skipped);
    }
}

fn write_skips(text: &mut Text, jobs: &[(&str, &Job)]) {
    let help = "Ticks that were skipped, by their reason.";
    let mut family = text.family("cron_manager_job_skipped_total", Kind::Counter, help);
    for (name, job) in jobs {
        for (reason, count) in job.skips() {
            family.series(&[("job", name), ("reason", reason.as_str())], count);
        }
    }
    let help = "Ticks that nobody planned in time, and that were not caught up.";
    let mut family = text.family("cron_manager_job_missed_ticks_total", Kind::Counter, help);
    for (name, job) in jobs {
        let missed = job.skips().find(|(reason, _)| *reason == SkipReason::Missed);
        family.series(&[("job", name)], missed.map_or(0, |(_, count)| count));
    }
}

fn write_histograms(text: &mut Text, name: &str, help: &str, jobs: &[(&str, &Job)], of: impl Fn(&Job) -> &Histogram) {
    let mut family = text.family(name, Kind::Histogram, help);
    for (name, job) in jobs {
        family.histogram(&[("job", name)], of(job));
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
    fn a_deleted_or_renamed_job_s_series_go_and_the_next_job_takes_the_place() {
        let jobs = Jobs::new(2);
        for (id, name) in [(1, "a"), (2, "b"), (3, "c")] {
            jobs.configure(&config(id, name));
        }
        assert_eq!(names(&jobs), ["a", "b"]);
        let mut text = Text::default();
        jobs.write(&mut text, Timestamp::UNIX_EPOCH);
        let text = text.finish();
        assert!(text.contains("\ncron_manager_jobs 3\n") && text.contains("\ncron_manager_metrics_jobs_left_out 1\n"));
        jobs.configure(&config(1, "d"));
        assert_eq!(names(&jobs), ["b", "d"]);
        jobs.configure(&CronConfig { deleted_at: Some(Timestamp::UNIX_EPOCH), ..config(2, "b") });
        assert_eq!(names(&jobs), ["d"]);
        jobs.configure(&config(3, "c"));
        assert_eq!(names(&jobs), ["c", "d"]);
    }
}
