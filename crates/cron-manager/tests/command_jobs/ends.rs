//! How a command ends.

use std::time::Duration;

use cron_manager::{
    CommandFields, CronConfigFields, CronManager, Handler, HandlerResult, ListedCommand, RunState, SkipReason, Stop,
    manager::RunQuery,
};
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::json;

use crate::support::{Program, ended, eventually, group_runs, run, runner};

/// Tells a script to stop when it has printed its process id and `ready`. Returns how it ended and its process group.
async fn stopped(script: &str, why: Stop) -> (HandlerResult, i32) {
    let program = Program::new(script);
    let run = run(json!({}));
    let runner = runner(program.listed(&[]));
    let mut group = 0;
    let stop = async {
        eventually("the command is ready", || run.log_text().0.contains("ready")).await;
        group = run.log_text().0.split_whitespace().next().unwrap().parse().unwrap();
        assert!(group_runs(group));
        run.stop(why);
    };
    let (result, ()) = tokio::join!(runner.call(run.clone()), stop);
    (result, group)
}

#[tokio::test]
async fn the_exit_status_decides() {
    let of = async |argv: &[&str]| ended(ListedCommand::new(argv.iter().copied()), json!({})).await.0;
    assert_eq!(of(&["true"]).await, Ok(json!({"exitStatus": 0})));
    assert_eq!(of(&["false"]).await, Err("exit status 1".to_owned()));
    let program = Program::new("kill -KILL $$");
    assert_eq!(ended(program.listed(&[]), json!({})).await.0, Err("killed by signal 9".to_owned()));
}

#[tokio::test]
async fn a_command_that_obeys_ends_by_sigterm() {
    let (result, group) = stopped("echo $$ ready; exec sleep 1000", Stop::TimedOut).await;
    assert_eq!(result, Err("stopped after its timeout: killed by signal 15".to_owned()));
    assert!(!group_runs(group));
}

#[tokio::test]
async fn a_command_that_ignores_sigterm_is_killed_with_all_it_has_started() {
    let script = "trap '' TERM; sleep 1000 & echo $$ ready; while :; do sleep 1; done";
    let (result, group) = stopped(script, Stop::ShutDown).await;
    assert_eq!(result, Err("stopped by the shutdown: killed by signal 9".to_owned()));
    eventually("the group is gone", || !group_runs(group)).await;
}

#[tokio::test]
async fn a_grandchild_that_ignores_sigterm_is_killed_although_the_command_obeyed() {
    let (result, group) = stopped("(trap '' TERM; echo $$ ready; sleep 1000) & wait", Stop::TimedOut).await;
    assert!(result.unwrap_err().starts_with("stopped after its timeout: "));
    eventually("the group is gone", || !group_runs(group)).await;
}

#[tokio::test]
async fn a_run_that_is_dropped_kills_its_group() {
    let program = Program::new("trap '' TERM; sleep 1000 & echo $$ ready; wait");
    let run = run(json!({}));
    let runner = runner(program.listed(&[]));
    let ready = eventually("the command is ready", || run.log_text().0.contains("ready"));
    tokio::select! {
        _ = runner.call(run.clone()) => panic!("the command ended"),
        () = ready => {}
    }
    let group = run.log_text().0.split_whitespace().next().unwrap().parse().unwrap();
    eventually("the group is gone", || !group_runs(group)).await;
}

#[tokio::test]
async fn a_grandchild_that_keeps_the_output_open_does_not_hold_the_run() {
    let program = Program::new("echo $$; sleep 1000 &");
    let (result, log) = ended(program.listed(&[]), json!({})).await;
    assert_eq!(result, Ok(json!({"exitStatus": 0})));
    let (group, notice) = log.split_once('\n').unwrap();
    assert!(notice.contains("left behind"), "{log}");
    kill_process_group(Pid::from_raw(group.parse().unwrap()).unwrap(), Signal::KILL).unwrap();
}

#[tokio::test]
async fn output_without_end_is_bounded() {
    let program = Program::new("head -c 50000000 /dev/zero | tr '\\0' x; echo last");
    let (result, log) = ended(program.listed(&[]), json!({})).await;
    assert_eq!(result, Ok(json!({"exitStatus": 0})));
    assert!(log.ends_with("last\n") && log.len() <= cron_manager::ActiveRun::LOG_LIMIT);
}

#[tokio::test]
async fn a_config_names_a_listed_command_and_nothing_else() {
    let listed = ListedCommand::new(["echo", "done"]);
    let manager = CronManager::builder().command("echo", listed).build().await.unwrap();
    let config = async |name: &str| {
        let fields = CronConfigFields {
            command: Some(CommandFields { name: Some(name.into()) }),
            start_deadline: Some(Duration::from_millis(1)),
            ..CronConfigFields::named(format!("job-{name}")).enabled(true)
        };
        manager.create_cron_config(&fields).await.unwrap()
    };
    let (known, unknown) = (config("echo").await, config("true").await);
    let mut activity = manager.activity();
    manager.start();
    manager.trigger(unknown.id).await.unwrap();
    let known = manager.trigger(known.id).await.unwrap();
    let mut ended = 0;
    while ended < 2 {
        use cron_manager::scheduler::Activity;
        ended += usize::from(matches!(activity.recv().await.unwrap(), Activity::Ended(..) | Activity::Skipped(_)));
    }
    assert_eq!(manager.cron_run_log(known.id).await.unwrap(), "done\n");
    let query = RunQuery { config_id: Some(unknown.id), limit: 10, ..RunQuery::default() };
    let runs = manager.cron_runs(&query).await.unwrap();
    assert_eq!((runs[0].state, runs[0].reason), (RunState::Skipped, Some(SkipReason::NoHandler)));
    manager.shutdown(Duration::ZERO).await;
}

#[tokio::test]
async fn a_command_that_cannot_be_run_as_listed_is_told_at_the_start() {
    let builder = CronManager::builder().command("backup", ListedCommand::new(["./backup"]));
    let error = builder.build().await.err().unwrap();
    assert_eq!(error.field(), Some("commands"));
    assert!(error.to_string().starts_with("command backup: commands: "), "{error}");
}
