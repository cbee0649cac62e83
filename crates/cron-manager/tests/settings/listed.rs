//! What a settings file lists for jobs to name.

use cron_manager::{
    ListedCommand, ListedConnection,
    settings::{Settings, Sources},
};

use crate::support::Folder;

fn load(files: &[&str]) -> cron_manager::Result<Settings> {
    let folder = Folder::new();
    let write = |(at, text): (usize, &&str)| folder.write(&format!("{at}.toml"), text);
    let files = files.iter().enumerate().map(write).collect();
    Settings::load_with(&Sources { files, ..Sources::default() })
}

#[test]
fn a_command_is_listed_with_what_it_runs_in() {
    let settings = load(&["listen = \"127.0.0.1:0\"\n[commands.backup]\nargv = [\"/usr/bin/backup\", \"--\", \"{context.shop}\"]\n\
                           env = { A = \"b\" }\ndirectory = \"/srv\"\npath = \"/opt/bin\"\n[commands.true]\nargv = [\"true\"]"])
    .unwrap();
    let backup = ListedCommand {
        env: [("A".into(), "b".into())].into(),
        directory: "/srv".into(),
        path: "/opt/bin".into(),
        ..ListedCommand::new(["/usr/bin/backup", "--", "{context.shop}"])
    };
    assert_eq!(settings.commands, [("backup".into(), backup), ("true".into(), ListedCommand::new(["true"]))].into());
}

#[test]
fn the_nearest_file_says_what_a_name_means() {
    let near = "[commands.a]\nargv = [\"near\"]";
    let far = "[commands.a]\nargv = [\"far\"]\n[commands.b]\nargv = [\"far\"]";
    let commands = load(&[near, far]).unwrap().commands;
    assert_eq!((&*commands["a"].argv[0], &*commands["b"].argv[0]), ("near", "far"));
}

#[test]
fn a_command_that_cannot_be_run_as_written_is_refused_with_file_line_and_name() {
    for (text, why) in [
        ("\n[commands.a]\nargv = \"true; id\"", "commands: a: argv: write a list of texts"),
        ("\n[commands.a]\nargv = [1]", "commands: a: argv: write a text in quotes"),
        ("\n[commands.a]\nargv = []", "commands: a: argv is empty"),
        ("\n[commands.a]", "commands: a: argv is empty"),
        ("\n[commands.a]\nargv = [\"./a\"]", "commands: a: argv: \"./a\" is no program"),
        ("\n[commands.a]\nargv = [\"a\"]\nuser = \"root\"", "commands: a: there is no `user` here"),
        ("\n[commands.\"a b\"]\nargv = [\"a\"]", "commands: a b: ' ' is not allowed"),
        ("\ncommands = \"a\"", "commands: write a table"),
    ] {
        let error = load(&[text]).unwrap_err().to_string();
        assert!(error.contains("0.toml:2: ") && error.contains(why), "{error}");
    }
}

#[test]
fn a_connection_is_listed_with_its_limits_and_shown_without_its_url() {
    let text = "[connections.reports]\nurl = \"postgres://me:hush@db/jobs\"\nrole = \"reader\"\nstatement_timeout = \"1.5s\"\nrow_cap = 10\nexactly_once = true\n\
                [connections.plain]\nurl = \"postgresql://db/jobs\"";
    let settings = load(&[text]).unwrap();
    let reports = ListedConnection {
        url: "postgres://me:hush@db/jobs".into(),
        role: Some("reader".into()),
        statement_timeout: std::time::Duration::from_millis(1_500),
        row_cap: 10,
        exactly_once: true,
    };
    let plain = ListedConnection::from("postgresql://db/jobs");
    assert_eq!(settings.connections, [("reports".into(), reports), ("plain".into(), plain)].into());
    assert!(!format!("{settings:?} {settings}").contains("hush"));
}

#[test]
fn a_connection_that_cannot_be_used_is_refused_without_its_url() {
    for (text, why) in [
        ("url = \"mysql://me:hush@db\"", "connections: a: url: write postgres://"),
        ("role = \"b\"", "connections: a: url: write postgres://"),
        ("url = \"postgres://me:hush@db\"\nstatement_timeout = \"1m\"", "statement_timeout: \"1m\" is not a duration"),
        ("url = \"postgres://me:hush@db\"\nstatement_timeout = \"0s\"", "statement_timeout: from 1 ms"),
        ("url = \"postgres://me:hush@db\"\nrow_cap = 100000", "row_cap: at most 10000"),
        ("url = \"postgres://me:hush@db\"\nrow_cap = -1", "row_cap: write a whole number"),
        ("url = \"postgres://me:hush@db\"\nrole = \"\"", "role: is no name"),
        ("url = \"postgres://me:hush@db\"\nexactly_once = \"yes\"", "exactly_once: write true or false"),
        ("url = \"postgres://me:hush@db\"\npassword = \"hush\"", "there is no `password` here"),
    ] {
        let error = load(&[&format!("\n[connections.a]\n{text}")]).unwrap_err().to_string();
        assert!(error.contains("0.toml:2: ") && error.contains(why) && !error.contains("hush"), "{error}");
    }
}

#[test]
fn keys_are_shown_nowhere() {
    let settings = load(&["encryption_keys = \"a:aHVzaA==\""]).unwrap();
    assert_eq!(settings.encryption_keys.as_ref().map(|keys| keys.expose()), Some("a:aHVzaA=="));
    assert!(!format!("{settings:?} {settings}").contains("aHVzaA"));
    assert!(settings.to_string().contains("encryption_keys = ***"), "{settings}");
}
