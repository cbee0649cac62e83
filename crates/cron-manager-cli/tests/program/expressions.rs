//! `next` and `explain`.

use serde_json::{Value, json};

use crate::support::run;

const FROM: [&str; 2] = ["--from", "2025-03-08T12:00:00-05:00"];

fn next(arguments: &[&str]) -> (i32, String, String) {
    run(&[&["next"], arguments].concat())
}

fn instants(arguments: &[&str]) -> Value {
    let (code, out, errors) = next(&[arguments, &FROM, &["-o", "json"]].concat());
    assert_eq!((code, &*errors), (0, ""));
    serde_json::from_str(&out).unwrap()
}

/// What a wrong use prints, which is nothing on standard output.
fn refused(arguments: &[&str]) -> String {
    let (code, out, errors) = run(arguments);
    assert_eq!((code, &*out), (2, ""), "{arguments:?}: {errors}");
    errors
}

#[test]
fn next_prints_instants_with_the_zones_offset() {
    let new_york = ["30 2 * * *", "--timezone", "America/New_York", "-n", "3"];
    assert_eq!(
        instants(&new_york),
        json!(["2025-03-09T03:00:00-04:00", "2025-03-10T02:30:00-04:00", "2025-03-11T02:30:00-04:00"])
    );
    assert_eq!(
        instants(&[&new_york[..], &["--dst-gap", "skip"]].concat()),
        json!(["2025-03-10T02:30:00-04:00", "2025-03-11T02:30:00-04:00", "2025-03-12T02:30:00-04:00"])
    );
    assert_eq!(instants(&["@yearly", "-n", "1"]), json!(["2026-01-01T00:00:00+00:00"]));
}

#[test]
fn next_prints_fewer_when_there_are_no_more() {
    assert_eq!(instants(&["0 0 12 1 1 * 2030"]), json!(["2030-01-01T12:00:00+00:00"]));
    for never in ["0 0 30 2 *", "@reboot", "0 0 0 1 1 * 2020"] {
        assert_eq!(instants(&[never]), json!([]), "{never}");
    }
}

#[test]
fn next_has_four_forms() {
    let form = |form| next(&[&["0 5 * * *", "-n", "2", "-o", form], &FROM[..]].concat()).1;
    let [first, second] = ["2025-03-09T05:00:00+00:00", "2025-03-10T05:00:00+00:00"];
    assert_eq!(form("table"), format!("{first}\n{second}\n"));
    assert_eq!(form("json"), format!("[\n  \"{first}\",\n  \"{second}\"\n]\n"));
    assert_eq!(form("jsonl"), format!("\"{first}\"\n\"{second}\"\n"));
    assert_eq!(form("yaml"), format!("- \"{first}\"\n- \"{second}\"\n"));
}

#[test]
fn next_begins_now_unless_it_is_told() {
    let (code, out, _) = next(&["* * * * * *"]);
    assert_eq!((code, out.lines().count()), (0, 5));
}

#[test]
fn a_wrong_expression_is_shown_with_its_place() {
    assert_eq!(refused(&["next", "0 25 * * *"]), "error: hour 25 is out of range 0–23\n\n  0 25 * * *\n    ^^\n");
    for command in ["next", "explain"] {
        for expression in ["", "*", "-1 * * * *", "a b c d e", "* * * * 8", "*/0 * * * *", "@often", "* * * *\n*"] {
            let errors = refused(&[command, expression]);
            assert!(errors.trim_end().ends_with('^'), "{errors}");
        }
    }
}

#[test]
fn wrong_options_are_refused() {
    for (options, told) in [
        (["--timezone", "Europe/Berlim"], "did you mean `Europe/Berlin`?"),
        (["--from", "yesterday"], "--from"),
        (["--from", "2025-01-01"], "--from"),
        (["--dst-gap", "never"], "run_after"),
        (["-n", "0"], "1..=10000"),
        (["-n", "-3"], "1..=10000"),
        (["-n", "10001"], "1..=10000"),
        (["-n", "99999999999999999999"], "-n"),
        (["-n", "many"], "-n"),
        (["-o", "xml"], "jsonl"),
    ] {
        let errors = refused(&["next", "* * * * *", options[0], options[1]]);
        assert!(errors.contains(told), "{errors}");
    }
    refused(&["next"]);
    refused(&["next", "*", "*", "*", "*", "*"]);
    refused(&["nonsense"]);
    refused(&["check", "everything"]);
}

#[test]
fn explain_says_it_in_words() {
    let (code, out, errors) = run(&["explain", "30 2 * * MON-FRI", "--timezone", "europe/berlin"]);
    assert_eq!((code, &*errors), (0, ""));
    let mut lines = out.lines();
    assert_eq!(lines.next(), Some("At 02:30, Monday through Friday, Berlin time (Europe/Berlin)"));
    assert_eq!(lines.filter(|line| line.contains("T02:30:00+0")).count(), 5);
}

#[test]
fn help_and_version_are_no_failures() {
    for arguments in [&["--help"][..], &["serve", "--help"], &["check", "ledger", "--help"], &["--version"]] {
        let (code, out, errors) = run(arguments);
        assert_eq!((code, &*errors), (0, ""), "{arguments:?}");
        assert!(!out.is_empty());
    }
}

#[test]
fn a_reader_that_leaves_is_no_failure() {
    use std::process::Stdio;
    let mut child =
        crate::support::program(&["next", "* * * * *", "-n", "10000"]).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert!(child.wait().unwrap().success());
}
