//! Settings and `check`.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

use rustix::process::Signal;
use serde_json::{Value, json};
use servers::Postgres;

use crate::support::{Folder, execute, get, login, program, run, shown};

/// What must be seen nowhere.
const CANARY: &str = "c4n4ry";

/// Writes a settings file that only its owner may read.
fn settings(folder: &Folder, text: &str) {
    let path = folder.path("cron-manager.toml");
    fs::write(&path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

/// `check` in the folder, where the settings file is found.
fn check(folder: &Folder, arguments: &[&str]) -> Command {
    let mut check = program(&["check"]);
    check.args(arguments).current_dir(folder.path(""));
    check
}

/// Its exit code, and its row of that kind and name.
fn checked(check: &mut Command, kind: &str, name: &str) -> (i32, Value) {
    let (code, rows, errors) = shown(check.args(["-o", "json"]).output().unwrap());
    let rows: Vec<Value> = serde_json::from_str(&rows).unwrap_or_else(|_| panic!("{code}: {rows}{errors}"));
    let row = rows.into_iter().find(|row| row["kind"] == kind && row["name"] == name);
    (code, row.unwrap_or_default())
}

#[test]
fn check_shows_where_each_setting_comes_from() {
    let folder = Folder::new();
    settings(&folder, "# ours\nconcurrency = 7\nlisten = \"localhost:1\"\n");
    let setting = |name: &str, arguments: &[&str]| {
        let mut check = check(&folder, arguments);
        let (code, row) = checked(check.env("CRON_MANAGER_DATA_DIR", "data"), "setting", name);
        assert_eq!(code, 0);
        (row["value"].clone(), row["source"].clone())
    };
    assert_eq!(setting("concurrency", &[]), (json!("7"), json!("file cron-manager.toml:2")));
    assert_eq!(setting("data_dir", &[]), (json!("data"), json!("environment CRON_MANAGER_DATA_DIR")));
    assert_eq!(setting("listen", &["--listen", "localhost:2"]), (json!("localhost:2"), json!("flag --listen")));
    assert_eq!(setting("redis_url", &[]), (Value::Null, json!("default")));
}

#[test]
fn a_database_that_is_not_there_yet_is_no_failure_and_is_not_made() {
    let folder = Folder::new();
    let url = format!("sqlite:{}", folder.path("data/jobs.db").display());
    for arguments in [&["--data-dir", "data"][..], &["--database-url", &url]] {
        let (code, row) = checked(&mut check(&folder, arguments), "part", "store");
        assert_eq!((code, &row["ok"], &row["took"]), (0, &json!(true), &Value::Null));
        assert!(row["value"].as_str().unwrap().contains("not there yet"), "{row}");
        assert!(!folder.path("data").exists());
    }
}

#[test]
fn check_answers_beside_a_program_that_serves() {
    let folder = Folder::new();
    let mut serving = folder.serve_sample();
    serving.line(&["succeeded", "hello"]);
    let check = || check(&folder, &["--data-dir", "."]);
    let (code, store) = checked(&mut check(), "part", "store");
    assert_eq!((code, &store["ok"], &store["value"]), (0, &json!(true), &json!("answers")));
    assert!(store["took"].as_str().unwrap().ends_with('s'), "{store}");
    let (_, clock) = checked(&mut check(), "clock", "this machine");
    assert!(clock["value"].as_str().unwrap().starts_with("agrees to 0."), "{clock}");
    let (code, table, _) = shown(check().output().unwrap());
    assert!(code == 0 && table.starts_with("KIND ") && table.contains("\nsetting  cron_manager "), "{table}");
}

#[test]
fn a_store_that_does_not_answer_is_a_failure() {
    let folder = Folder::new();
    fs::write(folder.path("cron-manager.db"), "no database at all, only words that go on and on").unwrap();
    for arguments in [["--data-dir", "."], ["--database-url", "postgres://127.0.0.1:1/d"]] {
        let (code, row) = checked(&mut check(&folder, &arguments), "part", "store");
        assert_eq!((code, &row["ok"]), (1, &json!(false)), "{row}");
    }
}

#[test]
fn check_of_postgres_makes_no_schema_and_reads_what_is_there() {
    let folder = Folder::new();
    let postgres = Postgres::fast().unwrap();
    let check = || check(&folder, &["--database-schema", "ours", "--database-url", &postgres.url()]);
    for _ in 0..2 {
        let (code, row) = checked(&mut check(), "part", "store");
        assert_eq!(code, 0, "{row}");
        assert!(row["value"].as_str().unwrap().contains("not there yet"), "{row}");
    }
    let mut serve = program(&["serve", "--database-schema", "ours", "--database-url", &postgres.url()]);
    let mut serving = folder.start(&mut serve);
    serving.line(&["succeeded", "hello"]);
    let (code, row) = checked(&mut check(), "part", "store");
    assert_eq!((code, &row["value"]), (0, &json!("answers")));
    let (code, clock) = checked(&mut check(), "clock", "this machine");
    assert_eq!((code, &clock["ok"]), (0, &json!(true)), "{clock}");
    let mut ledger = program(&["check", "ledger", "--database-schema", "ours", "--database-url", &postgres.url()]);
    let (code, table, errors) = shown(ledger.output().unwrap());
    assert!(code == 0 && table.contains("hello"), "{code}: {table}{errors}");
}

#[test]
fn check_names_each_command_each_connection_and_each_key() {
    let folder = Folder::new();
    let postgres = Postgres::fast().unwrap();
    let listed = |connections: &str| {
        format!("[commands.hello]\nargv = [\"echo\", \"{CANARY}\"]\n[connections.reports]\nurl = \"{connections}\"\n")
    };
    let url = login(&postgres, "").replace("reports@", &format!("reports:{CANARY}@"));
    settings(&folder, &listed(&url));
    let keys = "new:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=,old:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let check = |keys: &str| {
        let mut check = check(&folder, &["--data-dir", "none"]);
        check.env("CRON_MANAGER_ENCRYPTION_KEYS", keys);
        check
    };
    let (code, row) = checked(&mut check(keys), "command", "hello");
    assert!(code == 0 && row["ok"] == true && row["value"].as_str().unwrap().ends_with("/echo"), "{row}");
    let (_, row) = checked(&mut check(keys), "connection", "reports");
    assert_eq!((&row["ok"], &row["value"]), (&json!(true), &json!("answers")));
    assert!(row["took"].is_string() && row["source"].as_str().unwrap().starts_with("postgres://***@127"), "{row}");
    assert_eq!(checked(&mut check(keys), "key", "new").1["value"], "encrypts, and decrypts");
    assert_eq!(checked(&mut check(keys), "key", "old").1["value"], "decrypts");
    let (_, table, errors) = shown(check(keys).output().unwrap());
    assert!(table.contains("\nconnection  reports "), "{table}");
    assert!(!format!("{table}{errors}").contains(CANARY) && !table.contains("AAEC"), "{table}");

    // The owner of the server, who may do too much.
    settings(&folder, &listed(&postgres.url()));
    let (code, row) = checked(&mut check(keys), "connection", "reports");
    assert!(code == 1 && row["ok"] == false && row["value"].as_str().unwrap().contains("superuser"), "{code} {row}");
    settings(&folder, &format!("{}role = \"nobody\"\n", listed(&url)));
    let (code, row) = checked(&mut check(keys), "connection", "reports");
    assert!(code == 1 && row["value"].as_str().unwrap().contains("does not exist"), "{code} {row}");
}

#[test]
fn check_asks_whether_a_connection_may_end_runs_in_the_stores_own_database() {
    let (folder, postgres) = (Folder::new(), Postgres::fast().unwrap());
    let url = login(&postgres, "");
    let keys = "a:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let connection = |exactly_once: bool, store: &[&str]| {
        settings(&folder, &format!("[connections.reports]\nurl = \"{url}\"\nexactly_once = {exactly_once}\n"));
        checked(check(&folder, store).env("CRON_MANAGER_ENCRYPTION_KEYS", keys), "connection", "reports")
    };
    let own = &["--database-url", &postgres.url()];
    let mut serving = folder.start(&mut program(&[&["serve", "--listen", "127.0.0.1:0"][..], own].concat()));
    serving.line(&["end      Ctrl-C"]);
    let (code, row) = connection(false, own);
    let grants = row["value"].as_str().unwrap();
    assert!(code == 1 && row["ok"] == false && grants.contains("GRANT EXECUTE"), "{row}");
    execute(&postgres, grants.split_once("; ").unwrap().1);
    for exactly_once in [false, true] {
        let (code, row) = connection(exactly_once, own);
        assert_eq!((code, &row["value"]), (0, &json!("answers")));
    }
    let elsewhere = &["--data-dir", "none"];
    assert_eq!(connection(false, elsewhere).0, 0);
    let (code, row) = connection(true, elsewhere);
    assert!(code == 1 && row["value"].as_str().unwrap().contains("exactly_once"), "{row}");
    let away = &["--database-url", "postgres://127.0.0.1:1/away"];
    let (code, row) = connection(true, away);
    assert_eq!((code, &row["value"]), (1, &json!("answers")), "of the store nothing is known");
}

