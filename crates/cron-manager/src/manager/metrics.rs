//! Metrics: what this replica has counted, and how it stands.

use std::time::Duration;

use super::{CronManager, Readiness};
use crate::metrics::{Kind, Text};

/// How long the parts have to answer.
const PATIENCE: Duration = Duration::from_secs(3);

impl CronManager {
    /// What this replica has counted since its process began, and how it stands, in Prometheus's text format 0.0.4
    /// (`text/plain; version=0.0.4`). Where the parts do not answer within three seconds, all are told of as down.
    pub async fn metrics(&self) -> String {
        let mut text = Text::default();
        let version = env!("CARGO_PKG_VERSION");
        text.family("cron_manager_build_info", Kind::Gauge, "The version of cron-manager; always 1.")
            .series(&[("version", version)], 1);
        self.write_replica(&mut text);
        let clock = self.replica.clock();
        let readiness = tokio::select! {
            biased;
            readiness = self.readiness() => Some(readiness),
            () = clock.sleep_until(clock.elapsed() + PATIENCE) => None,
        };
        write_parts(&mut text, readiness.as_ref());
        if let Some(metrics) = &self.metrics {
            metrics.write(&mut text);
        }
        text.finish()
    }

    fn write_replica(&self, text: &mut Text) {
        let id = self.replica_id().to_string();
        let labels = [("replica_id", &*id), ("version", self.replica.version()), ("host", self.replica.host())];
        text.family("cron_manager_replica_info", Kind::Gauge, "This replica; always 1.").series(&labels, 1);
        let help = "Whether this replica was asked to start nothing more.";
        let draining = u8::from(self.replica.is_draining());
        text.family("cron_manager_replica_draining", Kind::Gauge, help).series(&[], draining);
        let help = "Runs that are live on this replica.";
        text.family("cron_manager_runs_running", Kind::Gauge, help).series(&[], self.replica.running());
    }
}

fn write_parts(text: &mut Text, readiness: Option<&Readiness>) {
    let help = "Whether the part answers: the store, the locker, and the nudges of other replicas.";
    let mut family = text.family("cron_manager_part_up", Kind::Gauge, help);
    for name in ["store", "locker", "signal"] {
        let part = readiness.and_then(|readiness| readiness.parts.iter().find(|part| part.name == name));
        family.series(&[("part", name)], u8::from(part.is_some_and(|part| part.error.is_none())));
    }
    let help = "Whether all parts answer without which nothing runs.";
    let ready = u8::from(readiness.is_some_and(Readiness::is_ready));
    text.family("cron_manager_ready", Kind::Gauge, help).series(&[], ready);
    let help = "How far this machine's clock is ahead of the store's, in seconds; 0 while the store does not answer.";
    let skew = readiness.and_then(|readiness| readiness.clock_skew).map_or(0.0, |skew| skew.as_secs_f64());
    text.family("cron_manager_clock_skew_seconds", Kind::Gauge, help).series(&[], skew);
}
