//! Jobs that need no code, written by flags and by files.

use std::{
    fs,
    io::{Read, Write},
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    thread::{self, JoinHandle},
};

use serde_json::{Value, json};
use servers::Postgres;

use crate::{
    asking::Asked,
    support::{Folder, login, program, shown},
};

/// What must be seen nowhere.
const CANARY: &str = "c4n4ry";
const KEYS: &str = "test:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// A server that can run each type of job.
fn serve(settings: &str) -> Asked {
    start(settings, None)
}

fn start(settings: &str, token: Option<&'static str>) -> Asked {
    let folder = Folder::new();
    folder.crontab("");
    let file = folder.path("cron-manager.toml");
    fs::write(&file, settings).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let mut serve = program(&["serve", "--settings", file.to_str().unwrap()]);
    serve.env("CRON_MANAGER_ENCRYPTION_KEYS", KEYS).env("CRON_MANAGER_HTTP_ALLOW_PRIVATE_ADDRESSES", "true");
    Asked::by(folder, &mut serve, token)
}

/// Where one request is answered, and the request.
fn listener() -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let request = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.extend(byte);
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
        String::from_utf8(head).unwrap()
    });
    (url, request)
}

/// The result of a run that succeeds.
fn ran(asked: &Asked, config: &str) -> Value {
    let (code, log, errors) = asked.run(&["config", "trigger", config, "--follow"]);
    assert_eq!(code, 0, "{log}{errors}");
    asked.json(&["run", "list", "--config", config])[0]["result"].clone()
}

#[test]
fn an_http_job_is_written_by_flags_and_its_secrets_come_from_a_file() {
    let asked = serve("");
    let (url, request) = listener();
    let secret = asked.folder.path("headers");
    fs::write(&secret, format!("Authorization: Bearer {CANARY}\n\nX-Shop:7\n")).unwrap();
    let file = format!("@{}", secret.display());
    let create = ["config", "create", "hook", "--enabled", "--url", &url, "--method", "GET"];
    let made = asked.json(&[&create[..], &["--header", &file, "--header", "X-Team: a: b"]].concat());
    let headers = json!({"authorization": "***", "x-shop": "7", "x-team": "a: b"});
    assert_eq!(made["http"], json!({"url": url, "method": "GET", "headers": headers}));
    assert_eq!(made["jobType"], "http");
    ran(&asked, "hook");
    let request = request.join().unwrap().to_ascii_lowercase();
    assert!(request.starts_with("get /hook ") && request.contains(&format!("authorization: bearer {CANARY}\r\n")));
    assert!(request.contains("x-shop: 7\r\n") && request.contains("x-team: a: b\r\n"), "{request}");

    // What is not given stays; headers are given all at once.
    assert_eq!(asked.json(&["config", "update", "hook", "--method", "PUT"])["http"]["headers"], headers);
    let (code, text, errors) = asked.fed(&["config", "update", "hook", "--header", "-", "-o", "json"], "X-Team: c\n");
    assert_eq!(code, 0, "{errors}");
    let changed: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(changed["http"], json!({"url": url, "method": "PUT", "headers": {"x-team": "c"}}));
    assert_eq!(asked.json(&["config", "update", "hook", "--job-type", "inline"]).get("http"), None);
}

#[test]
fn a_command_and_a_statement_are_written_by_flags() {
    let postgres = Postgres::fast().unwrap();
    let asked = serve(&format!(
        "[commands.hello]\nargv = [\"/bin/echo\", \"hello\"]\n[connections.reports]\nurl = \"{}\"\n",
        login(&postgres, "")
    ));
    let made = asked.json(&["config", "create", "greet", "--enabled", "--command", "hello"]);
    assert_eq!((&made["jobType"], &made["command"]), (&json!("command"), &json!({"name": "hello"})));
    ran(&asked, "greet");
    assert_eq!(asked.run(&["run", "tail", "greet"]).1, "hello\n");

    let sql = "-- all of them\nSELECT 7 AS n";
    let made = asked.json(&["config", "create", "count", "--enabled", "--connection", "reports", "--sql", sql]);
    assert_eq!((&made["jobType"], &made["query"]), (&json!("query"), &json!({"connection": "reports"})));
    assert_eq!(ran(&asked, "count")["rows"], json!([{"n": 7}]));
    let file = asked.folder.path("count.sql");
    fs::write(&file, "SELECT 8 AS n\n").unwrap();
    asked.json(&["config", "update", "count", "--sql", &format!("@{}", file.display())]);
    assert_eq!(ran(&asked, "count")["rows"], json!([{"n": 8}]));
}