#[test]
fn what_is_listed_and_cannot_be_used_is_a_failure() {
    let folder = Folder::new();
    let hush = format!("a:{CANARY}");
    for (text, keys, kind, name, told) in [
        ("[commands.gone]\nargv = [\"/no/such\"]", "", "command", "gone", "/no/such is no file"),
        ("[commands.odd]\nargv = [\"passwd\"]\npath = \"/etc\"", "", "command", "odd", "passwd is in none of /etc"),
        ("[connections.away]\nurl = \"postgres://u:c4n4ry@127.0.0.1:1/d\"", "", "connection", "away", "cannot connect"),
        ("[connections.away]\nurl = \"postgres://127.0.0.1:1/d\"", "", "key", "encryption_keys", "need a key"),
        ("", &hush, "key", "encryption_keys", "key 1: is no base64"),
    ] {
        settings(&folder, text);
        let check = || {
            let mut check = check(&folder, &["--data-dir", "none"]);
            check.envs((!keys.is_empty()).then_some(("CRON_MANAGER_ENCRYPTION_KEYS", keys)));
            check
        };
        let (code, row) = checked(&mut check(), kind, name);
        assert!((code, &row["ok"]) == (1, &json!(false)), "{kind} {name}: {code} {row}");
        assert!(row["value"].as_str().unwrap().contains(told), "{row}");
        let (_, answer, errors) = shown(check().output().unwrap());
        assert!(errors.contains(&format!("{kind} {name}")), "{errors}");
        assert!(!format!("{answer}{errors}").contains(CANARY), "{answer}{errors}");
        assert_eq!(checked(&mut check(), "part", "store").1["ok"], true, "the store is not to blame");
    }
}

