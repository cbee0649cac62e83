//! Laws of the API that hold alike over gRPC and over REST.

use serde_json::{Value, json};

use crate::{
    client::Server,
    face::{Face, Refusal},
};

/// Each law becomes a test over each face.
macro_rules! laws {
    ($(async fn $name:ident($face:ident: Face) $body:block)*) => {
        $(async fn $name($face: Face) $body)*

        mod over_grpc {
            use super::*;
            $(#[tokio::test] async fn $name() { super::$name(Face::grpc(server().await).await).await; })*
        }

        mod over_rest {
            use super::*;
            $(#[tokio::test] async fn $name() { super::$name(Face::rest(server().await).await).await; })*
        }
    };
}

async fn server() -> &'static Server {
    Box::leak(Box::new(Server::start().await))
}

fn refused(code: &str, fields: &[&str]) -> Result<Value, Refusal> {
    Err((code.into(), fields.iter().map(|field| (*field).to_owned()).collect()))
}

fn invalid(field: &str) -> Result<Value, Refusal> {
    refused("INVALID_ARGUMENT", &[field])
}

/// A config, made.
async fn create(face: &Face, config: Value) -> Value {
    face.call("CreateCronConfig", json!({ "cronConfig": config })).await.unwrap()["cronConfig"].take()
}

async fn update(face: &Face, request: Value) -> Result<Value, Refusal> {
    face.call("UpdateCronConfig", request).await.map(|mut answer| answer["cronConfig"].take())
}

laws! {
    async fn what_was_written_is_read(face: Face) {
        let config = json!({
            "name": "j", "enabled": true, "context": {"z": 1, "a": [null, {"b": "ä"}]}, "cronExpression": "30 2 * * *",
            "timezone": "Europe/Berlin", "dstGap": "skip", "external": false, "catchUp": "none", "overlap": "skip", "onAbandoned": "report",
            "startDeadline": "90s", "timeout": "1.500s", "jitter": "3s", "lock": "require", "lockAtLeastFor": "10s", "minGap": "0.900s",
        });
        let written = create(&face, config.clone()).await;
        for (field, value) in config.as_object().unwrap() {
            assert_eq!(&written[field], value, "{field}");
        }
        assert_eq!((&written["id"], &written["etag"]), (&json!(1), &json!("\"1\"")));
        assert_eq!(face.call("GetCronConfig", json!({"id": 1})).await, Ok(written.clone()));
        assert_eq!(face.call("GetCronConfigByName", json!({"name": "j"})).await, Ok(written));
    }

    async fn a_new_config_is_off_and_has_the_defaults(face: Face) {
        let config = create(&face, json!({"name": "j"})).await;
        assert_eq!(config["enabled"], false);
        assert_eq!(config["context"], json!({}));
        assert_eq!((&config["catchUp"], &config["lock"]), (&json!("latest"), &json!("prefer")));
        assert_eq!(config.get("cronExpression"), None);
        assert_eq!(config.get("deletedAt"), None);
    }

    async fn an_update_changes_what_is_present_and_nothing_else(face: Face) {
        create(&face, json!({"name": "j", "enabled": true, "every": "60s", "context": {"shop": 7}})).await;
        let config = update(&face, json!({"id": 1, "cronConfig": {"enabled": false}})).await.unwrap();
        assert_eq!(config["enabled"], false);
        assert_eq!((&config["every"], &config["context"]), (&json!("60s"), &json!({"shop": 7})));
    }

    async fn a_field_of_the_mask_that_is_absent_is_cleared(face: Face) {
        create(&face, json!({"name": "j", "enabled": true, "every": "60s", "timeout": "9s", "context": {"shop": 7}})).await;
        let request = json!({"id": 1, "cronConfig": {"timeout": "8s", "every": "5s"}, "updateMask": "enabled,context,timeout"});
        let config = update(&face, request).await.unwrap();
        assert_eq!((&config["enabled"], &config["context"], &config["timeout"]), (&json!(false), &json!({}), &json!("8s")));
        assert_eq!(config["every"], "60s", "given, but not in the mask");
        let all = json!({"id": 1, "cronConfig": {"name": "k", "cronExpression": "0 4 * * *"}, "updateMask": "*"});
        let config = update(&face, all).await.unwrap();
        assert_eq!((&config["name"], config.get("every"), config.get("timeout")), (&json!("k"), None, None));
        let unknown = json!({"id": 1, "cronConfig": {}, "updateMask": "nope"});
        assert_eq!(update(&face, unknown).await, invalid("updateMask"));
    }

    async fn a_change_under_an_old_etag_is_aborted(face: Face) {
        create(&face, json!({"name": "j"})).await;
        let change = |etag: &str, enabled: bool| json!({"id": 1, "cronConfig": {"enabled": enabled, "etag": etag}});
        assert_eq!(update(&face, change("\"1\"", true)).await.unwrap()["etag"], "\"2\"");
        assert_eq!(update(&face, change("\"1\"", false)).await, refused("ABORTED", &[]));
        assert_eq!(face.call("GetCronConfig", json!({"id": 1})).await.unwrap()["enabled"], true);
        assert_eq!(update(&face, change("*", false)).await.unwrap()["etag"], "\"3\"");
        assert_eq!(update(&face, change("x", false)).await, invalid("etag"));
        assert_eq!(face.call("DeleteCronConfig", json!({"id": 1, "etag": "\"2\""})).await, refused("ABORTED", &[]));
    }

    async fn a_deleted_config_keeps_its_name_and_is_listed_when_asked_for(face: Face) {
        create(&face, json!({"name": "j"})).await;
        let deleted = face.call("DeleteCronConfig", json!({"id": 1})).await.unwrap();
        assert!(deleted["deletedAt"].is_string());
        assert_eq!(face.call("GetCronConfig", json!({"id": 1})).await, Ok(deleted));
        let taken = face.call("CreateCronConfig", json!({"cronConfig": {"name": "j"}})).await;
        assert_eq!(taken, refused("ALREADY_EXISTS", &[]));
        for (show, count) in [(false, 0), (true, 1)] {
            let list = face.call("ListCronConfigs", json!({"showDeleted": show})).await.unwrap();
            assert_eq!(list["cronConfigs"].as_array().unwrap().len(), count);
        }
    }

    async fn wrong_input_is_refused_and_its_field_named(face: Face) {
        create(&face, json!({"name": "taken"})).await;
        for (config, field) in [
            (json!({}), "name"),
            (json!({"name": ""}), "name"),
            (json!({"name": "a b"}), "name"),
            (json!({"name": "j", "cronExpression": "61 * * * *"}), "cronExpression"),
            (json!({"name": "j", "cronExpression": "0 0 30 2 *"}), "cronExpression"),
            (json!({"name": "j", "cronExpression": "* * * * *", "timezone": "Mars/Base"}), "timezone"),
            (json!({"name": "j", "context": [1]}), "context"),
            (json!({"name": "j", "context": "{"}), "context"),
            (json!({"name": "j", "context": {"ttl": -5}}), "context.ttl"),
            (json!({"name": "j", "context": {"distributed": "yes"}}), "context.distributed"),
            (json!({"name": "j", "overlap": "queue"}), "overlap"),
            (json!({"name": "j", "every": "-5s"}), "every"),
            (json!({"name": "j", "timeout": "99999999s"}), "timeout"),
        ] {
            let answer = face.call("CreateCronConfig", json!({ "cronConfig": config })).await;
            assert_eq!(answer, invalid(field), "{config}");
        }
        let all = face.call("ListCronConfigs", json!({"showDeleted": true})).await.unwrap();
        assert_eq!(all["cronConfigs"].as_array().unwrap().len(), 1);
    }

    async fn what_is_not_there_is_not_found(face: Face) {
        for (method, request) in [
            ("GetCronConfig", json!({"id": 7})),
            ("GetCronConfigByName", json!({"name": "j"})),
            ("UpdateCronConfig", json!({"id": 7, "cronConfig": {}})),
            ("DeleteCronConfig", json!({"id": 7})),
            ("TriggerCronConfig", json!({"id": 7})),
            ("GetCronJob", json!({"id": "7"})),
            ("GetCronJobLog", json!({"id": "7"})),
            ("DrainReplica", json!({"id": "7"})),
        ] {
            assert_eq!(face.call(method, request).await, refused("NOT_FOUND", &[]), "{method}");
        }
    }

    async fn pages_hold_every_row_once_and_end(face: Face) {
        for at in 1..=5 {
            create(&face, json!({"name": format!("j{at}")})).await;
        }
        let (mut ids, mut token) = (Vec::new(), String::new());
        loop {
            let list = face.call("ListCronConfigs", json!({"pageSize": 2, "pageToken": token})).await.unwrap();
            ids.extend(list["cronConfigs"].as_array().unwrap().iter().map(|config| config["id"].clone()));
            token = list["nextPageToken"].as_str().unwrap().to_owned();
            if token.is_empty() {
                break;
            }
            let other = face.call("ListCronConfigs", json!({"pageToken": token, "showDeleted": true})).await;
            assert_eq!(other, invalid("pageToken"), "of another list");
        }
        assert_eq!(ids, [1, 2, 3, 4, 5]);
        assert_eq!(face.call("ListCronConfigs", json!({"pageSize": -1})).await, invalid("pageSize"));
    }

    async fn a_triggered_run_is_answered_and_is_in_the_ledger(face: Face) {
        create(&face, json!({"name": "j", "enabled": true})).await;
        let run = face.call("TriggerCronConfig", json!({"id": 1})).await.unwrap();
        assert_eq!((&run["id"], &run["kind"], &run["state"]), (&json!("1"), &json!("manual"), &json!("pending")));
        assert_eq!(face.call("GetCronJob", json!({"id": "1"})).await, Ok(run.clone()));
        let listed = async |filter: Value| face.call("ListCronJobs", filter).await.unwrap()["cronJobs"].take();
        assert_eq!(listed(json!({"configId": 1, "state": "pending"})).await, json!([run]));
        assert_eq!(listed(json!({"configId": 2})).await, json!([]));
        assert_eq!(listed(json!({"reason": "missed"})).await, json!([]));
        assert_eq!(listed(json!({"to": "1970-01-01T00:00:00Z"})).await, json!([]));
        assert_eq!(face.call("ListCronJobs", json!({"state": "lost"})).await, invalid("state"));
        assert_eq!(face.call("GetCronJobLog", json!({"id": "1"})).await, Ok(json!({"log": ""})));
    }

    async fn a_disabled_config_is_not_triggered(face: Face) {
        create(&face, json!({"name": "j"})).await;
        assert_eq!(face.call("TriggerCronConfig", json!({"id": 1})).await, refused("FAILED_PRECONDITION", &[]));
    }

    async fn a_change_leaves_a_record_of_who_and_what(face: Face) {
        create(&face, json!({"name": "j", "every": "60s"})).await;
        update(&face, json!({"id": 1, "cronConfig": {"every": "90s"}})).await.unwrap();
        update(&face, json!({"id": 1, "cronConfig": {"every": "90s"}})).await.unwrap();
        let records = face.call("ListAuditRecords", json!({"configId": 1})).await.unwrap()["auditRecords"].take();
        let records = records.as_array().unwrap();
        assert_eq!(records.len(), 2, "a change of nothing leaves none");
        assert_eq!((&records[0]["action"], &records[0]["actor"]), (&json!("update"), &json!("anonymous")));
        assert_eq!((&records[0]["resource"], &records[0]["role"]), (&json!("j"), &json!("admin")));
        assert_eq!(records[0]["difference"], json!({"every": {"old": "60s", "new": "90s"}}));
        assert_eq!(records[1]["action"], "create");
        let others = face.call("ListAuditRecords", json!({"actor": "somebody"})).await.unwrap();
        assert_eq!(others["auditRecords"], json!([]));
    }

    async fn a_token_shows_its_secret_once_and_is_taken_back(face: Face) {
        assert_eq!(face.call("CreateToken", json!({"name": "ci", "role": "king"})).await, invalid("role"));
        assert_eq!(face.call("ListTokens", json!({})).await, Ok(json!({"tokens": []})));
        let made = face.call("CreateToken", json!({"name": "ci", "role": "viewer"})).await.unwrap();
        let secret = made["secret"].as_str().unwrap();
        assert!(secret.starts_with("cm_1_"), "{secret}");
        let mut listed = face.call("ListTokens", json!({})).await.unwrap()["tokens"].take();
        assert_eq!(listed[0], made["token"]);
        let revoked = face.call("RevokeToken", json!({"id": "1"})).await.unwrap();
        assert!(revoked["revokedAt"].is_string());
        listed[0]["revokedAt"] = revoked["revokedAt"].clone();
        assert_eq!(face.call("ListTokens", json!({})).await.unwrap()["tokens"], listed);
        assert_eq!(face.call("RevokeToken", json!({"id": "2"})).await, refused("NOT_FOUND", &[]));
        let records = face.call("ListAuditRecords", json!({})).await.unwrap().to_string();
        assert!(records.contains("create_token") && records.contains("revoke_token"), "{records}");
        assert!(!records.contains(secret) && !listed.to_string().contains(secret));
    }
}
