//! The shell's client, with HTTP/1.1 and with HTTP/2 on an open connection (h2c, by prior knowledge).

use std::{
    io::{BufRead, BufReader},
    process::Stdio,
};

use serde_json::{Value, json};

use crate::{program::Program, tools};

const VERSIONS: [(&str, &str); 2] = [("--http1.1", "HTTP/1.1 "), ("--http2-prior-knowledge", "HTTP/2 ")];
const JSON: [&str; 2] = ["--header", "Content-Type: application/json"];
const EVENTS: [&str; 2] = ["--header", "Accept: text/event-stream"];

/// The original's documented request: its context is a string with raw line breaks and a raw tab, which strict JSON has not.
const DOCUMENTED: &str = "{\n  \"name\": \"doSomething\",\n  \"enabled\": true,\n  \"context\": \"{\n    \\\"distributed\\\": true,\n    \
                          \\\"ttl\\\": 20,\n\t\\\"batch\\\": 10\n  }\"\n}";

/// What was answered.
pub(crate) struct Answer {
    /// The last head, as it came.
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {:?}", self.body))
    }

    /// The number that follows the version of HTTP.
    pub(crate) fn status(&self) -> u16 {
        self.head.split(' ').nth(1).and_then(|status| status.trim().parse().ok()).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value).next().unwrap_or_default()
    }
}

/// Asks for a URL.
pub(crate) fn ask(url: &str, arguments: &[&str]) -> Answer {
    let said = tools::must(tools::curl().arg("--include").args(arguments).arg(url), "curl got no answer");
    let (head, body) = said.rsplit_once("\r\n\r\n").unwrap();
    let head = head.rsplit("\r\n\r\n").next().unwrap();
    Answer { head: head.to_owned(), body: body.to_owned() }
}

