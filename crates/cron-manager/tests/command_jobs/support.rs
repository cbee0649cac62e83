//! Runs of listed commands.

use std::{env, fs, sync::Arc, time::Duration};

use cron_manager::{
    ActiveRun, ClaimToken, CommandFields, CronConfigFields, Fence, Handler, HandlerResult, ListedCommand, ReplicaId,
    backends::{command::CommandRunner, system::SystemClock},
    contracts::Clock,
    domain::ledger::{Claimant, Page, Place},
};
use jiff::Timestamp;
use serde_json::Value;

/// How long a command has to end.
pub(crate) const GRACE: Duration = Duration::from_millis(300);

/// A run that was claimed under fence 7, due at noon.
pub(crate) fn run(context: Value) -> ActiveRun {
    let now: Timestamp = "2025-06-01T12:00:00Z".parse().unwrap();
    let command = CommandFields { name: Some("listed".into()) };
    let fields = CronConfigFields { command: Some(command), ..CronConfigFields::named("job") };
    let config = fields.enabled(true).context(context).create(now).unwrap();
    let place = Place { fence: Fence(6), ..Place::begun(now) };
    let mut page = Page::new(now, config.clone(), place, Vec::new());
    let place = page.record_tick(now);
    assert!(page.start(place, Claimant { replica_id: ReplicaId(1), token: ClaimToken(2) }));
    ActiveRun::new(page.row(place).clone(), Arc::new(config), None, Arc::default())
}

pub(crate) fn runner(command: ListedCommand) -> impl Handler {
    CommandRunner::new(command, Arc::new(SystemClock), GRACE).unwrap()
}

/// How a command ended, and what it printed.
pub(crate) async fn ended(command: ListedCommand, context: Value) -> (HandlerResult, String) {
    let run = run(context);
    let result = runner(command).call(run.clone()).await;
    (result, run.log_text().0)
}

/// A script as a program of its own, which is removed in the end.
pub(crate) struct Program(String);

impl Program {
    pub(crate) fn new(script: &str) -> Self {
        static NUMBER: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let path = env::temp_dir().join(format!("command-jobs-{}-{number}", std::process::id()));
        fs::write(&path, script).unwrap();
        Self(path.to_str().unwrap().to_owned())
    }

    /// Run by the shell that the operator names: the script is the operator's, too.
    pub(crate) fn listed(&self, arguments: &[&str]) -> ListedCommand {
        ListedCommand::new(["/bin/sh", &*self.0].into_iter().chain(arguments.iter().copied()))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        fs::remove_file(&self.0).unwrap();
    }
}

/// Ends when the condition holds; fails after 20 s.
pub(crate) async fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let end = SystemClock.elapsed() + Duration::from_secs(20);
    while !condition() {
        assert!(SystemClock.elapsed() < end, "it never came to this: {what}");
        SystemClock.sleep_until(SystemClock.elapsed() + Duration::from_millis(5)).await;
    }
}

/// Whether processes of a group run; those that only wait to be buried do not count (proc(5)).
pub(crate) fn group_runs(group: i32) -> bool {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    processes.filter_map(|process| fs::read_to_string(process.path().join("stat")).ok()).any(|stat| {
        let fields: Vec<_> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
        fields.get(2).is_some_and(|of| of.parse() == Ok(group)) && fields[0] != "Z"
    })
}
