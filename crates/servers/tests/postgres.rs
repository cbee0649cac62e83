//! What the throw-away PostgreSQL promises.

#![expect(clippy::unwrap_used, reason = "a test may end by a panic")]

use std::{
    env, fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use servers::Postgres;

/// What `psql` prints for a statement, or what it complains about.
fn ask(url: &str, statement: &str) -> Result<String, String> {
    let psql = Command::new("psql").args(["--no-psqlrc", "-At", "-c", statement, url]).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap().trim().to_owned();
    if psql.status.success() { Ok(text(psql.stdout)) } else { Err(text(psql.stderr)) }
}

/// The folders of servers that the process `starter` started.
fn folders(starter: u32) -> Vec<PathBuf> {
    let prefix = format!("postgres-{starter}-");
    let entries = fs::read_dir(env::temp_dir()).unwrap().flatten().map(|entry| entry.path());
    entries.filter(|path| path.file_name().unwrap().to_str().is_some_and(|name| name.starts_with(&prefix))).collect()
}

fn lives(process: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"));
    stat.is_ok_and(|stat| !stat.rsplit(") ").next().unwrap().starts_with('Z'))
}

/// Waits for it for up to 30 s.
fn comes(mut it: impl FnMut() -> bool) -> bool {
    (0..3_000).any(|_| {
        let came = it();
        if !came {
            thread::sleep(Duration::from_millis(10));
        }
        came
    })
}

#[test]
fn a_restart_and_a_kill_keep_data_and_address_and_an_end_leaves_nothing() {
    let mut server = Postgres::start().unwrap();
    let url = server.url();
    assert_eq!(ask(&url, "CREATE TABLE kept (n int)").unwrap(), "CREATE TABLE");
    assert_eq!(ask(&url, "SHOW synchronous_commit").unwrap(), "on");
    assert_eq!(ask(&url, "SHOW server_encoding").unwrap(), "UTF8");
    server.restart().unwrap();
    ask(&url, "INSERT INTO kept VALUES (1)").unwrap();
    server.kill().unwrap();
    assert!(server.process_id().is_none() && ask(&url, "SELECT 1").is_err());
    server.restart().unwrap();
    assert_eq!(ask(&url, "SELECT count(*) FROM kept").unwrap(), "1");
    let (process, folders_then) = (server.process_id().unwrap(), folders(std::process::id()));
    assert!(lives(process) && !folders_then.is_empty());
    drop(server);
    assert!(!lives(process) && !folders_then.iter().any(|folder| folder.exists()), "{folders_then:?}");
}

#[test]
fn a_paused_server_answers_when_it_is_resumed() {
    let server = Postgres::fast().unwrap();
    server.pause().unwrap();
    let mut asking = Command::new("psql").args(["-At", "-c", "SELECT 1", &server.url()]).stdout(Stdio::piped()).spawn();
    let asking = asking.as_mut().unwrap();
    thread::sleep(Duration::from_millis(200));
    assert!(asking.try_wait().unwrap().is_none());
    server.resume().unwrap();
    assert!(comes(|| asking.try_wait().unwrap().is_some_and(|status| status.success())));
    server.pause().unwrap();
    // A server that is dropped while paused ends, too: nothing here waits for ever.
}

fn with_postgres(script: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_servers"));
    command.args(["with", "postgres", "--", "sh", "-c", script]);
    command
}

#[test]
fn a_command_beside_a_server_gets_its_url_and_gives_its_code() {
    let output = with_postgres("psql -At -c 'SELECT 6 * 7' $CRON_MANAGER_TEST_POSTGRES_URL; exit 9").output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8(output.stdout).unwrap().trim()), (Some(9), "42"));
}

#[test]
fn a_server_ends_with_its_starter_also_when_that_is_killed() {
    let mut starter: Child = with_postgres("exec sleep 60").spawn().unwrap();
    let process_of = |folder: &Path| {
        let text = fs::read_to_string(folder.join("data/postmaster.pid")).ok()?;
        text.contains("ready").then(|| text.lines().next()?.parse::<u32>().ok())?
    };
    let mut found = None;
    assert!(comes(|| {
        found = folders(starter.id()).pop().and_then(|folder| process_of(&folder).map(|process| (process, folder)));
        found.is_some()
    }));
    let (process, folder) = found.unwrap();
    assert!(lives(process) && fs::metadata(&folder).unwrap().uid() != 0);
    starter.kill().unwrap();
    starter.wait().unwrap();
    assert!(comes(|| !lives(process) && !folder.exists()));
}