#[test]
fn a_wrong_setting_is_refused_with_its_place() {
    let folder = Folder::new();
    for (text, told) in [
        ("listn = \"x\"", "file cron-manager.toml:1: there is no setting `listn`; `listen` was perhaps meant"),
        ("\nconcurrency = \"many\"", "concurrency: file cron-manager.toml:2: write a whole number"),
        ("listen", "cron-manager.toml:1: this is no TOML: "),
        ("database_url = \"mysql://h/d\"", "this build has no store for \"mysql\""),
        ("database_url = \"postgres://h/d\"\ndatabase_schema = \"no-name\"", "schema"),
    ] {
        settings(&folder, text);
        for command in ["check", "serve"] {
            let mut program = program(&[command, "--listen", "127.0.0.1:0"]);
            let (code, _, errors) = shown(program.current_dir(folder.path("")).output().unwrap());
            assert_eq!(code, 2, "{command} {text}: {errors}");
            assert!(errors.contains(told), "{command} {text}: {errors}");
        }
    }
    let (code, _, errors) = run(&["check", "--settings", "/no/such/file"]);
    assert!(code == 2 && errors.contains("/no/such/file"), "{errors}");
}

#[test]
fn a_secret_is_seen_nowhere() {
    let folder = Folder::new();
    let url = format!("postgres://u:{CANARY}@127.0.0.1:1/d?password={CANARY}");
    let secret = folder.path("secret");
    fs::write(&secret, format!("redis://:{CANARY}@cache\n")).unwrap();
    settings(&folder, &format!("redis_url = \"redis://{CANARY}@cache\"\n"));
    let everything = |mut program: Command| {
        program.current_dir(folder.path("")).env("RUST_LOG", "debug").env("CRON_MANAGER_LISTEN", "127.0.0.1:0");
        let (_, answer, errors) = shown(program.output().unwrap());
        format!("{answer}{errors}")
    };
    for form in ["table", "json", "jsonl", "yaml"] {
        let mut by_environment = check(&folder, &["-o", form]);
        by_environment.env("DATABASE_URL", &url).env("REDIS_URL_FILE", &secret);
        let shown = everything(by_environment) + &everything(check(&folder, &["-o", form, "--database-url", &url]));
        assert!(!shown.contains(CANARY), "{shown}");
        assert!(
            shown.contains("postgres://***@127.0.0.1:1/d?password=***") && shown.contains("redis://***@cache"),
            "{shown}"
        );
    }
    for arguments in [
        &["--help"][..],
        &["serve", "--help"],
        &["check", "--help"],
        &["serve"],
        &["check", "ledger"],
        &["check", "-x"],
    ] {
        let mut program = program(arguments);
        program.env("DATABASE_URL", &url).env("REDIS_URL_FILE", &secret);
        let shown = everything(program);
        assert!(!shown.is_empty() && !shown.contains(CANARY), "{arguments:?}: {shown}");
    }
    for text in [
        format!("redis_url = \"redis://u:{CANARY}@h"),
        format!("redis_url = [\"{CANARY}\"]"),
        format!("redis_url = \"{CANARY}\""),
    ] {
        settings(&folder, &text);
        let shown = everything(check(&folder, &[]));
        assert!(shown.contains("cron-manager.toml:1") && !shown.contains(CANARY), "{shown}");
    }
}

