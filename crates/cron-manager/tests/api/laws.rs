//! Laws of the API that hold alike over gRPC and over REST.

use serde_json::{Value, json};

use crate::{
    client::Server,
    face::{Face, Refusal},
    secrets::key,
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

pub(crate) use laws;

pub(crate) async fn server() -> &'static Server {
    Box::leak(Box::new(Server::keyed(&key("a", 1)).await))
}

pub(crate) fn refused(code: &str, fields: &[&str]) -> Result<Value, Refusal> {
    Err((code.into(), fields.iter().map(|field| (*field).to_owned()).collect()))
}

pub(crate) fn invalid(field: &str) -> Result<Value, Refusal> {
    refused("INVALID_ARGUMENT", &[field])
}

/// A config, made.
pub(crate) async fn create(face: &Face, config: Value) -> Value {
    face.call("CreateCronConfig", json!({ "cronConfig": config })).await.unwrap()["cronConfig"].take()
}

pub(crate) async fn update(face: &Face, request: Value) -> Result<Value, Refusal> {
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

    async fn a_config_is_switched_paused_and_brought_back(face: Face) {
        create(&face, json!({"name": "j", "every": "60s"})).await;
        let enabled = async |method: &str| face.call(method, json!({"id": 1})).await.unwrap()["enabled"].take();
        assert_eq!((enabled("EnableCronConfig").await, enabled("DisableCronConfig").await), (json!(true), json!(false)));
        enabled("EnableCronConfig").await;
        let pause = json!({"id": 1, "until": "2999-01-01T00:00:00Z", "reason": "stocktaking"});
        let paused = face.call("PauseCronConfig", pause).await.unwrap()["paused"].take();
        assert_eq!((&paused["until"], &paused["reason"]), (&json!("2999-01-01T00:00:00Z"), &json!("stocktaking")));
        assert_eq!(face.call("TriggerCronConfig", json!({"id": 1})).await, refused("FAILED_PRECONDITION", &[]));
        let past = json!({"id": 1, "until": "2000-01-01T00:00:00Z"});
        assert_eq!(face.call("PauseCronConfig", past).await, invalid("until"));
        assert_eq!(face.call("ResumeCronConfig", json!({"id": 1})).await.unwrap().get("paused"), None);
        assert_eq!(face.call("UndeleteCronConfig", json!({"id": 1})).await, refused("ALREADY_EXISTS", &[]));
        face.call("DeleteCronConfig", json!({"id": 1})).await.unwrap();
        assert_eq!(face.call("UndeleteCronConfig", json!({"id": 1})).await.unwrap().get("deletedAt"), None);
        for method in ["EnableCronConfig", "DisableCronConfig", "PauseCronConfig", "ResumeCronConfig", "UndeleteCronConfig"] {
            assert_eq!(face.call(method, json!({"id": 1, "etag": "\"1\""})).await, refused("ABORTED", &[]), "{method}");
            assert_eq!(face.call(method, json!({"id": 7})).await, refused("NOT_FOUND", &[]), "{method}");
        }
    }

    async fn all_configs_are_switched_at_once_and_the_service_too(face: Face) {
        create(&face, json!({"name": "a"})).await;
        create(&face, json!({"name": "b", "enabled": true})).await;
        assert_eq!(face.call("EnableAllCronConfigs", json!({})).await, Ok(json!({"changed": 1})));
        assert_eq!(face.call("DisableAllCronConfigs", json!({})).await, Ok(json!({"changed": 2})));
        face.call("EnableAllCronConfigs", json!({})).await.unwrap();

        let control = face.call("GetControl", json!({})).await.unwrap();
        assert_eq!((&control["enabled"], &control["etag"]), (&json!(true), &json!("\"0\"")));
        let update = async |control: Value, mask: Value| {
            face.call("UpdateControl", json!({"control": control, "updateMask": mask})).await
        };
        let off = update(json!({"enabled": false, "logLevel": "debug"}), Value::Null).await.unwrap();
        assert_eq!((&off["enabled"], &off["logLevel"]), (&json!(false), &json!("debug")));
        assert_eq!(face.call("TriggerCronConfig", json!({"id": 1})).await, refused("FAILED_PRECONDITION", &[]));
        let level = update(json!({}), json!("logLevel")).await.unwrap();
        assert_eq!((level.get("logLevel"), &level["enabled"]), (None, &json!(false)), "cleared, and nothing else");
        assert_eq!(update(json!({"etag": "\"1\"", "enabled": true}), Value::Null).await, refused("ABORTED", &[]));
        assert_eq!(update(json!({"logLevel": "loud"}), Value::Null).await, invalid("logLevel"));
        assert_eq!(update(json!({"enabled": true}), json!("nope")).await, invalid("updateMask"));
        assert_eq!(update(json!({"enabled": true}), Value::Null).await.unwrap()["enabled"], true);
    }

    async fn a_request_may_come_twice_under_one_id(face: Face) {
        let twice = async |method: &str, request: Value| {
            let first = face.call(method, request.clone()).await.unwrap();
            assert_eq!(face.call(method, request).await, Ok(first.clone()), "{method}");
            first
        };
        twice("CreateCronConfig", json!({"cronConfig": {"name": "j", "enabled": true, "every": "60s"}, "requestId": "one"})).await;
        let other = json!({"cronConfig": {"name": "k"}, "requestId": "one"});
        assert_eq!(face.call("CreateCronConfig", other).await, refused("ALREADY_EXISTS", &[]));
        let run = twice("TriggerCronConfig", json!({"id": 1, "requestId": "two", "context": {"shop": 7}})).await;
        assert_eq!(run["context"], json!({"shop": 7}));
        let other = json!({"id": 1, "requestId": "two", "context": {"shop": 8}});
        assert_eq!(face.call("TriggerCronConfig", other).await, refused("ALREADY_EXISTS", &[]));
        let span = json!({"id": 1, "from": "2026-01-01T00:00:00Z", "to": "2026-01-01T00:03:00Z", "requestId": "three"});
        let runs = twice("BackfillCronConfig", span).await["cronJobs"].take();
        assert_eq!(runs.as_array().unwrap().len(), 3);
        assert_eq!((&runs[0]["kind"], &runs[0]["dueAt"]), (&json!("backfill"), &json!("2026-01-01T00:00:00Z")));
        assert_eq!(face.call("TriggerCronConfig", json!({"id": 1, "requestId": "a b"})).await, invalid("requestId"));
    }

    async fn a_backfill_is_bounded(face: Face) {
        create(&face, json!({"name": "j", "enabled": true, "every": "60s"})).await;
        let backfill = async |from: Value, to: Value, limit: i32| {
            face.call("BackfillCronConfig", json!({"id": 1, "from": from, "to": to, "limit": limit})).await
        };
        let (from, to) = (json!("2026-01-01T00:00:00Z"), json!("2026-01-02T00:00:00Z"));
        assert_eq!(backfill(from.clone(), to.clone(), 10).await, invalid("to"), "more than fit");
        assert_eq!(backfill(from.clone(), to.clone(), -1).await, invalid("limit"));
        assert_eq!(backfill(from.clone(), to.clone(), 1001).await, invalid("limit"));
        assert_eq!(backfill(Value::Null, to.clone(), 0).await, invalid("from"));
        assert_eq!(backfill(to, from, 0).await, invalid("to"), "the wrong way round");
    }

    async fn a_run_is_cancelled_and_tried_again(face: Face) {
        create(&face, json!({"name": "j", "enabled": true})).await;
        face.call("TriggerCronConfig", json!({"id": 1})).await.unwrap();
        assert_eq!(face.call("RetryCronJob", json!({"id": "1"})).await, refused("FAILED_PRECONDITION", &[]), "it waits");
        let run = face.call("CancelCronJob", json!({"id": "1"})).await.unwrap();
        assert_eq!((&run["state"], &run["reason"]), (&json!("skipped"), &json!("cancelled")));
        assert_eq!(face.call("CancelCronJob", json!({"id": "1"})).await, refused("FAILED_PRECONDITION", &[]));
        let again = face.call("RetryCronJob", json!({"id": "1"})).await.unwrap();
        assert_eq!((&again["retryOf"], &again["state"]), (&json!("1"), &json!("pending")));
        for method in ["CancelCronJob", "RetryCronJob"] {
            assert_eq!(face.call(method, json!({"id": "7"})).await, refused("NOT_FOUND", &[]), "{method}");
        }
    }

    async fn a_config_is_previewed_without_being_written(face: Face) {
        let config = json!({"name": "j", "cronExpression": "30 2 * * *", "timezone": "America/New_York"});
        let preview = face.call("ValidateCronConfig", json!({"cronConfig": config, "count": 3})).await.unwrap();
        assert_eq!(preview["next"].as_array().unwrap().len(), 3);
        assert_eq!(preview["timezone"], "America/New_York");
        assert!(!preview["description"].as_str().unwrap().is_empty());
        assert!(!preview["notes"].as_array().unwrap().is_empty(), "02:30 is skipped each spring");
        let wrong = json!({"cronConfig": {"name": "j", "cronExpression": "99 * * * *"}});
        assert_eq!(face.call("ValidateCronConfig", wrong).await, invalid("cronExpression"));
        assert_eq!(face.call("ListCronConfigs", json!({})).await.unwrap()["cronConfigs"], json!([]));
    }

    async fn versions_of_a_schedule_are_kept(face: Face) {
        create(&face, json!({"name": "j", "every": "60s"})).await;
        update(&face, json!({"id": 1, "cronConfig": {"every": "90s"}})).await.unwrap();
        let versions = face.call("ListCronConfigVersions", json!({"id": 1})).await.unwrap()["versions"].take();
        assert_eq!((&versions[0]["version"], &versions[1]["version"]), (&json!("2"), &json!("1")));
        assert_ne!(versions[0]["description"], versions[1]["description"]);
        assert_eq!(face.call("ListCronConfigVersions", json!({"id": 7})).await, refused("NOT_FOUND", &[]));
    }

    async fn a_filter_narrows_the_list(face: Face) {
        create(&face, json!({"name": "send-a", "enabled": true})).await;
        create(&face, json!({"name": "send-b", "context": {"distributed": true}})).await;
        create(&face, json!({"name": "other", "enabled": true})).await;
        let names = async |filter: &str| {
            let list = face.call("ListCronConfigs", json!({"filter": filter})).await.unwrap()["cronConfigs"].take();
            list.as_array().unwrap().iter().map(|config| config["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(names("enabled = true").await, ["send-a", "other"]);
        assert_eq!(names("enabled = true AND name = \"send-*\"").await, ["send-a"]);
        assert_eq!(names("distributed = true").await, ["send-b"]);
        assert_eq!(face.call("ListCronConfigs", json!({"filter": "colour = red"})).await, invalid("filter"));
    }

    async fn a_job_of_another_type_is_shown_without_its_secrets(face: Face) {
        let headers = json!({"Authorization": "Bearer hush", "X-Shop": "7"});
        let http = json!({"url": "https://shop.example/hook", "method": "PUT", "headers": headers});
        let config = create(&face, json!({"name": "j", "http": http})).await;
        assert_eq!((&config["jobType"], &config["http"]["method"]), (&json!("http"), &json!("PUT")));
        assert_eq!(config["http"]["headers"], json!({"authorization": "***", "x-shop": "7"}));
        let same = update(&face, json!({"id": 1, "cronConfig": config})).await.unwrap();
        assert_eq!(same["etag"], "\"1\"", "what was shown can be sent back");
        let inline = update(&face, json!({"id": 1, "cronConfig": {}, "updateMask": "jobType"})).await.unwrap();
        assert_eq!((&inline["jobType"], inline.get("http")), (&json!("inline"), None));
        for (job, field) in [
            (json!({"http": {"url": "ftp://shop.example"}}), "http.url"),
            (json!({"http": {"url": "https://a:b@shop.example"}}), "http.url"),
            (json!({"http": {}}), "http.url"),
            (json!({"http": {"url": "https://shop.example", "method": "TRACE"}}), "http.method"),
            (json!({"jobType": "shell"}), "jobType"),
        ] {
            let mut config = job.clone();
            config["name"] = json!("k");
            assert_eq!(face.call("CreateCronConfig", json!({ "cronConfig": config })).await, invalid(field), "{job}");
        }
        let records = face.call("ListAuditRecords", json!({})).await.unwrap().to_string();
        assert!(records.contains("shop.example") && !records.contains("hush"), "{records}");
    }
}
