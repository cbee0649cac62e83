//! The command handler, on real processes.

use std::fs;

use cron_manager::{
    ClaimToken, CronConfigFields, Fence, Outcome, ReplicaId, RunState, Stop,
    backends::system::SystemClock,
    contracts::BoxFuture,
    domain::ledger::{Claimant, Page, Place},
};
use jiff::Timestamp;
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::json;

use super::*;

/// The machine's clock, twenty times as fast.
struct FastClock;

const FAST: u32 = 20;

impl Clock for FastClock {
    fn now(&self) -> Timestamp {
        SystemClock.now()
    }

    fn elapsed(&self) -> Duration {
        SystemClock.elapsed() * FAST
    }

    fn sleep_until(&self, until: Duration) -> BoxFuture<()> {
        SystemClock.sleep_until(until / FAST)
    }
}

/// A clock on which no time passes.
struct StoppedClock;

impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep_until(&self, _until: Duration) -> BoxFuture<()> {
        Box::pin(std::future::pending())
    }
}

fn active_run() -> ActiveRun {
    let now: Timestamp = "2025-06-01T12:00:00Z".parse().unwrap();
    let fields =
        CronConfigFields { timeout: Some(Duration::from_secs(90)), ..CronConfigFields::named("job").enabled(true) };
    let config = fields.create(now).unwrap();
    let place = Place { fence: Fence(6), ..Place::begun(now) };
    let mut page = Page::new(now, config.clone(), place, Vec::new());
    let place = page.record_tick(now);
    assert!(page.start(place, Claimant { replica_id: ReplicaId(1), token: ClaimToken(2) }));
    ActiveRun::new(page.row(place).clone(), Arc::new(config), None, Arc::default())
}

fn command(text: &str, settings: &[(&str, &str)], input: Option<&str>, clock: impl Clock) -> impl Handler {
    let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let script = Script { command: text.to_owned(), input: input.map(str::to_owned), settings: Arc::new(settings) };
    let users = Users::of("ada:x:1000:1000:Ada:/tmp:/bin/bash\n", 1000);
    ShellCommand::new(script, Arc::new(users), Arc::new(clock)).into_handler()
}

/// How a command ended, and what it printed.
async fn run(text: &str) -> (HandlerResult, String) {
    run_with(text, &[], None).await
}

async fn run_with(text: &str, settings: &[(&str, &str)], input: Option<&str>) -> (HandlerResult, String) {
    let run = active_run();
    let result = command(text, settings, input, FastClock).call(run.clone()).await;
    (result, run.log_text().0)
}

/// Ends when the condition holds; fails after 20 s.
async fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let end = SystemClock.elapsed() + Duration::from_secs(20);
    while !condition() {
        assert!(SystemClock.elapsed() < end, "it never came to this: {what}");
        SystemClock.sleep_until(SystemClock.elapsed() + Duration::from_millis(5)).await;
    }
}

/// Whether processes of a group run; those that only wait to be buried do not count (proc(5)).
fn group_runs(group: i32) -> bool {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    processes.filter_map(|process| fs::read_to_string(process.path().join("stat")).ok()).any(|stat| {
        let fields: Vec<_> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
        fields.get(2).is_some_and(|of| of.parse() == Ok(group)) && fields[0] != "Z"
    })
}

/// Tells a command to stop when it has printed its process id and `ready`. Returns how it ended and its process group.
async fn stopped(text: &str, why: Stop, clock: impl Clock) -> (HandlerResult, i32) {
    let run = active_run();
    let handler = command(text, &[], None, clock);
    let mut group = 0;
    let stop = async {
        eventually("the command is ready", || run.log_text().0.contains("ready")).await;
        group = run.log_text().0.split_whitespace().next().unwrap().parse().unwrap();
        assert!(group_runs(group));
        run.stop(why);
    };
    let (result, ()) = tokio::join!(handler.call(run.clone()), stop);
    (result, group)
}

#[tokio::test]
async fn the_exit_status_decides() {
    assert_eq!(run("exit 0").await.0, Ok(json!({"exitStatus": 0})));
    assert_eq!(run("exit 3").await.0, Err("exit status 3".to_owned()));
    assert_eq!(run("kill -KILL $$").await.0, Err("killed by signal 9".to_owned()));
    assert_eq!(run("no-such-command 2>/dev/null").await.0, Err("exit status 127".to_owned()));
}

#[tokio::test]
async fn a_command_that_cannot_start_is_an_error_that_says_so() {
    for settings in [("SHELL", "/no/shell"), ("HOME", "/no/home")] {
        let error = run_with("true", &[settings], None).await.0.unwrap_err();
        assert!(error.starts_with("cannot start ") && error.contains(settings.1), "{error}");
    }
}

#[tokio::test]
async fn output_and_errors_are_logged_in_their_order() {
    let (_, log) = run("for n in 1 2 3; do echo out $n; echo err $n >&2; done; printf last").await;
    assert_eq!(log, "out 1\nerr 1\nout 2\nerr 2\nout 3\nerr 3\nlast\n");
}

