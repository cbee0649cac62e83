//! Asks for everything that there is to ask for.

use std::{
    io::Write,
    process::Stdio,
    sync::{Arc, Mutex},
    thread,
};

use serde_json::{Value, json};

use super::{
    Secrets,
    canary::Canary,
    record::{self, Record},
};
use crate::support::{Folder, Serving, program, shown};

struct Driver<'a> {
    serving: &'a mut Serving,
    secrets: &'a Secrets,
    address: &'a str,
    record: &'a Record,
}

/// Asks for everything. Returns what the program has made that is secret, and who records all that happens until it ends.
pub(super) fn everything(
    serving: &mut Serving,
    secrets: &Secrets,
    address: &str,
    called: &str,
    record: &Record,
    folder: &Folder,
) -> (Vec<Canary>, thread::JoinHandle<()>) {
    let mut driver = Driver { serving, secrets, address, record };
    let token = driver.token();
    let watched = driver.watch();
    driver.jobs(called);
    driver.runs();
    driver.reads();
    driver.malformed();
    driver.strangers();
    let of_cli = driver.command_line(folder, called);
    driver.ask(200, "DELETE /v1/cron-config/1", "");
    driver.ask(200, "POST /v1/cron-config/1:undelete", "{}");
    driver.ask(200, "DELETE /v1/token/1", "");
    (vec![token, of_cli], watched)
}

