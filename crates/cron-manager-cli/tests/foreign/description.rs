//! The program held against its own description, by schemathesis.

use crate::{
    program::{GREET, Program},
    tools::{SOURCE, output, python},
};

const TOKEN: &str = "correct-horse-battery-staple";

#[test]
fn the_program_does_what_its_description_says() {
    // With a token of the operator's: the tester makes tokens, after which nobody is let in without.
    let program = Program::with_crontab(GREET, |_| vec![("CRON_MANAGER_TOKEN", TOKEN.to_owned())]);
    let mut schemathesis = python("schemathesis");
    schemathesis.args(["--config-file", &format!("{SOURCE}/schemathesis.toml"), "run", "--no-color"]);
    schemathesis.args(["--header", &format!("Authorization: Bearer {TOKEN}")]).arg(program.url("/openapi.json"));
    schemathesis.current_dir(program.folder()).env("PYTHONPATH", format!("{SOURCE}/python"));
    let tested = output(&mut schemathesis);
    let said = String::from_utf8_lossy(&tested.stdout);
    assert!(tested.status.success(), "{said}\n{}", String::from_utf8_lossy(&tested.stderr));
    // A run that asked for nothing is no proof.
    for phase in ["Coverage", "Fuzzing", "Stateful"] {
        assert!(said.lines().any(|line| line.contains('✅') && line.contains(phase)), "{phase} was not run:\n{said}");
    }
}
