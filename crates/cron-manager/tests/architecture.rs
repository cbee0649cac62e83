//! The shape of the house, kept by a machine: which room may import which, and how long a file may be.

#![expect(clippy::unwrap_used, reason = "a test may end by a panic")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// The arrows of ARCHITECTURE.md: what a room may import besides itself. `error` and `domain` are one floor.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("domain", &["error"]),
    ("error", &["domain"]),
    ("settings", &["domain", "error"]),
    ("contracts", &["domain", "error"]),
    ("scheduler", &["contracts", "domain", "error"]),
    ("metrics", &["contracts", "domain", "error"]),
    ("manager", &["scheduler", "metrics", "contracts", "domain", "error"]),
    ("backends", &["contracts", "domain", "error"]),
    ("api", &["manager", "settings", "contracts", "domain", "error"]),
    ("client", &["api", "manager", "backends/system", "contracts", "domain", "error"]),
    ("testing", &["manager", "backends/memory", "contracts", "domain", "error"]),
    ("setup", &["manager", "scheduler", "metrics", "backends", "settings", "contracts", "domain", "error"]),
];

/// The longest hand-written file, in lines.
const LONGEST_FILE: usize = 400;

#[test]
fn imports_run_one_way() {
    let src = source();
    let root_names = root_names(&fs::read_to_string(src.join("lib.rs")).unwrap());
    let mut wrong = Vec::new();
    for file in rust_files(&src) {
        let room = room_of(file.strip_prefix(&src).unwrap());
        if room == "lib" {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        for import in imports(code_of(&text)) {
            let target = root_names.get(&import).cloned().unwrap_or(import);
            if !may_import(&room, &target) {
                wrong.push(format!("{} imports {target}", file.strip_prefix(&src).unwrap().display()));
            }
        }
    }
    assert!(wrong.is_empty(), "against the arrows:\n{}", wrong.join("\n"));
}

#[test]
fn no_file_outgrows_one_reason_to_change() {
    let files = ["../..", "../../../examples"].into_iter().flat_map(|folder| rust_files(&source().join(folder)));
    let files = files.filter(|file| !file.components().any(|part| part.as_os_str() == "target"));
    let long: Vec<_> = files
        .map(|file| (fs::read_to_string(&file).unwrap().lines().count(), file))
        .filter(|(lines, _)| *lines > LONGEST_FILE)
        .collect();
    assert!(long.is_empty(), "files of more than {LONGEST_FILE} lines: {long:?}");
}

#[test]
fn the_import_reader_sees_what_it_should() {
    let text = "use crate::{a::b, C, d::{e, F}};\nlet x = crate::g::h();\n$crate::no;\n";
    assert_eq!(imports(text), ["a/b", "C", "d", "g/h"]);
    assert!(may_import("scheduler", "domain/ledger"));
    assert!(!may_import("domain", "scheduler"));
    assert!(!may_import("backends/sqlite", "backends/memory"));
    assert!(may_import("testing", "backends/memory"));
    assert!(!may_import("testing", "backends/sqlite"));
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// `scheduler` for `scheduler/plan.rs`, `backends/memory` for `backends/memory/store.rs`, `setup` for `setup/mod.rs`.
fn room_of(path: &Path) -> String {
    let parts: Vec<String> =
        path.components().map(|part| part.as_os_str().to_string_lossy().replace(".rs", "")).collect();
    match parts.as_slice() {
        [first, second, ..] if first == "backends" && second != "mod" => format!("{first}/{second}"),
        [first, ..] => first.clone(),
        [] => String::new(),
    }
}

fn may_import(room: &str, target: &str) -> bool {
    let within = |place: &str, room: &str| place == room || place.starts_with(&format!("{room}/"));
    let floor = room.split('/').next().unwrap();
    let allowed = MAY_IMPORT.iter().find(|(name, _)| *name == floor).map_or(&[][..], |(_, rooms)| rooms);
    within(target, room) || allowed.iter().any(|allowed| within(target, allowed))
}

/// The part of a file that is compiled into the library.
fn code_of(text: &str) -> &str {
    text.split("#[cfg(test)]").next().unwrap_or(text)
}

/// What `lib.rs` lifts to the crate's root, by the room it comes from.
fn root_names(lib: &str) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    for statement in lib.split("pub use ").skip(1) {
        let (path, rest) = statement.split_once("::").unwrap();
        let list = rest.split(';').next().unwrap();
        for name in list.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|name| !name.is_empty()) {
            names.insert(name.to_owned(), path.trim().to_owned());
        }
    }
    names
}

/// The first two steps of each path that begins with `crate::`.
fn imports(text: &str) -> Vec<String> {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let text = lines.collect::<Vec<_>>().join("\n").replace("$crate::", "");
    let mut found = Vec::new();
    for (at, _) in text.match_indices("crate::") {
        let rest = &text[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            Some(group) => found.extend(top_level_items(group).iter().map(|item| first_steps(item))),
            None => found.push(first_steps(rest)),
        }
    }
    found
}

/// The items of a brace group, up to its closing brace, those in inner braces left whole.
fn top_level_items(group: &str) -> Vec<String> {
    let (mut depth, mut items) = (0, vec![String::new()]);
    for c in group.chars() {
        match c {
            '}' if depth == 0 => break,
            ',' if depth == 0 => items.push(String::new()),
            _ => {
                depth += i32::from(c == '{') - i32::from(c == '}');
                items.last_mut().unwrap().push(c);
            }
        }
    }
    items.into_iter().map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect()
}

fn first_steps(path: &str) -> String {
    let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let first = word(path);
    let second = path[first.len()..].strip_prefix("::").map(word).filter(|second| !second.is_empty());
    second.map_or(first.clone(), |second| format!("{first}/{second}"))
}
