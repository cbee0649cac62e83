use cron_manager::{CronConfigFields, CronConfigId};
use serde_json::{Value, json};

use crate::client::{Server, invalid};

async fn with_configs(count: usize) -> Server {
    let server = Server::start().await;
    for at in 1..=count {
        server.manager.create_cron_config(&CronConfigFields::named(format!("j{at}")).enabled(true)).await.unwrap();
    }
    server
}

/// The lengths of all pages of a list, and the ids in the order they came.
async fn walk(server: &Server, path: &str, rows: &str) -> (Vec<usize>, Vec<Value>) {
    let (mut lengths, mut ids, mut token) = (Vec::new(), Vec::new(), String::new());
    loop {
        let answer = server.get(&format!("{path}&pageToken={token}")).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let mut page = answer.json();
        let rows = page[rows].as_array_mut().unwrap();
        lengths.push(rows.len());
        ids.extend(rows.iter_mut().map(|row| row["id"].take()));
        token = page["nextPageToken"].as_str().unwrap().to_owned();
        if token.is_empty() {
            return (lengths, ids);
        }
    }
}

#[tokio::test]
async fn pages_hold_every_config_once_and_end() {
    let server = with_configs(7).await;
    let (lengths, ids) = walk(&server, "/v1/cron-config?pageSize=3", "cronConfigs").await;
    assert_eq!(lengths, [3, 3, 1]);
    assert_eq!(ids, (1..=7).map(|id| json!(id)).collect::<Vec<_>>());
    let (lengths, _) = walk(&server, "/v1/cron-config?pageSize=7", "cronConfigs").await;
    assert_eq!(lengths, [7], "no empty page at the end");
}

#[tokio::test]
async fn pages_hold_every_run_once_and_end_though_new_ones_come() {
    let server = with_configs(1).await;
    for _ in 0..5 {
        server.manager.trigger(CronConfigId(1)).await.unwrap();
    }
    let first = server.get("/v1/cron-job?pageSize=2&state=pending").await.json();
    server.manager.trigger(CronConfigId(1)).await.unwrap();
    let token = first["nextPageToken"].as_str().unwrap();
    let second = server.get(&format!("/v1/cron-job?pageSize=2&state=pending&pageToken={token}")).await.json();
    assert_eq!((&second["cronJobs"][0]["id"], &second["cronJobs"][1]["id"]), (&json!("3"), &json!("2")));
    let (lengths, ids) = walk(&server, "/v1/cron-job?pageSize=4", "cronJobs").await;
    assert_eq!((lengths, ids.len()), (vec![4, 2], 6));
}

#[tokio::test]
async fn a_page_has_fifty_rows_unless_asked_and_a_thousand_at_most() {
    let server = with_configs(1_001).await;
    let count = async |query: &str| {
        let list = server.get(&format!("/v1/cron-config{query}")).await.json();
        list["cronConfigs"].as_array().unwrap().len()
    };
    assert_eq!(count("").await, 50);
    assert_eq!(count("?pageSize=0").await, 50);
    assert_eq!(count("?pageSize=5000").await, 1_000);
    assert_eq!(server.get("/v1/cron-config?pageSize=-1").await.error(), invalid("pageSize"));
    assert_eq!(server.get("/v1/cron-config?pageSize=1e3").await.error(), invalid("pageSize"));
}

#[tokio::test]
async fn a_page_token_is_good_for_its_list_only() {
    let server = with_configs(3).await;
    let token = server.get("/v1/cron-config?pageSize=1").await.json()["nextPageToken"].take();
    let token = token.as_str().unwrap();
    let flipped = token.replace(&token[15..16], if &token[15..16] == "7" { "8" } else { "7" });
    for wrong in ["x", "1", &token[1..], &flipped, "%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4"] {
        let answer = server.get(&format!("/v1/cron-config?pageToken={wrong}")).await;
        assert_eq!(answer.error(), invalid("pageToken"), "{wrong}");
    }
    for list in ["/v1/cron-config?showDeleted=true&", "/v1/cron-job?"] {
        let answer = server.get(&format!("{list}pageToken={token}")).await;
        assert_eq!(answer.error(), invalid("pageToken"), "{list}");
    }
}

#[tokio::test]
async fn deleted_configs_are_listed_when_asked_for() {
    let server = with_configs(2).await;
    server.manager.delete_cron_config(CronConfigId(1), None).await.unwrap();
    let ids = async |query: &str| walk(&server, &format!("/v1/cron-config?{query}"), "cronConfigs").await.1;
    assert_eq!(ids("").await, [json!(2)]);
    assert_eq!(ids("showDeleted=false").await, [json!(2)]);
    assert_eq!(ids("showDeleted=true").await, [json!(1), json!(2)]);
    assert!(server.get("/v1/cron-config/1").await.json()["deletedAt"].is_string());
    assert_eq!(server.get("/v1/cron-config?showDeleted=1").await.error(), invalid("showDeleted"));
}
