//! The commands that ask a running server.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    process::{Command, Stdio},
};

use serde_json::{Value, json};

use crate::support::{Folder, Serving, program, run, shown};

/// What no terminal may be sent: it clears the screen, and the other one does so with one character.
const ESCAPES: [char; 2] = ['\x1b', '\u{9b}'];

/// A program that serves, and how it is asked.
pub(crate) struct Asked {
    serving: Serving,
    server: String,
    token: Option<&'static str>,
    pub(crate) folder: Folder,
}

impl Asked {
    /// A server of this crontab.
    pub(crate) fn serve(crontab: &str) -> Self {
        Self::start(crontab, None)
    }

    fn start(crontab: &str, token: Option<&'static str>) -> Self {
        let folder = Folder::new();
        folder.crontab(crontab);
        let mut serve = program(&["serve"]);
        Self::by(folder, &mut serve, token)
    }

    /// A server of the crontab in the folder, started by this command.
    pub(crate) fn by(folder: Folder, serve: &mut Command, token: Option<&'static str>) -> Self {
        serve.arg("--crontab").arg(folder.path("crontab")).envs(token.map(|token| ("CRON_MANAGER_TOKEN", token)));
        let mut serving = folder.start(serve);
        let address = serving.address();
        let server = format!("http://{address}");
        serving.line(&["end      Ctrl-C"]);
        Self { serving, server, token, folder }
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program(arguments);
        command.env("CRON_MANAGER_SERVER", &self.server).envs(self.token.map(|token| ("CRON_MANAGER_TOKEN", token)));
        command
    }

    /// Exit code, standard output, standard error.
    pub(crate) fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        shown(self.command(arguments).output().unwrap())
    }

    /// The JSON that it answers.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let (code, text, errors) = self.run(&[arguments, &["-o", "json"]].concat());
        assert_eq!(code, 0, "{arguments:?}: {text}{errors}");
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("{arguments:?}: {text}"))
    }

    /// With this on standard input.
    pub(crate) fn fed(&self, arguments: &[&str], input: &str) -> (i32, String, String) {
        let mut command = self.command(arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        shown(child.wait_with_output().unwrap())
    }
}

