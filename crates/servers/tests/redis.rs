//! What the throw-away Redis promises.

#![expect(clippy::unwrap_used, reason = "a test may end by a panic")]

use std::{
    env, fs,
    os::unix::fs::MetadataExt,
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use servers::{Redis, RedisCluster, RedisSentinel};

/// What `redis-cli` prints for a command, or what it complains about.
fn ask(url: &str, words: &str) -> Result<String, String> {
    let cli = Command::new("redis-cli").args(["-c", "-e", "-u", url]).args(words.split(' ')).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap().trim().to_owned();
    if cli.status.success() { Ok(text(cli.stdout)) } else { Err(text(cli.stderr)) }
}

/// The folders of servers that the process `starter` started.
fn folders(starter: u32) -> Vec<PathBuf> {
    let prefix = format!("redis-{starter}-");
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
fn a_restart_keeps_the_address_and_an_end_leaves_nothing() {
    let mut server = Redis::start().unwrap();
    let url = server.url();
    assert_eq!(ask(&url, "SET kept 1").unwrap(), "OK");
    server.restart().unwrap();
    assert_eq!(ask(&url, "GET kept").unwrap(), "");
    server.kill().unwrap();
    assert!(server.process_id().is_none() && ask(&url, "PING").is_err());
    server.restart().unwrap();
    assert_eq!(ask(&url, "PING").unwrap(), "PONG");
    let (process, folders_then) = (server.process_id().unwrap(), folders(std::process::id()));
    assert!(lives(process) && !folders_then.is_empty());
    drop(server);
    assert!(!lives(process) && folders_then.iter().any(|folder| !folder.exists()), "{folders_then:?}");
}

#[test]
fn a_durable_one_keeps_what_it_acknowledged_until_it_is_flushed() {
    let mut server = Redis::durable().unwrap();
    let url = server.url();
    ask(&url, "SET kept 1").unwrap();
    server.kill().unwrap();
    server.restart().unwrap();
    assert_eq!(ask(&url, "GET kept").unwrap(), "1");
    server.flush().unwrap();
    assert_eq!(ask(&url, "GET kept").unwrap(), "");
}

#[test]
fn one_that_does_not_run_yet_has_its_address() {
    let mut server = Redis::ended().unwrap();
    let url = server.url();
    assert!(ask(&url, "PING").is_err());
    server.restart().unwrap();
    assert_eq!(ask(&url, "PING").unwrap(), "PONG");
}

#[test]
fn a_paused_server_answers_when_it_is_resumed() {
    let server = Redis::start().unwrap();
    server.pause().unwrap();
    let mut asking = Command::new("redis-cli").args(["-u", &server.url(), "PING"]).stdout(Stdio::null()).spawn();
    let asking = asking.as_mut().unwrap();
    thread::sleep(Duration::from_millis(200));
    assert!(asking.try_wait().unwrap().is_none());
    server.resume().unwrap();
    assert!(comes(|| asking.try_wait().unwrap().is_some_and(|status| status.success())));
    server.pause().unwrap();
    // A server that is dropped while paused ends, too: nothing here waits for ever.
}

#[test]
fn a_cluster_answers_for_all_slots_also_after_a_restart() {
    let mut cluster = RedisCluster::start().unwrap();
    for _ in 0..2 {
        for key in ["a", "b", "c", "d", "e", "f"] {
            assert_eq!(ask(&cluster.urls()[0], &format!("SET {key} 1")).unwrap(), "OK");
        }
        let sizes: Vec<_> = cluster.urls().iter().map(|url| ask(url, "DBSIZE").unwrap()).collect();
        assert!(sizes.iter().all(|size| size != "0" && size != "6"), "{sizes:?}");
        cluster.restart().unwrap();
    }
}

#[test]
fn a_sentinel_names_the_new_master_after_a_failover() {
    let mut servers = RedisSentinel::start().unwrap();
    let master = servers.master_url().unwrap();
    assert_eq!(ask(&master, "SET kept 1").unwrap(), "OK");
    assert_eq!(ask(&master, "WAIT 1 10000").unwrap(), "1");
    servers.fail_over().unwrap();
    let successor = servers.master_url().unwrap();
    assert!(successor != master && ask(&master, "PING").is_err());
    assert_eq!(ask(&successor, "GET kept").unwrap(), "1");
    assert_eq!(ask(&successor, "SET kept 2").unwrap(), "OK");
}

fn with_redis(script: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_servers"));
    command.args(["with", "redis", "--", "sh", "-c", script]);
    command
}

#[test]
fn a_command_beside_a_server_gets_its_url_and_gives_its_code() {
    let output = with_redis("redis-cli -u $CRON_MANAGER_TEST_REDIS_URL PING; exit 9").output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8(output.stdout).unwrap().trim()), (Some(9), "PONG"));
}

#[test]
fn a_command_beside_several_servers_gets_the_url_of_each() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_servers"));
    command.args(["with", "redis-cluster", "redis-sentinel", "--", "env"]);
    let variables = String::from_utf8(command.output().unwrap().stdout).unwrap();
    for variable in ["REDIS_CLUSTER_URL=redis-cluster://127.0.0.1:", "REDIS_SENTINEL_URL=redis-sentinel://127.0.0.1:"] {
        assert!(variables.contains(&format!("\nCRON_MANAGER_TEST_{variable}")), "{variables}");
    }
}

#[test]
fn wrong_words_are_answered_by_the_right_ones() {
    for words in [&["with", "mysql", "--", "true"][..], &["with", "redis", "true"], &["beside", "redis", "--", "true"]]
    {
        let output = Command::new(env!("CARGO_BIN_EXE_servers")).args(words).output().unwrap();
        assert!(String::from_utf8(output.stderr).unwrap().contains("usage: servers with"), "{words:?}");
        assert_eq!(output.status.code(), Some(2));
    }
}

#[test]
fn a_server_ends_with_its_starter_also_when_that_is_killed() {
    let mut starter: Child =
        with_redis("redis-cli -u $CRON_MANAGER_TEST_REDIS_URL PING; exec sleep 60").spawn().unwrap();
    let mut found = None;
    assert!(comes(|| {
        found = folders(starter.id()).pop().and_then(|folder| {
            let log = fs::read_to_string(folder.join("log")).ok()?;
            let ready = log.lines().find(|line| line.contains("Ready to accept connections"))?;
            Some((ready.split(':').next()?.parse::<u32>().ok()?, folder))
        });
        found.is_some()
    }));
    let (process, folder) = found.unwrap();
    assert!(lives(process) && fs::metadata(&folder).unwrap().uid() != 0);
    starter.kill().unwrap();
    starter.wait().unwrap();
    assert!(comes(|| !lives(process) && !folder.exists()));
}
