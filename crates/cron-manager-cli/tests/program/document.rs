//! The page about the commands says what the program has.

use std::collections::BTreeSet;

use crate::support::run;

const PAGE: &str = include_str!("../../../../docs/cli.md");

/// The commands that do something, as their own help lists them.
fn commands(above: &[&str]) -> BTreeSet<String> {
    let (code, help, errors) = run(&[above, &["--help"]].concat());
    assert_eq!(code, 0, "{above:?}: {errors}");
    let list = help.split("\nCommands:\n").nth(1).unwrap_or_default();
    let named = list
        .lines()
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names: Vec<&str> =
        named.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").collect();
    let itself = above.join(" ");
    // `check` does something itself, and so does what has no commands below it.
    let runs = names.is_empty() || itself == "check";
    let below = names.iter().flat_map(|name| commands(&[above, &[name]].concat()));
    below.chain(runs.then_some(itself)).collect()
}

#[test]
fn the_page_has_each_command_with_an_example_and_no_other() {
    let wanted = commands(&[]);
    let sections: Vec<&str> = PAGE.split("\n### ").skip(1).collect();
    let described = sections.iter().map(|section| section.lines().next().unwrap().trim_matches('`').to_owned());
    assert_eq!(described.collect::<BTreeSet<_>>(), wanted, "the sections of docs/cli.md");
    for section in sections {
        let name = section.lines().next().unwrap().trim_matches('`');
        assert!(section.contains(&format!("cron-manager {name}")), "{name} has no example");
    }
}

#[test]
fn the_page_names_the_flags_of_each_command() {
    for section in PAGE.split("\n### ").skip(1) {
        let name = section.lines().next().unwrap().trim_matches('`');
        let arguments: Vec<&str> = name.split(' ').chain(["--help"]).collect();
        let (_, help, _) = run(&arguments);
        for flag in section.split(|c: char| !(c.is_ascii_lowercase() || c == '-')).filter(|word| word.starts_with("--"))
        {
            assert!(help.contains(flag), "{name} has no {flag}");
        }
    }
}
