//! What a command is given.

use cron_manager::ListedCommand;
use serde_json::json;

use crate::support::{Program, ended};

/// Prints each argument between brackets.
const SHOW: &str = "printf '[%s]' \"$@\"; echo";

#[tokio::test]
async fn whatever_the_context_says_is_one_argument_and_nothing_else() {
    let program = Program::new(SHOW);
    let marker = std::env::temp_dir().join(format!("command-jobs-ran-{}", std::process::id()));
    let marker = marker.to_str().unwrap();
    for shop in [
        "; id".to_owned(),
        "$(id)".into(),
        "`id`".into(),
        "a\nb".into(),
        "' \" \\ * ? ~ $HOME".into(),
        format!("; touch {marker}"),
        format!("$(touch {marker})"),
        format!("\ntouch {marker}\n"),
        "{context.other}".into(),
    ] {
        let listed = program.listed(&["first", "{context.shop}", "last"]);
        let (result, log) = ended(listed, json!({"shop": shop, "other": "hush"})).await;
        assert_eq!((result, log), (Ok(json!({"exitStatus": 0})), format!("[first][{shop}][last]\n")));
    }
    assert!(!std::path::Path::new(marker).exists());
}

#[tokio::test]
async fn a_command_that_names_no_key_is_given_nothing_of_the_context() {
    let program = Program::new(SHOW);
    let (_, log) = ended(program.listed(&["a", "$(id)", "; id"]), json!({"shop": "; id"})).await;
    assert_eq!(log, "[a][$(id)][; id]\n");
}

#[tokio::test]
async fn what_could_not_be_an_argument_starts_nothing() {
    let program = Program::new("echo started");
    for (shop, why) in [
        (json!("a\0b"), "NUL"),
        (json!("-rf"), "dash"),
        (json!(7), "text"),
        (json!(null), "does not have it"),
        (json!(["a"]), "text"),
    ] {
        let (result, log) = ended(program.listed(&["{context.shop}"]), json!({ "shop": shop })).await;
        let error = result.unwrap_err();
        assert!(error.starts_with("context.shop: ") && error.contains(why), "{error}");
        assert_eq!(log, "");
    }
}

#[tokio::test]
async fn the_environment_is_what_is_listed_and_what_tells_of_the_run() {
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
    let command = ListedCommand {
        env: [("A".into(), "b c".into())].into(),
        directory: "/tmp".into(),
        path: "/bin:/usr/bin".into(),
        ..ListedCommand::new(["cat", "/proc/self/environ"])
    };
    let (result, log) = ended(command.clone(), json!({})).await;
    result.unwrap();
    let mut variables: Vec<_> = log.trim_end().split('\0').filter(|variable| !variable.is_empty()).collect();
    variables.sort_unstable();
    assert_eq!(
        variables,
        [
            "A=b c",
            "CRON_MANAGER_ATTEMPT=1",
            "CRON_MANAGER_DUE_AT=2025-06-01T12:00:00Z",
            "CRON_MANAGER_FENCE=7",
            "CRON_MANAGER_IDEMPOTENCY_KEY=0/2025-06-01T12:00:00Z",
            "CRON_MANAGER_JOB=job",
            "CRON_MANAGER_RUN=0",
            "PATH=/bin:/usr/bin",
        ]
    );
    let (_, log) = ended(ListedCommand { argv: vec!["pwd".into()], ..command }, json!({})).await;
    assert_eq!(log, "/tmp\n");
}

#[tokio::test]
async fn a_program_is_looked_for_only_where_the_list_says() {
    let command = ListedCommand { path: "/no/where".into(), ..ListedCommand::new(["cat"]) };
    let error = ended(command, json!({})).await.0.unwrap_err();
    assert!(error.starts_with("cannot start cat in /: "), "{error}");
}