#[test]
fn a_file_carries_each_type_as_it_is_shown() {
    let asked = serve("");
    let (url, request) = listener();
    let http = json!({"url": url, "headers": {"X-Api-Key": CANARY}});
    for (name, kind, said, shown) in [
        ("a", "http", http, json!({"url": url, "method": "POST", "headers": {"x-api-key": "***"}})),
        ("b", "command", json!({"name": "hello"}), json!({"name": "hello"})),
        ("c", "query", json!({"connection": "r", "sql": "SELECT 1"}), json!({"connection": "r"})),
    ] {
        let config = json!({"name": name, "enabled": true, kind: said}).to_string();
        let (code, _, errors) = asked.fed(&["config", "create", "--file", "-"], &config);
        assert_eq!(code, 0, "{errors}");
        let mut config = asked.json(&["config", "get", name]);
        assert_eq!((&config["jobType"], &config[kind]), (&json!(kind), &shown));
        config["timeout"] = json!("90s");
        let (code, _, errors) = asked.fed(&["config", "update", name, "--file", "-"], &config.to_string());
        assert_eq!(code, 0, "{errors}");
        let changed = asked.json(&["config", "get", name]);
        assert_eq!((&changed["timeout"], &changed[kind]), (&json!("90s"), &shown));
    }
    ran(&asked, "a");
    let request = request.join().unwrap();
    assert!(request.to_ascii_lowercase().contains(&format!("x-api-key: {CANARY}\r\n")), "kept: {request}");
    assert_eq!(asked.run(&["config", "query-text", "c"]).1, "SELECT 1\n", "kept");
    // A flag counts before the file, within what is said of a job, too.
    let file = json!({"name": "d", "http": {"url": "https://a.example", "method": "PUT"}}).to_string();
    let create = ["config", "create", "--file", "-", "--method", "PATCH", "-o", "json"];
    let made: Value = serde_json::from_str(&asked.fed(&create, &file).1).unwrap();
    assert_eq!((&made["http"]["url"], &made["http"]["method"]), (&json!("https://a.example"), &json!("PATCH")));
}

#[test]
fn flags_of_two_types_do_not_go_together() {
    let asked = serve("");
    let secret = format!("Authorization {CANARY}");
    for (arguments, named) in [
        (&["--url", "https://a.example", "--command", "x"][..], "--command"),
        (&["--header", "A: b", "--sql", "SELECT 1"], "--sql"),
        (&["--method", "PUT", "--connection", "r"], "--connection"),
        (&["--command", "x", "--sql", "SELECT 1"], "--sql"),
        (&["--job-type", "inline", "--command", "x"], "jobType"),
        (&["--method", "PUT"], "http.url"),
        (&["--method", "PULL", "--url", "https://a.example"], "http.method"),
        (&["--url", "ftp://a.example"], "http.url"),
        (&["--sql", "SELECT 1"], "query.connection"),
        (&["--connection", "r"], "query.sql"),
        (&["--sql", "@/no/such/file"], "--sql: /no/such/file"),
        (&["--url", "https://a.example", "--header", &secret], "--header: write"),
        (&["--url", "https://a.example", "--header", "@/no/such/file"], "--header: /no/such/file"),
        (&["--url", "https://a.example", "--header", "A: 1", "--header", "a: 2"], "a is given twice"),
        (&["--connection", "r", "--sql", "-", "--context", "-"], "standard input"),
    ] {
        let (code, text, errors) = asked.run(&[&["config", "create", "j"], arguments].concat());
        assert!((code, text.as_str()) == (2, "") && errors.contains(named), "{arguments:?}: {code} {errors}");
        assert!(!errors.contains(CANARY), "{errors}");
    }
    let (code, _, errors) = asked.fed(&["config", "create", "--file", "-", "--url", "x"], r#"{"name":"j","http":7}"#);
    assert!(code == 2 && errors.contains("http is an object"), "{errors}");
    assert_eq!(asked.json(&["config", "list"]), json!([]));
    let (_, help, _) = asked.run(&["config", "create", "--help"]);
    assert!(help.contains("ps"), "help says who can read a command line: {help}");
}

#[test]
fn a_statement_is_for_admins_to_read() {
    let asked = start("", Some("a-token-of-the-operator"));
    asked.json(&["config", "create", "count", "--connection", "reports", "--sql", "SELECT\n  7"]);
    assert_eq!(asked.run(&["config", "query-text", "count"]).1, "SELECT\n  7\n");
    assert_eq!(asked.json(&["config", "query-text", "1"]), json!({"sql": "SELECT\n  7"}));
    for role in ["viewer", "operator"] {
        let made = asked.json(&["token", "create", role, "--role", role]);
        let mut command = asked.command(&["config", "query-text", "count"]);
        let (code, text, errors) =
            shown(command.env("CRON_MANAGER_TOKEN", made["secret"].as_str().unwrap()).output().unwrap());
        assert!((code, text.as_str()) == (1, "") && errors.contains("admin"), "{role}: {code} {errors}");
    }
    asked.json(&["config", "create", "inline"]);
    let (code, _, errors) = asked.run(&["config", "query-text", "inline"]);
    assert!(code == 1 && errors.contains("no statement"), "{errors}");
}