#[tokio::test]
async fn the_environment_is_crons() {
    let settings = [("A", "b c"), ("LOGNAME", "eve"), ("SHELL", "/bin/bash")];
    let (_, log) = run_with("cat /proc/$$/environ | tr '\\0' '\\n'; echo $0; pwd", &settings, None).await;
    assert_eq!(
        log,
        "A=b c\nCRON_MANAGER_ATTEMPT=1\nCRON_MANAGER_DUE_AT=2025-06-01T12:00:00Z\nCRON_MANAGER_FENCE=7\n\
         CRON_MANAGER_IDEMPOTENCY_KEY=0/2025-06-01T12:00:00Z\nCRON_MANAGER_JOB=job\nCRON_MANAGER_RUN=0\nHOME=/tmp\n\
         LOGNAME=ada\nPATH=/usr/bin:/bin\nSHELL=/bin/bash\nUSER=ada\n/bin/bash\n/tmp\n"
    );
}

#[tokio::test]
async fn the_input_is_what_the_line_gives_or_nothing() {
    assert_eq!(run_with("cat", &[], Some("a\nb\n")).await.1, "a\nb\n");
    assert_eq!(run("cat; readlink /proc/self/fd/0").await.1, "/dev/null\n");
    let long = "x".repeat(1_000_000);
    assert_eq!(run_with("wc -c", &[], Some(&long)).await.1.trim(), "1000000");
    assert_eq!(run_with("exit 0", &[], Some(&long)).await.0, Ok(json!({"exitStatus": 0})));
}

#[tokio::test]
async fn a_hundred_megabytes_leave_the_last_part() {
    for text in ["yes line | head -c 100000000", "head -c 100000000 /dev/zero | tr '\\0' x"] {
        let run = active_run();
        let ended = command(text, &[], None, FastClock).call(run.clone()).await;
        assert_eq!(ended, Ok(json!({"exitStatus": 0})));
        let (log, cut) = run.log_text();
        assert!(cut && log.len() <= ActiveRun::LOG_LIMIT, "{text}: {} bytes", log.len());
    }
}

#[tokio::test]
async fn what_is_no_text_is_replaced() {
    let (_, log) = run("printf 'a\\000b\\377c\\r\\n'").await;
    let outcome = Outcome::new(RunState::Succeeded).with_log(&log, false);
    assert_eq!(outcome.log.unwrap(), "a\u{fffd}b\u{fffd}c\n");
}

#[tokio::test]
async fn a_long_line_is_cut_between_characters() {
    let (_, log) = run("printf 'x'; for n in $(seq 30000); do printf 'é'; done").await;
    assert_eq!(log.replace('\n', ""), format!("x{}", "é".repeat(30_000)));
}

#[tokio::test]
async fn a_command_that_obeys_ends_by_sigterm() {
    let text = "echo $$ ready; exec sleep 1000";
    let (result, group) = stopped(text, Stop::TimedOut, FastClock).await;
    assert_eq!(result, Err("stopped after 90s: killed by signal 15".to_owned()));
    assert!(!group_runs(group));
    let text = "trap 'exit 0' TERM; echo $$ ready; while :; do sleep 0.01; done";
    let (result, group) = stopped(text, Stop::ShutDown, FastClock).await;
    assert_eq!(result, Ok(json!({"exitStatus": 0})));
    assert!(!group_runs(group));
}

#[tokio::test]
async fn a_command_that_ignores_sigterm_is_killed_with_all_its_children() {
    let text = "trap '' TERM; sleep 1000 & echo $$ ready; while :; do sleep 1; done";
    let (result, group) = stopped(text, Stop::ShutDown, FastClock).await;
    assert_eq!(result, Err("stopped by the shutdown: killed by signal 9".to_owned()));
    eventually("the group is gone", || !group_runs(group)).await;
}

#[tokio::test]
async fn a_grandchild_that_ignores_sigterm_is_killed_although_the_shell_obeyed() {
    let text = "(trap '' TERM; echo $$ ready; sleep 1000) & wait";
    let (result, group) = stopped(text, Stop::TimedOut, FastClock).await;
    assert_eq!(result, Err("stopped after 90s: killed by signal 15".to_owned()));
    eventually("the group is gone", || !group_runs(group)).await;
}

#[tokio::test]
async fn a_lost_hold_kills_at_once() {
    let text = "trap '' TERM; echo $$ ready; while :; do sleep 1; done";
    let (result, group) = stopped(text, Stop::HoldLost, StoppedClock).await;
    assert_eq!(result, Err("stopped when the hold was lost: killed by signal 9".to_owned()));
    eventually("the group is gone", || !group_runs(group)).await;
}

#[tokio::test]
async fn a_dropped_run_kills_its_group() {
    let run = active_run();
    let handler = command("sleep 1000 & echo $$ ready; wait", &[], None, StoppedClock);
    let ready = eventually("the command is ready", || run.log_text().0.contains("ready"));
    tokio::select! {
        _ = handler.call(run.clone()) => panic!("the command ended"),
        () = ready => {}
    }
    let group = run.log_text().0.split_whitespace().next().unwrap().parse().unwrap();
    eventually("the group is gone", || !group_runs(group)).await;
}

#[tokio::test]
async fn a_process_left_behind_goes_on_and_does_not_hold_the_run() {
    let (result, log) = run("echo $$; sleep 1000 &").await;
    assert_eq!(result, Ok(json!({"exitStatus": 0})));
    let (group, notice) = log.split_once('\n').unwrap();
    assert!(notice.contains("left behind"), "{log}");
    let group = group.parse().unwrap();
    assert!(group_runs(group));
    kill_process_group(Pid::from_raw(group).unwrap(), Signal::KILL).unwrap();
}
