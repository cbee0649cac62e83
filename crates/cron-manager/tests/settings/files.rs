//! What a settings file may not say, and how the answer names the place.

use cron_manager::settings::{Settings, Sources};

use crate::support::Folder;

/// The error for a file, without the folder.
fn error(text: &str) -> String {
    let folder = Folder::new();
    let sources = Sources { files: vec![folder.write("cron-manager.toml", text)], ..Sources::default() };
    let error = Settings::load_with(&sources).unwrap_err().to_string();
    error.replace(&format!("{}/", folder.path("").display().to_string().trim_end_matches('/')), "")
}

#[test]
fn an_unknown_key_is_refused_with_its_line_and_the_nearest_name() {
    let place = "file cron-manager.toml:2: there is no setting";
    assert_eq!(error("\ndatabase-url = 1"), format!("{place} `database-url`; `database_url` was perhaps meant"));
    assert_eq!(error("\nlistn = 1"), format!("{place} `listn`; `listen` was perhaps meant"));
    assert_eq!(error("\nconcurency = 1"), format!("{place} `concurency`; `concurrency` was perhaps meant"));
    let all = error("\nretries = 1");
    assert!(all.starts_with(&format!("{place} `retries`; there are cron_manager, database_url, ")), "{all}");
    assert!(
        error("[redis]\nurl = \"redis://cache\"").starts_with("file cron-manager.toml:1: there is no setting `redis`")
    );
}

#[test]
fn a_wrong_type_is_refused_with_its_line_and_the_mend() {
    for (text, message) in [
        (
            "\n\ncron_manager = \"no\"",
            "cron_manager: file cron-manager.toml:3: write true or false, without quotes; this is of the type string",
        ),
        (
            "concurrency = 1.5",
            "concurrency: file cron-manager.toml:1: write a whole number, without quotes; this is of the type float",
        ),
        ("listen = 8787", "listen: file cron-manager.toml:1: write a text in quotes; this is of the type integer"),
        ("listen.port = 8787", "listen: file cron-manager.toml:1: write a text in quotes; this is of the type table"),
        ("listen = \"\"", "listen: file cron-manager.toml:1: is empty; leave the line out"),
        ("concurrency = -1", "concurrency: file cron-manager.toml:1: `-1` is no whole number of 1 or more"),
        (
            "concurrency = 99999999999999999999",
            "concurrency: file cron-manager.toml:1: 99999999999999999999 is too large",
        ),
    ] {
        assert_eq!(error(text), message);
    }
}

#[test]
fn broken_toml_is_refused_with_its_line() {
    for (text, begin) in [
        ("listen = \"a:1\"\nlisten", "cron-manager.toml:2: this is no TOML: "),
        ("concurrency = 1\nconcurrency = 2", "cron-manager.toml:2: this is no TOML: duplicate key"),
        ("# fine\n\nlisten = \"a:1", "cron-manager.toml:3: this is no TOML: "),
    ] {
        let error = error(text);
        assert!(error.starts_with(begin), "{error}");
        assert!(!error.contains('\n'), "{error}");
    }
}

#[test]
fn a_file_that_cannot_be_read_is_an_error_that_names_it() {
    let sources = Sources { files: vec!["/".into()], ..Sources::default() };
    let error = Settings::load_with(&sources).unwrap_err().to_string();
    assert!(error.starts_with("/ cannot be read: "), "{error}");
}

#[test]
fn numbers_are_read_as_toml_writes_them() {
    let folder = Folder::new();
    let read = |text| {
        let sources = Sources { files: vec![folder.write("file", text)], ..Sources::default() };
        Settings::load_with(&sources).unwrap().concurrency
    };
    assert_eq!((read("concurrency = 1_500"), read("concurrency = 0x10")), (1_500, 16));
}
