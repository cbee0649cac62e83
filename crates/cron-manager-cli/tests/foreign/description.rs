//! The program held against its own description, by schemathesis.

use std::{fs, process::Command};

use serde_json::{Value, json};

use crate::{
    program::{GREET, Program},
    tools::{SOURCE, curl, must, output, python},
};

const TOKEN: &str = "correct-horse-battery-staple";

#[test]
fn the_program_does_what_its_description_says() {
    let program = guarded();
    let tested = output(schemathesis(&program).arg(program.url("/openapi.json")));
    let said = String::from_utf8_lossy(&tested.stdout);
    assert!(tested.status.success(), "{said}\n{}", String::from_utf8_lossy(&tested.stderr));
    // A run that asked for nothing is no proof.
    for phase in ["Coverage", "Fuzzing", "Stateful"] {
        assert!(said.lines().any(|line| line.contains('✅') && line.contains(phase)), "{phase} was not run:\n{said}");
    }
}

#[test]
fn a_description_that_is_wrong_is_found_out() {
    let program = guarded();
    let described = must(curl().args(["--header", &token()]).arg(program.url("/openapi.json")), "no description");
    let mut described: Value = serde_json::from_str(&described).unwrap();
    described["components"]["schemas"]["Control"]["required"] = json!(["neverThere"]);
    let file = program.folder().join("wrong.json");
    fs::write(&file, described.to_string()).unwrap();
    let mut schemathesis = schemathesis(&program);
    schemathesis.args(["--include-path", "/v1/control", "--include-method", "GET", "--phases", "coverage"]);
    let tested = output(schemathesis.args(["--url", &program.url("/")]).arg(file));
    let said = String::from_utf8_lossy(&tested.stdout);
    assert!(!tested.status.success() && said.contains("neverThere"), "{said}");
}

/// With a token of the operator's: the tester makes tokens, after which nobody is let in without.
fn guarded() -> Program {
    Program::with_crontab(GREET, |_| vec![("CRON_MANAGER_TOKEN", TOKEN.to_owned())])
}

fn token() -> String {
    format!("Authorization: Bearer {TOKEN}")
}

fn schemathesis(program: &Program) -> Command {
    let mut schemathesis = python("schemathesis");
    schemathesis.args(["--config-file", &format!("{SOURCE}/schemathesis.toml"), "run", "--no-color"]);
    schemathesis.args(["--header", &token()]);
    schemathesis.current_dir(program.folder()).env("PYTHONPATH", format!("{SOURCE}/python"));
    schemathesis
}