impl Driver<'_> {
    fn bearer(&self) -> String {
        format!("Authorization: Bearer {}", self.secrets.operator.text)
    }

    /// Asks as the operator; the answer is kept under what was asked, without its query.
    fn ask(&self, status: u16, line: &str, body: &str) -> Value {
        let headers = [self.bearer(), "Content-Type: application/json".into()];
        let (answered, answer) = record::send(self.address, line, &headers, body);
        self.record.add(line.split('?').next().unwrap(), answer.as_bytes());
        assert_eq!(answered, status, "{line} {body}: {answer}");
        let body = answer.split_once("\r\n\r\n").unwrap().1;
        serde_json::from_str(body).unwrap_or_default()
    }

    fn token(&self) -> Canary {
        let made = self.ask(200, "POST /v1/token", &json!({"name": "ci", "role": "admin"}).to_string());
        let token = made["secret"].as_str().unwrap();
        let secret = token.splitn(3, '_').nth(2).unwrap();
        let headers = [format!("Authorization: Bearer {token}")];
        let (status, answer) = record::send(self.address, "GET /v1/cron-config", &headers, "");
        self.record.add("GET /v1/cron-config by a token", answer.as_bytes());
        assert_eq!(status, 200);
        Canary::made("the token", secret, &["POST /v1/token"])
    }

    /// Watches all that happens, until the program ends.
    fn watch(&self) -> thread::JoinHandle<()> {
        let (address, record) = (self.address.to_owned(), self.record.clone());
        let headers = [self.bearer(), "Accept: text/event-stream".into()];
        thread::spawn(move || {
            let (_, answer) = record::send(&address, "GET /v1/watch", &headers, "");
            record.add("GET /v1/watch", answer.as_bytes());
        })
    }

    fn http(&self, called: &str) -> Value {
        let Secrets { header, cookie, .. } = self.secrets;
        let headers =
            json!({"Authorization": format!("Bearer {}", header.text), "Cookie": format!("id={}", cookie.text)});
        json!({"name": "call", "enabled": true, "http": {"url": format!("http://{called}/hook"), "headers": headers}})
    }

    /// Writes jobs in each way there is.
    fn jobs(&self, called: &str) {
        let call = self.http(called);
        let query = |name: &str, sql: String| {
            json!({"name": name, "enabled": true, "query": {"connection": "reports", "sql": sql}}).to_string()
        };
        let Secrets { sql, failing_sql, noticed_sql, refused, .. } = self.secrets;
        for _ in 0..2 {
            self.ask(200, "POST /v1/cron-config?requestId=once", &call.to_string());
        }
        let mut other = call.clone();
        other["http"]["headers"]["Authorization"] = json!(refused.text);
        self.ask(409, "POST /v1/cron-config?requestId=once", &other.to_string());
        self.ask(409, "POST /v1/cron-config", &other.to_string());
        let statement = query("count", format!("SELECT count(*) FROM pg_class WHERE relname = '{}'", sql.text));
        self.ask(200, "POST /v1/cron-config?requestId=twice", &statement);
        let failing = format!("SELECT '{}'::int", failing_sql.text);
        self.ask(200, "POST /v1/cron-config", &query("failing", failing));
        let noticed = format!("DO $$ BEGIN RAISE NOTICE '{}'; END $$", noticed_sql.text);
        self.ask(200, "POST /v1/cron-config", &query("noticed", noticed));
        self.ask(200, "PATCH /v1/cron-config/1", &json!({"http": call["http"]}).to_string());
        self.ask(200, "PUT /v1/cron-config/1?updateMask=http", &json!({"http": call["http"]}).to_string());
        let stale = json!({"etag": "\"1\"", "http": other["http"]});
        self.ask(409, "PATCH /v1/cron-config/1", &stale.to_string());
        self.ask(200, "PATCH /v1/cron-config/1", &json!({"name": "renamed"}).to_string());
        self.ask(200, "PATCH /v1/cron-config/1", &json!({"name": "call"}).to_string());
        self.ask(200, "POST /v1/cron-config:validate", &other.to_string());
        self.ask(200, "POST /v1/cron-config:reencrypt", "{}");
    }

    /// Runs them.
    fn runs(&mut self) {
        for (config, ends) in [(1, "succeeded"), (2, "succeeded"), (3, "failed"), (4, "succeeded")] {
            let run = self.ask(200, &format!("POST /v1/cron-config/{config}:trigger"), "{}");
            let path = format!("GET /v1/cron-job/{}", run["id"].as_str().unwrap());
            let (address, headers) = (self.address, [self.bearer()]);
            let ended = self.serving.comes(&format!("the run of config {config} has ended"), || {
                let (_, answer) = record::send(address, &path, &headers, "");
                let run: Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
                (!["pending", "running"].contains(&run["state"].as_str().unwrap())).then_some(run)
            });
            assert_eq!(ended["state"], ends, "{ended}");
            self.ask(200, &path, "");
            self.ask(200, &format!("{path}/log"), "");
            self.ask(400, &format!("{}:cancel", path.replace("GET", "POST")), "{}");
        }
        self.ask(200, "POST /v1/cron-job/1:retry", "{}");
        for verb in ["pause", "resume", "disable", "enable"] {
            self.ask(200, &format!("POST /v1/cron-config/1:{verb}"), "{}");
        }
    }

    fn reads(&self) {
        for path in [
            "/v1/cron-config",
            "/v1/cron-config/1",
            "/v1/cron-config/2",
            "/v1/cron-config/2/query",
            "/v1/cron-config/1/versions",
            "/v1/cron-config:byName?name=call",
            "/v1/cron-job",
            "/v1/audit",
            "/v1/token",
            "/v1/replica",
            "/v1/control",
            "/metrics",
            "/openapi.json",
            "/livez",
            "/readyz",
        ] {
            self.ask(200, &format!("GET {path}"), "");
        }
    }

    /// Requests that are wrong, and hold a secret.
    fn malformed(&self) {
        let secret = &self.secrets.refused.text;
        let url = "https://shop.example";
        let http = |http: Value| json!({"name": "wrong", "http": http}).to_string();
        let whole = http(json!({"url": url, "headers": {"Authorization": secret}}));
        let bodies = [
            whole[..whole.len() - 2].to_owned(),
            whole.replace("\"name\"", "\"name\":\"a\",\"name\""),
            format!("{whole}{whole}"),
            whole.replace(':', ""),
            json!(secret).to_string(),
            http(json!(secret)),
            http(json!({"url": url, "headers": secret})),
            http(json!({"url": url, "headers": [secret]})),
            http(json!({"url": url, "headers": {"Authorization": [secret]}})),
            http(json!({"url": url, "headerz": {"Authorization": secret}})),
            http(json!({"url": url, "headers": {"Authorization": secret, "Host": "x"}})),
            http(json!({"url": url, "headers": {"Authorization": format!("{secret}\n")}})),
            http(json!({"url": url, "headers": {format!("Authorization: {secret}"): ""}})),
            http(json!({"url": format!("https://me:{secret}@shop.example"), "headers": {}})),
            http(json!({"url": format!("me:{}@shop.example", self.secrets.refused.in_url()), "headers": {}})),
            http(json!({"url": url, "method": 7, "headers": {"Authorization": secret}})),
            json!({"name": "wrong", "query": secret}).to_string(),
            json!({"name": "wrong", "query": {"connection": "reports", "sql": [secret]}}).to_string(),
            json!({"name": "wrong", "query": {"connection": "reports", "sql": format!("COPY a FROM '{secret}'")}})
                .to_string(),
            json!({"name": "wrong", "query": {"connection": "reports", "sql": format!("'{secret}'")}}).to_string(),
            json!({"name": "wrong", "jobType": "command", "query": {"connection": "reports", "sql": secret}})
                .to_string(),
        ];
        for body in &bodies {
            self.ask(400, "POST /v1/cron-config", body);
            self.ask(400, "POST /v1/cron-config:validate", body);
            self.ask(400, "PATCH /v1/cron-config/1", body);
        }
        self.ask(404, "PATCH /v1/cron-config/77", &whole);
        self.ask(404, "POST /v1/cron-konfig", &whole);
        self.ask(405, "PUT /v1/cron-config", &whole);
    }

    /// Requests with tokens that do not count.
    fn strangers(&self) {
        let secret = &self.secrets.wrong_token.text;
        for token in [
            format!("Authorization: Bearer {secret}"),
            format!("Authorization: Basic {secret}"),
            format!("Authorization: {secret}"),
            format!("Authorization: Bearer cm_1_{secret}"),
            format!("{}\r\nAuthorization: Bearer {secret}", self.bearer()),
        ] {
            for line in ["GET /v1/cron-config", "POST /cron.CronManager/ListCronConfigs", "GET /metrics"] {
                let (status, answer) = record::send(self.address, line, std::slice::from_ref(&token), "");
                self.record.add(&format!("{line} by a stranger"), answer.as_bytes());
                assert_eq!(status, 401, "{answer}");
            }
        }
    }

    /// The program's own commands, which ask by gRPC.
    fn command_line(&self, folder: &Folder, called: &str) -> Canary {
        let name = Arc::new(Mutex::new(String::new()));
        let proxy = record::proxy(self.address.to_owned(), self.record.clone(), Arc::clone(&name));
        let run = |token: &Canary, arguments: &[&str], input: &str| {
            let place = arguments.join(" ");
            name.lock().unwrap().clone_from(&place);
            let mut command = program(arguments);
            command.env("CRON_MANAGER_SERVER", format!("http://{proxy}")).env("CRON_MANAGER_TOKEN", &token.text);
            command.env("RUST_LOG", "trace").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
            let mut child = command.current_dir(folder.path("")).spawn().unwrap();
            child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
            let (code, output, errors) = shown(child.wait_with_output().unwrap());
            self.record.add(&place, format!("{output}{errors}").as_bytes());
            (code, output, errors)
        };
        let mut call = self.http(called);
        call["name"] = json!("by-cli");
        let call = call.to_string();
        let operator = &self.secrets.operator;
        for (arguments, input) in [
            (&["config", "create", "--file", "-", "--dry-run"][..], &*call),
            (&["config", "create", "--file", "-", "-o", "json"], &call),
            (&["config", "update", "by-cli", "--file", "-", "--dry-run", "-o", "json"], &call),
            (&["config", "update", "by-cli", "--file", "-"], &call),
            (&["config", "get", "by-cli", "-o", "json"], ""),
            (&["config", "get", "count"], ""),
            (&["config", "list", "-o", "json"], ""),
            (&["config", "reencrypt"], ""),
            (&["run", "list", "-o", "json"], ""),
            (&["audit", "-o", "json"], ""),
            (&["token", "list", "-o", "json"], ""),
            (&["control"], ""),
            (&["replica", "list"], ""),
            (&["check", "-o", "json"], ""),
            (&["check"], ""),
        ] {
            let (code, _, errors) = run(operator, arguments, input);
            assert!(code == 0 || arguments[0] == "check", "{arguments:?}: {errors}");
        }
        let refused = call.replace(&self.secrets.header.text, &self.secrets.refused.text);
        for input in
            [&*refused, &refused[1..], &refused.replace("headers", "headerz"), &refused.replace("http", "htttp")]
        {
            let (code, ..) = run(operator, &["config", "create", "--file", "-"], input);
            assert_ne!(code, 0);
        }
        assert_ne!(run(&self.secrets.wrong_token, &["config", "list"], "").0, 0);
        let (code, made, errors) = run(operator, &["token", "create", "by-cli", "--role", "viewer", "-o", "json"], "");
        assert_eq!(code, 0, "{errors}");
        let made: Value = serde_json::from_str(&made).unwrap();
        let secret = made["secret"].as_str().unwrap().splitn(3, '_').nth(2).unwrap();
        Canary::made("the token by a command", secret, &["token create by-cli --role viewer -o json"])
    }
}