#[test]
fn a_file_with_a_password_that_everybody_can_read_is_warned_of() {
    let folder = Folder::new();
    let warned = |text: &str, mode: u32| {
        settings(&folder, text);
        fs::set_permissions(folder.path("cron-manager.toml"), fs::Permissions::from_mode(mode)).unwrap();
        let (_, _, errors) = shown(check(&folder, &["--data-dir", "none"]).output().unwrap());
        errors.contains("cron-manager.toml holds a secret (redis_url), and everybody on this machine can read it")
    };
    assert!(warned("redis_url = \"redis://:hush@cache\"", 0o644));
    assert!(!warned("redis_url = \"redis://:hush@cache\"", 0o640));
    assert!(!warned("redis_url = \"redis://cache\"", 0o644));
}

#[test]
fn help_names_each_setting_with_its_variable_and_its_default() {
    for arguments in [["serve", "--help"], ["check", "--help"]] {
        let (code, help, _) = run(&arguments);
        let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
        for text in [
            "--database-url <URL>",
            "[env: DATABASE_URL, DATABASE_URL_FILE] [default: the embedded database in data_dir]",
            "[env: CRON_MANAGER_DATABASE_SCHEMA] [default: cron_manager]",
            "[env: REDIS_URL, REDIS_URL_FILE] [default: no Redis]",
            "--listen <ADDR>",
            "[env: CRON_MANAGER_LISTEN] [default: 127.0.0.1:8787]",
            "[env: CRON_MANAGER_DATA_DIR] [default: $XDG_DATA_HOME/cron-manager, or ~/.local/share/cron-manager]",
            "[env: CRON_MANAGER_CONCURRENCY] [default: 1000]",
            "--settings <FILE>",
            "[env: CRON_MANAGER_SETTINGS]",
        ] {
            assert!(code == 0 && help.contains(text), "{text} is missing in:\n{help}");
        }
    }
}

#[test]
fn a_program_that_is_off_answers_and_runs_nothing() {
    let folder = Folder::new();
    folder.crontab("# every: 1s\n# name: tick\n* * * * * true\n# name: boot\n@reboot true\n");
    let file: &Path = &folder.path("crontab");
    let mut serve = program(&["serve", "--crontab"]);
    let mut serving = folder.start(serve.arg(file).env("CRON_MANAGER", "off"));
    let address = serving.address();
    serving.line(&["  off ", "cron_manager is false (environment CRON_MANAGER)", "nothing runs"]);
    let configs = get(&address, "/v1/cron-config");
    assert_eq!(configs["cronConfigs"].as_array().unwrap().len(), 2);
    // Longer than a tick and a turn take.
    serving.watch(std::time::Duration::from_secs(3));
    assert_eq!(get(&address, "/v1/cron-job")["cronJobs"], json!([]));
    serving.signal(Signal::TERM);
    assert_eq!(serving.ended(), Some(0), "{:?}", serving.seen);
}
