//! The script `run`, with real processes and in real time, so that the example cannot rot.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may end by a panic")]

use std::{
    env,
    path::Path,
    process::{Command, Output},
};

use servers::{Postgres, Redis};

/// Lets the script run beside the servers of the environment, or beside its own.
fn run(seconds: &str) -> Output {
    let programs = Path::new(env!("CARGO_BIN_EXE_inventory")).parent().unwrap();
    let mut script = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/run"));
    script.args(["--seconds", seconds]).env("INVENTORY_PROGRAMS", programs);
    let (postgres, redis) = ("CRON_MANAGER_TEST_POSTGRES_URL", "CRON_MANAGER_TEST_REDIS_URL");
    if env::var_os(postgres).is_some() && env::var_os(redis).is_some() {
        return script.output().unwrap();
    }
    let servers = (Postgres::fast().unwrap(), Redis::start().unwrap());
    script.env(postgres, servers.0.url()).env(redis, servers.1.url()).output().unwrap()
}

/// The number behind `what` in the summary.
fn count(shown: &str, what: &str) -> u64 {
    let line = shown.lines().find_map(|line| line.trim_start().strip_prefix(what));
    line.unwrap_or_else(|| panic!("no {what:?} in:\n{shown}")).trim().parse().unwrap()
}

#[test]
fn two_replicas_run_each_tick_once_and_lose_none() {
    let output = run("10");
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{shown}{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!((count(&shown, "ticks that ran twice"), count(&shown, "ticks unaccounted for")), (0, 0));
    let (on_a, on_b) = (count(&shown, "run by A"), count(&shown, "run by B"));
    assert!(on_a > 0 && on_b > 0, "{shown}");
    let without_run = count(&shown, "skipped") + count(&shown, "waiting");
    assert_eq!(on_a + on_b + without_run, count(&shown, "ticks that fell due"), "{shown}");
    for run in ["succeeded  doSomethingFast", "succeeded  countStock", "failed     reconcileStock"] {
        assert!(shown.contains(run), "no {run:?} in:\n{shown}");
    }
}
