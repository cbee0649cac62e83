use cron_manager::{
    ActiveRun, CronConfigId, SkipReason,
    contracts::{Busy, Pages},
    domain::ledger::Page,
    scheduler::Activity,
};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::client::{Server, error, invalid};

/// A run of each of some kinds: two skipped rows and a pending one, due minutes 1 to 9 after the epoch.
async fn ledger() -> Server {
    let server = Server::start().await;
    server.create(r#"{"name":"a","enabled":true}"#).await;
    server.create(r#"{"name":"b","enabled":true}"#).await;
    let minute = |minutes: i64| Timestamp::from_second(minutes * 60).unwrap();
    let write = |pages: &mut [Page]| {
        pages[0].record_skipped(SkipReason::Missed, minute(1), minute(3), 3);
        pages[0].record_skipped(SkipReason::Disabled, minute(5), minute(5), 1);
        pages[1].record_tick(minute(9));
        Ok(())
    };
    server
        .store
        .transact(Pages::Of(&[CronConfigId(1).into(), CronConfigId(2).into()]), Busy::Wait, &write)
        .await
        .unwrap();
    server
}

async fn ids(server: &Server, query: &str) -> Vec<String> {
    let answer = server.get(&format!("/v1/cron-job{query}")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let jobs = answer.json()["cronJobs"].take();
    jobs.as_array().unwrap().iter().map(|job| job["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn runs_are_listed_newest_first_and_narrowed_by_each_filter() {
    let server = ledger().await;
    assert_eq!(ids(&server, "").await, ["3", "2", "1"]);
    assert_eq!(ids(&server, "?configId=1").await, ["2", "1"]);
    assert_eq!(ids(&server, "?state=pending").await, ["3"]);
    assert_eq!(ids(&server, "?state=skipped&reason=missed").await, ["1"]);
    assert_eq!(ids(&server, "?from=1970-01-01T00:05:00Z&to=1970-01-01T00:09:00Z").await, ["2"]);
    assert_eq!(ids(&server, "?configId=7").await, Vec::<String>::new());
}

#[tokio::test]
async fn a_wrong_filter_is_named() {
    let server = Server::start().await;
    for field in ["configId", "state", "reason", "from", "to", "pageSize", "nope"] {
        assert_eq!(server.get(&format!("/v1/cron-job?{field}=x")).await.error(), invalid(field));
    }
    assert_eq!(server.get("/v1/cron-job?state=failed&state=failed").await.error(), invalid("state"));
}

#[tokio::test]
async fn a_row_that_stands_for_several_ticks_says_how_many() {
    let server = ledger().await;
    let several = server.get("/v1/cron-job/1").await.json();
    assert_eq!(several["dueAt"], "1970-01-01T00:01:00Z");
    assert_eq!((&several["dueThrough"], &several["count"]), (&json!("1970-01-01T00:03:00Z"), &json!(3)));
    assert_eq!((&several["state"], &several["reason"]), (&json!("skipped"), &json!("missed")));
    assert!(several.get("startedAt").is_none() && several.get("failedAt").is_none());
    let one = server.get("/v1/cron-job/2").await.json();
    assert!(one.get("dueThrough").is_none() && one.get("count").is_none());
}

#[tokio::test]
async fn a_triggered_run_is_answered_and_is_in_the_ledger() {
    let server = Server::start().await;
    server.create(r#"{"name":"j","enabled":true}"#).await;
    let run = server.send("POST", "/v1/cron-config/1:trigger", &[], "").await;
    assert_eq!(run.status, 200, "{}", run.body);
    let run = run.json();
    assert_eq!((&run["id"], &run["configId"]), (&json!("1"), &json!(1)));
    assert_eq!((&run["kind"], &run["state"], &run["attempt"]), (&json!("manual"), &json!("pending"), &json!(1)));
    assert_eq!((&run["idempotencyKey"], &run["truncated"]), (&json!("1"), &json!(false)));
    assert_eq!(server.get("/v1/cron-job/1").await.json(), run);
    assert_eq!(server.post("/v1/cron-config/1:trigger", "{}").await.json()["id"], "2");
}

#[tokio::test]
async fn a_trigger_takes_its_own_fields_and_an_enabled_config() {
    let server = Server::start().await;
    server.create(r#"{"name":"j"}"#).await;
    let path = "/v1/cron-config/1:trigger";
    assert_eq!(server.post(path, "{}").await.error(), error(400, "FAILED_PRECONDITION"));
    assert_eq!(server.post(path, r#"{"name":"j"}"#).await.error(), invalid("name"));
    assert_eq!(server.post("/v1/cron-config/7:trigger", "").await.error(), error(404, "NOT_FOUND"));
    assert_eq!(server.post("/v1/cron-config/x:trigger", "").await.error(), invalid("id"));
}

/// Runs a handler to its end and reads the run and its log.
async fn run_to_the_end(fail: bool) -> (Value, Value) {
    let server = Server::start().await;
    let handler = move |run: ActiveRun| async move {
        run.log("one line");
        run.event(json!({"z": 1, "a": 2}));
        if fail { Err("out of paper") } else { Ok(()) }
    };
    server.manager.job("j").run(handler).await.unwrap();
    let mut activity = server.manager.activity();
    server.manager.start();
    server.post("/v1/cron-config/1:trigger", "").await;
    while !matches!(activity.recv().await.unwrap(), Activity::Ended(..)) {}
    (server.get("/v1/cron-job/1").await.json(), server.get("/v1/cron-job/1/log").await.json())
}

#[tokio::test]
async fn a_run_that_succeeded_shows_when_it_was_completed_and_what_it_left() {
    let (run, log) = run_to_the_end(false).await;
    assert_eq!(run["state"], "succeeded");
    assert!(run.get("failedAt").is_none() && run.get("error").is_none());
    assert!(run["startedAt"].as_str() <= run["completedAt"].as_str());
    assert_eq!(run["result"].to_string(), r#"[{"z":1,"a":2}]"#);
    assert_eq!(run["fence"], "1");
    assert_eq!(run["replicaId"].as_str().unwrap().len(), 16);
    assert_eq!(log, json!({"log": "one line\n"}));
}

#[tokio::test]
async fn a_run_that_failed_shows_when_and_why() {
    let (run, _) = run_to_the_end(true).await;
    assert_eq!((&run["state"], &run["error"]), (&json!("failed"), &json!("out of paper")));
    assert!(run.get("completedAt").is_none());
    assert!(run["startedAt"].as_str() <= run["failedAt"].as_str());
    assert_eq!(run["result"], json!([{"z": 1, "a": 2}]), "events are kept beside the error");
}

#[tokio::test]
async fn a_run_that_is_not_there_has_no_log_either() {
    let server = ledger().await;
    assert_eq!(server.get("/v1/cron-job/9").await.error(), error(404, "NOT_FOUND"));
    assert_eq!(server.get("/v1/cron-job/9/log").await.error(), error(404, "NOT_FOUND"));
    let stream = server.send("GET", "/v1/cron-job/9/log", &["Accept: text/event-stream"], "").await;
    assert_eq!(stream.error(), error(404, "NOT_FOUND"), "an error and no stream");
    assert_eq!(server.get("/v1/cron-job/x").await.error(), invalid("id"));
    assert_eq!(server.get("/v1/cron-job/1/log").await.json(), json!({"log": ""}));
}