#[test]
fn a_config_is_created_read_changed_and_deleted_by_name_and_by_id() {
    let asked = Asked::serve("");
    let made = asked.json(&[
        "config",
        "create",
        "send-invoices",
        "--cron",
        "30 2 * * *",
        "--timezone",
        "Europe/Berlin",
        "--timeout",
        "90s",
        "--context",
        r#"{"z":1,"a":2}"#,
        "--reason",
        "the shop opens",
    ]);
    assert_eq!((&made["id"], &made["enabled"], &made["timeout"]), (&json!(1), &json!(false), &json!("90s")));
    assert_eq!(made["context"].to_string(), r#"{"z":1,"a":2}"#, "in its order");
    assert_eq!(asked.json(&["config", "get", "send-invoices"]), made);
    assert_eq!(asked.json(&["config", "get", "1"]), made);
    assert_eq!(asked.json(&["config", "enable", "send-invoices"])["enabled"], true);
    let (code, _, errors) = asked.run(&["config", "disable", "1", "--if-match", made["etag"].as_str().unwrap()]);
    assert!(code == 1 && errors.contains("look at it with `get`"), "{code} {errors}");
    let off = asked.json(&["config", "disable", "1"]);
    assert_eq!(off["enabled"], false);
    let changed = asked.json(&[
        "config",
        "update",
        "1",
        "--every",
        "60s",
        "--cron",
        "",
        "--if-match",
        off["etag"].as_str().unwrap(),
    ]);
    assert_eq!((&changed["every"], changed.get("cronExpression")), (&json!("60s"), None));
    let (code, _, errors) = asked.run(&["config", "delete", "1"]);
    assert!(code == 2 && errors.contains("--yes"), "{errors}");
    assert!(asked.json(&["config", "delete", "send-invoices", "--yes"])["deletedAt"].is_string());
    assert_eq!(asked.json(&["config", "list"]), json!([]));
    assert_eq!(asked.json(&["config", "list", "--show-deleted"])[0]["id"], 1);
    let audit = asked.json(&["audit", "--config", "1"]);
    let actions: Vec<_> = audit.as_array().unwrap().iter().map(|row| row["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["delete", "update", "disable", "enable", "create"]);
    assert_eq!(audit[4]["reason"], "the shop opens");
}

#[test]
fn a_config_is_read_from_a_file_as_it_is_shown() {
    let asked = Asked::serve("");
    let text = r#"{"cronConfig": {"name": "j", "cronExpression": "@daily", "context": {"shop": 7}}}"#;
    let (code, _, errors) = asked.fed(&["config", "create", "--file", "-"], text);
    assert_eq!(code, 0, "{errors}");
    let mut shown = asked.json(&["config", "get", "j"]);
    let file = asked.folder.path("config.json");
    shown["timezone"] = json!("Europe/Berlin");
    fs::write(&file, shown.to_string()).unwrap();
    let update = ["config", "update", "j", "--file", file.to_str().unwrap()];
    assert_eq!(asked.json(&update)["timezone"], "Europe/Berlin");
    let (code, _, errors) = asked.run(&update);
    assert!(code == 1 && errors.contains("etag"), "its etag is old: {errors}");
    let (code, _, errors) = asked.fed(&["config", "create", "k", "--context", "-"], "{\n \"a\": 1}");
    assert_eq!(code, 0, "{errors}");
    assert_eq!(asked.json(&["config", "get", "k"])["context"], json!({"a": 1}));
    for (text, named) in [("[]", "object"), ("{", "JSON"), (r#"{"enabeld": true}"#, "enabeld")] {
        let (code, _, errors) = asked.fed(&["config", "create", "--file", "-"], text);
        assert!(code == 2 && errors.contains(named), "{text}: {code} {errors}");
    }
}

#[test]
fn a_dry_run_says_what_would_be_and_changes_nothing() {
    let asked = Asked::serve("");
    asked.json(&["config", "create", "j", "--cron", "@daily"]);
    let would = asked.json(&["config", "update", "j", "--timezone", "Europe/Berlin", "--dry-run"]);
    assert_eq!((&would["cronExpression"], &would["timezone"]), (&json!("@daily"), &json!("Europe/Berlin")));
    assert_eq!(asked.json(&["config", "get", "j"])["timezone"], "UTC");
    let would = asked.json(&["config", "create", "k", "--enabled", "--cron", "@daily", "--dry-run"]);
    assert_eq!((&would["enabled"], would["next"].as_array().unwrap().len()), (&json!(true), 5));
    assert_eq!(asked.json(&["config", "list"]).as_array().unwrap().len(), 1);
    let (code, _, errors) = asked.run(&["config", "create", "j", "--dry-run"]);
    assert!(code == 1 && errors.contains("called j already"), "{errors}");
    let (code, _, errors) = asked.run(&["config", "update", "j", "--name", "k", "--if-match", "\"7\"", "--dry-run"]);
    assert!(code == 1 && errors.contains("at version 1, not 7"), "{errors}");
    let (code, text, errors) = asked.run(&["config", "delete", "j", "--dry-run"]);
    assert!(code == 0 && text.contains("deletedAt") && errors.contains("nothing was changed"), "{text}{errors}");
    assert_eq!(asked.json(&["config", "get", "j"]).get("deletedAt"), None);
    let (code, _, errors) = asked.run(&["config", "update", "j", "--cron", "61 * * * *", "--dry-run"]);
    assert!(code == 2 && errors.contains("cronExpression: minute 61"), "{errors}");
}

#[test]
fn runs_are_asked_for_listed_and_followed_to_their_end() {
    let asked = Asked::serve("# name: good\n0 0 29 2 * echo hello\n# name: bad\n0 0 29 2 * echo oh; exit 3\n");
    let (code, log, errors) = asked.run(&["config", "trigger", "good", "--follow"]);
    assert!((code, log.as_str()) == (0, "hello\n") && errors.contains("of good succeeded"), "{code} {log} {errors}");
    let (code, log, errors) = asked.run(&["config", "trigger", "bad", "--follow"]);
    assert!((code, log.as_str()) == (1, "oh\n") && errors.contains("failed: exit status 3"), "{code} {log} {errors}");
    assert_eq!(asked.run(&["run", "tail", "good"]).1, "hello\n");
    let runs = asked.json(&["run", "list", "--config", "bad", "--state", "failed"]);
    assert_eq!((runs.as_array().unwrap().len(), &runs[0]["error"]), (1, &json!("exit status 3")));
    let id = runs[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(asked.json(&["run", "get", &id])["name"], "bad");
    assert_eq!(asked.run(&["run", "tail", &id, "--follow"]).0, 1);
    let (code, lines, _) = asked.run(&["run", "tail", &id, "-f", "-o", "jsonl"]);
    let updates: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((code, &updates.last().unwrap()["cronJob"]["state"]), (1, &json!("failed")));
    let newest_last = asked.run(&["run", "tail"]).1;
    assert!(newest_last.lines().last().unwrap().contains("bad"), "{newest_last}");
    let (code, _, errors) = asked.run(&["run", "list", "--state", "lost"]);
    assert!(code == 2 && errors.contains("timed_out"), "{errors}");
    assert_eq!(asked.json(&["replica", "list"])[0]["handlers"], json!(["bad", "good"]));
}

#[test]
fn all_runs_are_watched_until_nobody_reads_on() {
    let asked = Asked::serve("# name: j\n* * * * * true\n");
    let mut watch = asked.command(&["run", "tail", "--follow", "-o", "jsonl"]);
    let mut watch = watch.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(watch.stdout.take().unwrap()).lines();
    let first = std::thread::spawn(move || lines.next().unwrap().unwrap());
    while !first.is_finished() {
        asked.run(&["config", "trigger", "j", "--follow"]);
    }
    let first: Value = serde_json::from_str(&first.join().unwrap()).unwrap();
    assert!(first["started"]["name"] == "j" || first["ended"]["name"] == "j", "{first}");
    // The pipe is closed now, and the next event has nowhere to go.
    while watch.try_wait().unwrap().is_none() {
        asked.run(&["config", "trigger", "j", "--follow"]);
    }
    assert_eq!(watch.wait().unwrap().code(), Some(0));
}

#[test]
fn what_a_job_says_cannot_reach_the_terminal_raw() {
    let hostile = r"printf '\033[2J\302\2331mred\r\n' >&2; printf '\033]0;owned\007'; exit 1";
    let asked = Asked::serve(&format!("# name: j\n0 0 29 2 * {}\n", hostile.replace('%', "\\%")));
    for arguments in [
        &["config", "trigger", "j", "--follow"][..],
        &["run", "tail", "j"],
        &["run", "list"],
        &["run", "get", "1"],
        &["run", "get", "1", "-o", "json"],
        &["run", "tail", "j", "--follow", "-o", "yaml"],
        &["config", "create", "a\x1b[2Jb\u{9b}", "--context", "{}"],
        &["config", "get", "\x1b[2J"],
        &["config", "create", "k", "--context", "{\"\x1b[2J\": \u{9b}1}"],
        &["audit", "--actor", "\x1b[2J"],
    ] {
        let (_, text, errors) = asked.run(arguments);
        assert!(!(text + &errors).contains(ESCAPES), "{arguments:?}");
    }
    let log = asked.run(&["run", "tail", "j"]).1;
    assert!(log.contains("\\u001b[2J") && log.contains("owned"), "shown as what it is: {log}");
    let made = asked.json(&["config", "create", "k", "--context", "{\"a\": \"\\u001b[2J\\u009b\\u202e\"}"]);
    assert_eq!(made["context"]["a"], "\x1b[2J\u{9b}\u{202e}", "JSON says the same, escaped");
    for form in ["table", "json", "jsonl", "yaml"] {
        let (code, text, _) = asked.run(&["config", "get", "k", "-o", form]);
        assert!(code == 0 && !text.contains(ESCAPES) && !text.contains('\u{202e}'), "{form}: {text:?}");
    }
}

#[test]
fn who_shows_no_token_is_told_how_to_show_one() {
    let asked = Asked::start("", Some("a-token-of-the-operator"));
    assert_eq!(asked.json(&["config", "list"]), json!([]));
    let made = asked.json(&["token", "create", "ada", "--role", "viewer"]);
    let secret = made["secret"].as_str().unwrap();
    let with = |arguments: &[&str], name: &str, value: &str| {
        shown(asked.command(arguments).env_remove("CRON_MANAGER_TOKEN").env(name, value).output().unwrap())
    };
    for token in ["", "a-token-of-somebody"] {
        let (code, _, errors) = with(&["config", "list"], "CRON_MANAGER_TOKEN", token);
        assert!(code == 1 && errors.contains("CRON_MANAGER_TOKEN_FILE"), "{code} {errors}");
        assert!(!errors.contains("somebody"), "{errors}");
    }
    let file = asked.folder.path("token");
    fs::write(&file, format!("{secret}\n")).unwrap();
    assert_eq!(with(&["config", "list"], "CRON_MANAGER_TOKEN_FILE", file.to_str().unwrap()).0, 0);
    let (code, _, errors) = with(&["config", "create", "j"], "CRON_MANAGER_TOKEN", secret);
    assert!(code == 1 && errors.contains("operator"), "{errors}");
    let id = made["id"].as_str().unwrap();
    assert_eq!(asked.run(&["token", "revoke", id]).0, 2, "not without --yes");
    assert!(asked.json(&["token", "revoke", id, "--yes"])["revokedAt"].is_string());
    let list = asked.run(&["token", "list"]).1;
    assert!(list.contains("ada") && !list.contains(secret), "{list}");
}

#[test]
fn a_replica_is_asked_to_start_nothing_more_and_to_go_on() {
    let asked = Asked::serve("");
    let id = asked.json(&["replica", "list"])[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(asked.run(&["replica", "drain", &id, "--reason", "deploy"]).0, 0);
    assert_eq!(asked.json(&["replica", "list"])[0]["draining"], true);
    assert_eq!(asked.run(&["replica", "drain", &id, "--undo"]).0, 0);
    assert_eq!(asked.json(&["replica", "list"])[0]["draining"], false);
    assert_eq!(asked.run(&["replica", "drain", "0"]).0, 1);
}

#[test]
fn wrong_usage_is_named_and_an_empty_list_says_so() {
    let asked = Asked::serve("");
    for (arguments, code, named) in [
        (&["config", "list"][..], 0, "no configs"),
        (&["run", "list"], 0, "no runs"),
        (&["audit"], 0, "no changes"),
        (&["config", "get", "none"], 1, "config none was not found"),
        (&["config", "get", "99999999999"], 2, "too large"),
        (&["config", "create"], 2, "name"),
        (&["config", "create", "a b"], 2, "name: "),
        (&["config", "create", "j", "--cron", "61 * * * *"], 2, "cronExpression: minute 61"),
        (&["config", "create", "j", "--timeout", "90"], 2, "timeout"),
        (&["config", "create", "j", "--context", "[]"], 2, "context: "),
        (&["config", "update", "j"], 2, "give a field"),
        (&["run", "get", "x"], 2, "invalid value 'x'"),
        (&["config", "list", "--server", "here"], 2, "http://127.0.0.1:8787"),
        (&["config", "list", "--server", "http://127.0.0.1:1"], 1, "cron-manager serve"),
    ] {
        let (ended, text, errors) = asked.run(arguments);
        assert!(ended == code && errors.contains(named), "{arguments:?}: {ended} {errors}");
        assert_eq!(text, "", "{arguments:?}");
    }
    assert_eq!(asked.json(&["config", "list"]), json!([]));
    assert!(asked.serving.seen.iter().all(|line| !line.contains("panicked")));
}

#[test]
fn a_reader_that_wants_no_more_is_no_failure() {
    let (code, _, errors) = run(&["completions", "bash"]);
    assert_eq!((code, errors.as_str()), (0, ""));
    let mut child = program(&["completions", "bash"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let (code, _, errors) = shown(child.wait_with_output().unwrap());
    assert_eq!((code, errors.as_str()), (0, ""));
}

#[test]
fn jobs_are_switched_paused_and_brought_back() {
    let asked = Asked::serve("");
    for name in ["j", "k"] {
        asked.json(&["config", "create", name, "--cron", "0 0 29 2 *"]);
    }
    assert!(asked.run(&["config", "enable", "--all"]).2.contains("switched on: 2"));
    assert_eq!(asked.run(&["config", "enable"]).0, 2, "which one?");
    assert_eq!(asked.json(&["config", "list", "--filter", "name = \"k*\""]).as_array().unwrap().len(), 1);
    assert_eq!(asked.json(&["config", "pause", "j", "--reason", "deploy"])["paused"]["reason"], "deploy");
    let etag = asked.json(&["config", "resume", "j"])["etag"].as_str().unwrap().to_owned();
    assert_eq!(asked.json(&["config", "delete", "j", "--yes", "--if-match", &etag])["name"], "j");
    assert!(asked.json(&["config", "undelete", "j"]).get("deletedAt").is_none());
    assert!(asked.json(&["config", "versions", "j"]).as_array().unwrap().len() > 3);
    assert_eq!(asked.json(&["control"])["enabled"], true);
    assert_eq!(asked.json(&["control", "--enabled", "false", "--reason", "so"])["enabled"], false);
    assert_eq!(asked.json(&["audit", "-n", "1"])[0]["reason"], "so");
    let (code, _, errors) = asked.run(&["control", "--log-level", "loud"]);
    assert!(code == 2 && errors.contains("logLevel"), "{errors}");
}

#[test]
fn runs_are_filled_in_repeated_and_cancelled() {
    let asked = Asked::serve("# name: j\n0 0 29 2 * echo $CRON_MANAGER_JOB\n# name: long\n0 0 29 2 * sleep 600\n");
    let span = ["--from", "2016-01-01T00:00:00Z", "--to", "2024-03-01T00:00:00Z"];
    let filled = asked.json(&[&["config", "backfill", "j"][..], &span].concat());
    assert_eq!(filled.as_array().unwrap().len(), 3);
    let (code, _, errors) = asked.run(&[&["config", "backfill", "j", "--limit", "2"][..], &span].concat());
    assert!(code == 2 && errors.contains("at most 2"), "{errors}");
    let id = filled[0]["id"].as_str().unwrap();
    assert_eq!(asked.run(&["run", "tail", id, "--follow"]).0, 0);
    assert_eq!(asked.json(&["run", "retry", id])["retryOf"], filled[0]["id"]);
    let trigger = ["config", "trigger", "long", "--request-id", "r", "--context", "{\"shop\": 7}"];
    let run = asked.json(&trigger);
    assert_eq!((&run["context"], &asked.json(&trigger)["id"]), (&json!({"shop": 7}), &run["id"]));
    let id = run["id"].as_str().unwrap();
    asked.json(&["run", "cancel", id]);
    let (code, _, errors) = asked.run(&["run", "tail", id, "--follow"]);
    assert!(code == 1 && errors.contains("cancelled"), "{code} {errors}");
}
