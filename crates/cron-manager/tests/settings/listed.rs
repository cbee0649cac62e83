//! What a settings file lists for jobs to name.

use cron_manager::{
    ListedCommand,
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
