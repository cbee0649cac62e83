//! Flag before environment before the nearest file before default.

use std::{ffi::OsStr, path::PathBuf};

use cron_manager::{
    backends::postgres::PostgresOptions,
    scheduler::Tuning,
    settings::{Kind, SETTINGS, Setting, Settings, Source, Sources},
};

use crate::support::{Folder, environment};

/// A value of the setting, other ones in other layers.
fn value(setting: &Setting, layer: usize) -> String {
    match (setting.kind, setting.name) {
        (Kind::Switch, _) => layer.is_multiple_of(2).to_string(),
        (Kind::Count, _) => (layer + 1).to_string(),
        (Kind::Text, "database_url") => format!("postgres://db{layer}/jobs"),
        (Kind::Text, "redis_url") => format!("redis://cache{layer}/0"),
        (Kind::Text, "listen") => format!("localhost:{layer}"),
        (Kind::Text, "server") => format!("https://jobs{layer}.example"),
        (Kind::Secret, "token") => format!("an-operator-s-own-{layer}"),
        (Kind::Text, "allowed_origins") => format!("https://origin{layer}.example"),
        (Kind::Text | Kind::Secret, _) => format!("text-{layer}"),
    }
}

/// The value as a line of a settings file.
fn line(setting: &Setting, layer: usize) -> String {
    let value = value(setting, layer);
    let value = if matches!(setting.kind, Kind::Text | Kind::Secret) { format!("{value:?}") } else { value };
    format!("# the {}\n{} = {value}\n", setting.name, setting.name)
}

fn read(setting: &Setting, sources: &Sources) -> (Option<String>, Source) {
    let settings = Settings::load_with(sources).unwrap();
    let shown = settings.shown().find(|shown| shown.name == setting.name).unwrap();
    assert_eq!(settings.source(setting.name), shown.source);
    (shown.value, shown.source)
}

#[test]
fn each_setting_is_taken_from_the_nearest_layer_that_has_it() {
    let folder = Folder::new();
    for setting in SETTINGS {
        let mut sources = environment(&[(setting.variable, &value(setting, 1))]);
        sources.flags = vec![(setting.name.into(), value(setting, 0).into())];
        sources.files = vec![folder.write("near", &line(setting, 2)), folder.write("far", &line(setting, 3))];
        let in_file = |name| Source::File { path: folder.path(name), line: 2 };
        let is = |sources: &Sources, layer, source| {
            let shown = if setting.kind == Kind::Secret { "***".into() } else { value(setting, layer) };
            assert_eq!(read(setting, sources), (Some(shown), source));
        };
        is(&sources, 0, Source::Flag(setting.flag));
        sources.flags.clear();
        is(&sources, 1, Source::Environment(setting.variable.into()));
        sources.environment.clear();
        is(&sources, 2, in_file("near"));
        sources.files.remove(0);
        is(&sources, 3, in_file("far"));
        sources.files.clear();
        let default = Settings::default().shown().find(|shown| shown.name == setting.name).unwrap();
        assert_eq!(read(setting, &sources), (default.value, Source::Default));
    }
}

#[test]
fn an_empty_variable_or_flag_counts_as_not_set() {
    for setting in SETTINGS {
        let mut sources = environment(&[(setting.variable, ""), (&format!("{}_FILE", setting.variable), "")]);
        sources.flags = vec![(setting.name.into(), "".into())];
        assert_eq!(read(setting, &sources).1, Source::Default);
    }
}

#[test]
fn a_file_that_is_named_must_be_there_and_stands_alone() {
    let folder = Folder::new();
    let (named, other) = (folder.write("named", "concurrency = 1\n"), folder.write("other", "listen = \"other:1\"\n"));
    let mut sources = environment(&[("CRON_MANAGER_SETTINGS", other.to_str().unwrap())]);
    sources.files = vec![folder.write("default", "database_schema = \"default\"")];
    let settings = Settings::load_with(&sources).unwrap();
    assert_eq!((settings.listen.as_str(), settings.database_schema.as_str()), ("other:1", "cron_manager"));
    sources.settings = Some(named);
    let settings = Settings::load_with(&sources).unwrap();
    assert_eq!((settings.listen.as_str(), settings.concurrency), ("127.0.0.1:8787", 1));
    sources.settings = Some(folder.path("absent"));
    let error = Settings::load_with(&sources).unwrap_err();
    assert!(error.to_string().ends_with("/absent"), "{error}");
}

#[test]
fn files_that_nobody_named_may_be_absent() {
    let sources = Sources { files: vec!["/no/such/file".into(), "/dev/null/file".into()], ..Sources::default() };
    assert_eq!(Settings::load_with(&sources).unwrap(), Settings::default());
}

#[test]
fn a_switch_is_read_as_people_write_it() {
    for (text, on) in [("true", true), ("On", true), ("1", true), ("FALSE", false), ("off", false), ("no", false)] {
        assert_eq!(Settings::load_with(&environment(&[("CRON_MANAGER", text)])).unwrap().cron_manager, on, "{text}");
    }
}

#[test]
fn a_wrong_value_is_refused_with_its_place() {
    for (variable, value, message) in [
        ("CRON_MANAGER", "maybe", "cron_manager: environment CRON_MANAGER: `maybe` is neither true nor false"),
        (
            "CRON_MANAGER_CONCURRENCY",
            "0",
            "concurrency: environment CRON_MANAGER_CONCURRENCY: `0` is no whole number of 1 or more",
        ),
        (
            "CRON_MANAGER_LISTEN",
            "8787",
            "listen: environment CRON_MANAGER_LISTEN: `8787` is no address to listen on; write one such as 127.0.0.1:8787",
        ),
        (
            "REDIS_URL",
            "cache",
            "redis_url: environment REDIS_URL: is no URL; write one such as redis://USER:PASSWORD@HOST",
        ),
    ] {
        let error = Settings::load_with(&environment(&[(variable, value)])).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
    let flags = vec![("concurrency".to_owned(), "many".into())];
    let error = Settings::load_with(&Sources { flags, ..Sources::default() }).unwrap_err();
    assert_eq!(error.to_string(), "concurrency: flag --concurrency: `many` is no whole number of 1 or more");
}

#[test]
fn a_value_that_code_puts_in_place_is_said_to_be_so() {
    let mut settings = Settings::load_with(&environment(&[("CRON_MANAGER_LISTEN", "localhost:1")])).unwrap();
    assert_eq!(settings.source("listen"), Source::Environment("CRON_MANAGER_LISTEN".into()));
    settings.listen = "localhost:2".into();
    settings.data_dir = Some(PathBuf::from("here"));
    assert_eq!((settings.source("listen"), settings.source("data_dir")), (Source::Code, Source::Code));
}

#[test]
fn the_files_of_a_process_come_nearest_first() {
    let sources = Sources::of_this_process();
    assert_eq!(sources.files.first().unwrap().as_os_str(), OsStr::new("cron-manager.toml"));
    assert_eq!(sources.files.last().unwrap().as_os_str(), OsStr::new("/etc/cron-manager/cron-manager.toml"));
}

#[test]
fn the_defaults_are_those_of_the_parts() {
    let settings = Settings::default();
    assert_eq!(settings.concurrency, Tuning::default().concurrency);
    assert_eq!(settings.database_schema, PostgresOptions::from("postgres://h/d").schema);
}
