//! Whatever is secret is found nowhere but where it belongs: the program is given texts that can be told apart, asked for all that there is to
//! ask for, and every byte that it has written or answered is searched.
//!
//! | file | does |
//! |---|---|
//! | `canary` | knows how a secret may be spelled, and where it may be |
//! | `drive` | asks for everything, rightly and wrongly |
//! | `record` | keeps what is answered |
//! | `tables` | reads what is stored |

mod canary;
mod drive;
mod record;
mod tables;

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use base64::{Engine, engine::general_purpose::STANDARD};
use rustix::process::Signal;
use servers::{Postgres, Redis};

use crate::support::{Folder, Serving, execute, login, program};
use canary::{Canary, Place, faults};
use record::Record;

/// All that is secret.
struct Secrets {
    operator: Canary,
    database: Canary,
    redis: Canary,
    connection: Canary,
    header: Canary,
    cookie: Canary,
    sql: Canary,
    failing_sql: Canary,
    noticed_sql: Canary,
    refused: Canary,
    wrong_token: Canary,
    /// 32 letters: as they are, and as base64, they are a key.
    keys: [Canary; 2],
}

impl Secrets {
    fn new() -> Self {
        Self {
            operator: Canary::new("operatorstoken", &[]),
            database: Canary::new("databasepassword", &[]),
            redis: Canary::new("redispassword", &[]),
            connection: Canary::new("connectionpassword", &[]),
            header: Canary::new("header", &["a call of a job"]),
            cookie: Canary::new("cookie", &["a call of a job"]),
            sql: Canary::new("statement", &["GET /v1/cron-config/2/query"]),
            failing_sql: Canary::new("failingstatement", &[]),
            noticed_sql: Canary::new("noticedstatement", &[]),
            refused: Canary::new("refusedrequest", &[]),
            wrong_token: Canary::new("wrongtoken", &[]),
            keys: ["first", "other"].map(|name| Canary::made(name, &format!("{name:c<22}c4n4ry0000"), &[])),
        }
    }

    fn all(&self) -> Vec<&Canary> {
        let Self { operator, database, redis, connection, header, cookie, sql, failing_sql, noticed_sql, .. } = self;
        let mut all = vec![operator, database, redis, connection, header, cookie, sql, failing_sql, noticed_sql];
        all.extend([&self.refused, &self.wrong_token]);
        all.extend(&self.keys);
        all
    }

    /// The settings file with the listed connections.
    fn settings(&self, folder: &Folder, postgres: &str) {
        let url = with_password(postgres, "reports", &self.connection);
        let path = folder.path("cron-manager.toml");
        fs::write(&path, format!("[connections.reports]\nurl = \"{url}\"\n")).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// The program, with all that is secret; what does not go by the environment goes by a file.
    fn serve(&self, folder: &Folder, receiver: &Receiver) -> Serving {
        let [first, other] = self.keys.each_ref().map(|key| STANDARD.encode(&key.text));
        folder.crontab("");
        let mut serve = program(&["serve", "--crontab", "crontab"]);
        serve.current_dir(folder.path("")).env("RUST_LOG", "trace");
        serve.env("CRON_MANAGER_HTTP_ALLOW_PRIVATE_ADDRESSES", "true");
        serve.env("CRON_MANAGER_ENCRYPTION_KEYS", format!("first:{first},other:{other}"));
        serve.env("REDIS_URL", format!("redis://canary:{}@127.0.0.1:{}", self.redis.in_url(), receiver.redis.port()));
        match &receiver.database {
            Some(url) => {
                fs::write(folder.path("token"), &self.operator.text).unwrap();
                serve.env("CRON_MANAGER_TOKEN_FILE", "token");
                serve.env("DATABASE_URL", with_password(url, "postgres", &self.database));
            }
            None => _ = serve.env("CRON_MANAGER_TOKEN", &self.operator.text),
        }
        folder.start(&mut serve)
    }
}

/// What the program reaches.
struct Receiver {
    redis: Redis,
    database: Option<String>,
}

/// The URL with a user and a password.
fn with_password(url: &str, user: &str, password: &Canary) -> String {
    url.replace("postgres@", &format!("{user}:{}@", password.in_url()))
}

/// What is stored, on disk and in tables.
fn stored(folder: &Folder, database: Option<&str>) -> Vec<Place> {
    match database {
        Some(url) => tables::postgres(url),
        None => {
            let data = folder.path("");
            let files = tables::files(&data).into_iter().filter(|(name, _)| !name.ends_with("cron-manager.toml"));
            files.chain(tables::sqlite(&database_file(&data))).collect()
        }
    }
}

fn database_file(folder: &Path) -> std::path::PathBuf {
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    files.into_iter().find(|path| path.extension().is_some_and(|end| end == "db")).unwrap()
}

/// Drives the program with its ledger there.
fn nothing_secret_gets_out(on_postgres: bool) {
    let (postgres, redis) = (Postgres::fast().unwrap(), Redis::start().unwrap());
    let secrets = Secrets::new();
    login(&postgres, "");
    let rights = ["ACL", "SETUSER", "canary", "on", &format!(">{}", secrets.redis.text), "~*", "&*", "+@all"];
    assert_eq!(redis.ask(&rights).unwrap().trim().trim_start_matches('+'), "OK");
    let folder = Folder::new();
    secrets.settings(&folder, &postgres.url());
    let receiver = Receiver { redis, database: on_postgres.then(|| postgres.url()) };
    let mut serving = secrets.serve(&folder, &receiver);
    let address = serving.address();
    serving.line(&["end      Ctrl-C"]);
    if on_postgres {
        let grants = "GRANT USAGE ON SCHEMA cron_manager TO reports; GRANT EXECUTE ON FUNCTION cron_manager.cron_finish TO reports";
        execute(&postgres, grants);
    }

    let record = Record::default();
    let called = record::receiver(record.clone());
    let (made, watched) = drive::everything(&mut serving, &secrets, &address, &called, &record, &folder);

    let line = fs::read(format!("/proc/{}/cmdline", serving.id())).unwrap();
    assert!(line.starts_with(b"/"), "there is a command line");
    // While it runs, the embedded database has a file beside it, of what was written last.
    let mut places = stored(&folder, receiver.database.as_deref());
    serving.signal(Signal::INT);
    assert_eq!(serving.ended(), Some(0), "{:?}", serving.seen.iter().rev().take(20).collect::<Vec<_>>());
    watched.join().unwrap();
    assert!(serving.seen.iter().any(|line| line.contains("TRACE")), "the log says all that it can");
    places.extend(stored(&folder, receiver.database.as_deref()));
    places.extend(record.places());
    places.push(("the command line".into(), line));
    places.extend(serving.seen.iter().map(|line| (format!("the program's output: {line}"), line.clone().into_bytes())));
    let mut canaries = secrets.all();
    canaries.extend(&made);
    let faults = faults(&canaries, &places);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn nothing_secret_gets_out_with_an_embedded_database() {
    nothing_secret_gets_out(false);
}

#[test]
fn nothing_secret_gets_out_with_a_postgres() {
    nothing_secret_gets_out(true);
}