/// A config called `j`, which is not on: its id and its etag.
fn create(program: &Program, version: &str) -> (i64, String) {
    let made = ask(&program.url("/v1/cron-config"), &[&[version, "--data", r#"{"name":"j"}"#][..], &JSON].concat());
    let config = made.json()["cronConfig"].take();
    assert_eq!(made.header("etag"), config["etag"]);
    (config["id"].as_i64().unwrap(), made.header("etag").to_owned())
}

#[test]
fn the_documented_request_works_byte_for_byte() {
    for (version, head) in VERSIONS {
        let program = Program::start();
        let body = ["--data-raw", DOCUMENTED];
        let answer = ask(&program.url("/v1/inventory/cron-config"), &[&[version][..], &JSON, &body].concat());
        assert!(answer.head.starts_with(&format!("{head}200")), "{}\n{}", answer.head, answer.body);
        let config = answer.json()["cronConfig"].take();
        assert_eq!((&config["name"], &config["enabled"]), (&json!("doSomething"), &json!(true)));
        assert_eq!(config["context"], r#"{"distributed":true,"ttl":20,"batch":10}"#);
        let path = format!("/v1/inventory/cron-config/{}", config["id"]);
        let off = ["--request", "PUT", "--data", r#"{"enabled":false}"#];
        let off = ask(&program.url(&path), &[&[version][..], &JSON, &off].concat());
        assert_eq!(off.json()["cronConfig"]["enabled"], false);
    }
}

#[test]
fn a_change_under_an_old_etag_is_refused() {
    for (version, _) in VERSIONS {
        let program = Program::start();
        let (id, etag) = create(&program, version);
        let url = program.url(&format!("/v1/cron-config/{id}"));
        let change = |enabled: bool| {
            let condition = format!("If-Match: {etag}");
            let body = json!({ "enabled": enabled }).to_string();
            let change = [version, "--request", "PATCH", "--header", &condition, "--data", &body];
            ask(&url, &[&change[..], &JSON].concat())
        };
        assert_eq!(change(true).status(), 200);
        let old = change(false);
        assert_eq!((old.status(), &old.json()["error"]["status"]), (409, &json!("ABORTED")));
        assert_eq!(ask(&url, &[version]).json()["enabled"], true);
    }
}

#[test]
fn who_accepts_problems_gets_them() {
    for (version, _) in VERSIONS {
        let program = Program::start();
        let answer =
            ask(&program.url("/v1/cron-config/999"), &[version, "--header", "Accept: application/problem+json"]);
        assert_eq!((answer.status(), answer.header("content-type")), (404, "application/problem+json"));
        assert_eq!((&answer.json()["status"], &answer.json()["code"]), (&json!(404), &json!("NOT_FOUND")));
    }
}

#[test]
fn a_head_is_that_of_the_answer_without_its_body() {
    for (version, head) in VERSIONS {
        let program = Program::start();
        let answer = ask(&program.url("/v1/cron-config/1"), &[version, "--head"]);
        assert!(answer.head.starts_with(&format!("{head}200")), "{}", answer.head);
        assert_eq!((answer.header("etag"), answer.body.as_str()), ("\"1\"", ""));
    }
}

#[test]
fn a_token_of_a_megabyte_is_refused_and_the_next_one_is_heard() {
    let program = Program::with(|_| vec![("CRON_MANAGER_TOKEN", "correct-horse-battery-staple".to_owned())]);
    let url = program.url("/v1/control");
    let file = program.folder().join("token");
    std::fs::write(&file, format!("Authorization: Bearer {}", "x".repeat(1 << 20))).unwrap();
    let file = format!("@{}", file.display());
    for (version, head) in VERSIONS {
        let long = tools::output(tools::curl().args([version, "--include", "--header", &file, &url]));
        let said = String::from_utf8_lossy(&long.stdout);
        // Over HTTP/2 the connection may be ended instead (RFC 9113, section 10.5.1).
        assert!(
            said.starts_with(&format!("{head}431")) || !long.status.success() && said.is_empty(),
            "{version}: {said}"
        );
        let token = "Authorization: Bearer correct-horse-battery-staple";
        assert_eq!(ask(&url, &[version, "--header", token]).status(), 200);
    }
}

// Over HTTP/2, curl (7.88) shows no answer that comes before its request is sent; the client of Node does.
#[test]
fn a_body_that_is_too_large_is_refused_and_the_answer_arrives() {
    let program = Program::start();
    let file = program.folder().join("large");
    std::fs::write(&file, format!(r#"{{"name":"j","context":{{"x":"{}"}}}}"#, "x".repeat(2 << 20))).unwrap();
    let body = format!("@{}", file.display());
    let answer = ask(&program.url("/v1/cron-config"), &[&["--http1.1", "--data-binary", &body][..], &JSON].concat());
    assert_eq!(answer.status(), 413, "{}", answer.body);
}

/// The messages of a stream.
fn data(lines: impl Iterator<Item = String>) -> impl Iterator<Item = Value> {
    lines.filter_map(|line| line.strip_prefix("data: ").map(|data| serde_json::from_str(data).unwrap()))
}

/// Asks for a run of `greet`: its id.
fn trigger(program: &Program, version: &str) -> String {
    let run = ask(&program.url("/v1/cron-config/1:trigger"), &[version, "--request", "POST"]);
    run.json()["id"].as_str().unwrap().to_owned()
}

#[test]
fn the_log_of_a_run_is_a_stream_that_ends_with_it() {
    for (version, _) in VERSIONS {
        let program = Program::start();
        let url = program.url(&format!("/v1/cron-job/{}/log", trigger(&program, version)));
        let stream = ask(&url, &[&[version][..], &EVENTS].concat());
        assert_eq!(stream.header("content-type"), "text/event-stream");
        let updates: Vec<_> = data(stream.body.lines().map(ToOwned::to_owned)).collect();
        let log: String = updates.iter().filter_map(|update| update["log"]["text"].as_str()).collect();
        assert_eq!(log, "hello\nworld\n");
        assert_eq!(updates.last().unwrap()["cronJob"]["state"], "succeeded", "{updates:?}");
        assert_eq!(ask(&url, &[version]).json(), json!({"log": "hello\nworld\n"}), "without Accept, it is plain JSON");
    }
}

#[test]
fn what_happens_is_a_stream_that_goes_on() {
    for (version, _) in VERSIONS {
        let program = Program::start();
        let mut curl = tools::curl();
        curl.args([version, "--verbose"]).args(EVENTS).arg(program.url("/v1/watch"));
        let mut curl = curl.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut told = BufReader::new(curl.stderr.take().unwrap()).lines().map_while(Result::ok);
        // When the head has come, the server listens to what happens.
        assert!(told.any(|line| line.trim_end() == "<"), "no head came");
        let mut events = data(BufReader::new(curl.stdout.take().unwrap()).lines().map_while(Result::ok));
        for _ in 0..2 {
            let id = trigger(&program, version);
            let ended = events.find_map(|event| event.get("ended").cloned()).unwrap();
            assert_eq!((&ended["id"], &ended["state"]), (&json!(id), &json!("succeeded")));
        }
        curl.kill().unwrap();
        curl.wait().unwrap();
    }
}

#[test]
fn who_shows_no_token_or_a_wrong_one_is_told_nothing_else() {
    const TOKEN: &str = "correct-horse-battery-staple";
    let program = Program::with(|_| vec![("CRON_MANAGER_TOKEN", TOKEN.to_owned())]);
    for (version, _) in VERSIONS {
        for path in ["/v1/cron-config/1", "/v1/cron-config/999", "/v1/nowhere", "/v1/inventory/cron-config"] {
            for token in ["", "Authorization: Bearer wrong-horse-battery-staple", "Authorization: Basic eDp4"] {
                let answer = ask(&program.url(path), &[version, "--header", token]);
                assert_eq!(answer.status(), 401, "{path} {token}");
                assert!(answer.header("www-authenticate").starts_with("Bearer"), "{}", answer.head);
                assert_eq!(answer.json()["error"]["status"], "UNAUTHENTICATED");
            }
        }
        let right = format!("Authorization: Bearer {TOKEN}");
        let answer = ask(&program.url("/v1/cron-config/1"), &[version, "--header", &right]);
        assert_eq!((answer.status(), &answer.json()["name"]), (200, &json!("greet")));
        assert_eq!(ask(&program.url("/livez"), &[version]).status(), 200, "a probe needs none");
    }
}
