//! `docs/clients.md`: its snippets are run, and print what it says.

use std::{fs, path::Path, process::Command};

use crate::{
    program::{GREET, Program},
    python::{OURS, generate},
    tools::{must, node, python},
};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
/// The address that the page asks.
const ADDRESS: &str = "localhost:8787";

/// The snippets of the page in this language, each with what it prints.
fn snippets(language: &str) -> Vec<(String, String)> {
    let page = fs::read_to_string(Path::new(ROOT).join("docs/clients.md")).unwrap();
    let blocks: Vec<_> = page.split("\n```").skip(1).step_by(2).filter_map(|block| block.split_once('\n')).collect();
    let pairs = blocks.windows(2).filter(|pair| pair[0].0 == language);
    let pairs = pairs.inspect(|pair| assert_eq!(pair[1].0, "text", "what does it print?\n{}", pair[0].1));
    pairs.map(|pair| (pair[0].1.to_owned(), pair[1].1.to_owned())).collect()
}

/// Runs each of them against a program of its own, with the command that is made for it.
fn are_true(language: &str, run: impl Fn(&Program, String) -> Command) {
    let snippets = snippets(language);
    assert!(!snippets.is_empty());
    for (code, printed) in snippets {
        assert!(code.contains(ADDRESS), "it asks nobody:\n{code}");
        let program = Program::with_crontab(GREET, |_| Vec::new());
        let said = must(&mut run(&program, code.replace(ADDRESS, &program.address)), &code);
        assert_eq!(said.trim_end(), printed.trim_end(), "{code}");
    }
}

#[test]
fn the_lines_of_curl_are_true() {
    are_true("sh", |_, code| {
        let mut shell = Command::new("bash");
        shell.args(["-euo", "pipefail", "-c", &code]);
        shell
    });
}

#[test]
fn the_lines_of_python_are_true() {
    are_true("python", |program, code| {
        let generated = program.folder().join("generated");
        generate(&generated, OURS);
        let mut client = python("python");
        client.args(["-c", &code]).env("PYTHONPATH", generated);
        client
    });
}

#[test]
fn the_lines_of_node_are_true() {
    are_true("js", |program, code| {
        let (mut node, packages) = node();
        // Node looks for packages beside the file, and the page for our proto where a reader stands.
        let folder = program.folder();
        std::os::unix::fs::symlink(packages.join("node_modules"), folder.join("node_modules")).unwrap();
        std::os::unix::fs::symlink(Path::new(ROOT).join("crates"), folder.join("crates")).unwrap();
        fs::write(folder.join("page.mjs"), code).unwrap();
        node.arg("page.mjs").current_dir(folder);
        node
    });
}
