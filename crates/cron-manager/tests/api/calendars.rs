//! Laws of calendars that hold alike over gRPC and over REST.

use serde_json::{Value, json};

use crate::{
    client::Server,
    face::{Face, Refusal},
    laws::{create as create_config, invalid, laws, refused, server, update as update_config},
};

/// A calendar, made.
async fn create(face: &Face, calendar: Value) -> Value {
    face.call("CreateCalendar", json!({ "calendar": calendar })).await.unwrap()
}

async fn update(face: &Face, request: Value) -> Result<Value, Refusal> {
    face.call("UpdateCalendar", request).await
}

fn weekends() -> Value {
    json!({"cronExpression": "0 0 * * SAT", "duration": "172800s"})
}

laws! {
    async fn a_calendar_that_was_written_is_read(face: Face) {
        let holidays = json!({"from": "2026-12-24T18:00:00", "to": "2026-12-27T00:00:00"});
        let calendar = json!({"name": "closed", "timezone": "Europe/Berlin", "blackouts": [holidays, weekends()]});
        let written = create(&face, calendar.clone()).await;
        for (field, value) in calendar.as_object().unwrap() {
            assert_eq!(&written[field], value, "{field}");
        }
        assert_eq!((&written["id"], &written["etag"]), (&json!(1), &json!("\"1\"")));
        assert_eq!(face.call("GetCalendar", json!({"id": 1})).await, Ok(written.clone()));
        let bare = create(&face, json!({"name": "open"})).await;
        assert_eq!((&bare["timezone"], &bare["blackouts"]), (&json!("UTC"), &json!([])));
        let again = face.call("CreateCalendar", json!({"calendar": {"name": "closed"}})).await;
        assert_eq!(again, refused("ALREADY_EXISTS", &[]));
    }

    async fn a_calendar_is_changed_as_its_mask_says(face: Face) {
        create(&face, json!({"name": "closed", "timezone": "Europe/Berlin", "blackouts": [weekends()]})).await;
        let changed = update(&face, json!({"id": 1, "calendar": {"timezone": "America/New_York"}})).await.unwrap();
        assert_eq!((&changed["timezone"], &changed["blackouts"]), (&json!("America/New_York"), &json!([weekends()])));
        let request = json!({"id": 1, "calendar": {"blackouts": [], "timezone": "UTC"}, "updateMask": "blackouts"});
        let changed = update(&face, request).await.unwrap();
        assert_eq!((&changed["timezone"], &changed["blackouts"]), (&json!("America/New_York"), &json!([])));
        let request = json!({"id": 1, "calendar": {"name": "shut", "blackouts": [weekends()]}, "updateMask": "*"});
        let changed = update(&face, request).await.unwrap();
        assert_eq!((&changed["name"], &changed["timezone"]), (&json!("shut"), &json!("UTC")));
        assert_eq!(update(&face, json!({"id": 1, "calendar": {}, "updateMask": "etag"})).await, invalid("updateMask"));
        assert_eq!(update(&face, json!({"id": 7, "calendar": {"name": "x"}})).await, refused("NOT_FOUND", &[]));
    }

    async fn a_change_with_an_old_etag_of_a_calendar_changes_nothing(face: Face) {
        create(&face, json!({"name": "closed"})).await;
        let request = |etag: &str| json!({"id": 1, "calendar": {"timezone": "Europe/Berlin", "etag": etag}});
        assert_eq!(update(&face, request("\"1\"")).await.unwrap()["etag"], "\"2\"");
        let stale = json!({"id": 1, "calendar": {"timezone": "UTC", "etag": "\"1\""}});
        assert_eq!(update(&face, stale).await, refused("ABORTED", &[]));
        assert_eq!(face.call("GetCalendar", json!({"id": 1})).await.unwrap()["timezone"], "Europe/Berlin");
    }

    async fn what_is_wrong_with_a_blackout_is_named_with_its_place(face: Face) {
        let wrong = async |blackout: Value| {
            let calendar = json!({"name": "closed", "blackouts": [weekends(), blackout]});
            face.call("CreateCalendar", json!({ "calendar": calendar })).await
        };
        for (blackout, field) in [
            (json!({"from": "2026-12-24", "to": "2026-12-24"}), "blackouts[1].to"),
            (json!({"from": "2026-12-24T18:00+01:00", "to": "2026-12-27"}), "blackouts[1].from"),
            (json!({"from": "2026-12-24"}), "blackouts[1].to"),
            (json!({"cronExpression": "0 25 * * *", "duration": "60s"}), "blackouts[1].cronExpression"),
            (json!({"cronExpression": "@daily", "duration": "59s"}), "blackouts[1].duration"),
            (json!({}), "blackouts[1]"),
        ] {
            assert_eq!(wrong(blackout.clone()).await, invalid(field), "{blackout}");
        }
        assert_eq!(face.call("CreateCalendar", json!({"calendar": {}})).await, invalid("name"));
        let zone = json!({"calendar": {"name": "c", "timezone": "Mars/Olympus"}});
        assert_eq!(face.call("CreateCalendar", zone).await, invalid("timezone"));
    }

    async fn calendars_are_listed_in_pages(face: Face) {
        for name in ["a", "b", "c"] {
            create(&face, json!({ "name": name })).await;
        }
        let names = |page: &Value| -> Vec<Value> {
            page["calendars"].as_array().unwrap().iter().map(|calendar| calendar["name"].clone()).collect()
        };
        let first = face.call("ListCalendars", json!({"pageSize": 2})).await.unwrap();
        assert_eq!(names(&first), ["a", "b"]);
        let next = json!({"pageSize": 2, "pageToken": first["nextPageToken"]});
        let last = face.call("ListCalendars", next).await.unwrap();
        assert_eq!((names(&last), &last["nextPageToken"]), (vec![json!("c")], &json!("")));
        assert_eq!(face.call("ListCalendars", json!({"pageSize": -1})).await, invalid("pageSize"));
    }

    async fn a_config_names_calendars_which_are_then_in_use(face: Face) {
        create(&face, json!({"name": "closed", "blackouts": [weekends()]})).await;
        let unknown = json!({"cronConfig": {"name": "j", "calendars": ["closed", "open"]}});
        assert_eq!(face.call("CreateCronConfig", unknown).await, invalid("calendars[1]"));
        let config = create_config(&face, json!({"name": "j", "calendars": ["closed"]})).await;
        assert_eq!(config["calendars"], json!(["closed"]));
        let kept = update_config(&face, json!({"id": 1, "cronConfig": {"enabled": true}})).await.unwrap();
        assert_eq!(kept["calendars"], json!(["closed"]));
        let unknown = json!({"id": 1, "cronConfig": {"calendars": ["open"]}});
        assert_eq!(update_config(&face, unknown).await, invalid("calendars[0]"));
        assert_eq!(face.call("DeleteCalendar", json!({"id": 1})).await, refused("FAILED_PRECONDITION", &[]));
        let renamed = json!({"id": 1, "calendar": {"name": "shut"}});
        assert_eq!(update(&face, renamed).await, refused("FAILED_PRECONDITION", &[]));
        let none = json!({"id": 1, "cronConfig": {}, "updateMask": "calendars"});
        assert_eq!(update_config(&face, none).await.unwrap()["calendars"], json!([]));
        assert_eq!(face.call("DeleteCalendar", json!({"id": 1, "etag": "\"9\""})).await, refused("ABORTED", &[]));
        assert_eq!(face.call("DeleteCalendar", json!({"id": 1})).await.unwrap()["name"], "closed");
        assert_eq!(face.call("GetCalendar", json!({"id": 1})).await, refused("NOT_FOUND", &[]));
    }

    async fn a_preview_shows_no_tick_of_a_blackout(face: Face) {
        create(&face, json!({"name": "closed", "blackouts": [weekends()]})).await;
        let preview = async |calendars: Value| {
            let config = json!({"name": "j", "cronExpression": "30 2 * * *", "calendars": calendars});
            let answer = face.call("ValidateCronConfig", json!({"cronConfig": config, "count": 7})).await;
            answer.map(|answer| answer["next"].as_array().unwrap().clone())
        };
        let day = |at: &Value| at.as_str().unwrap().parse::<jiff::Timestamp>().unwrap().strftime("%u").to_string();
        let days = async |calendars| preview(calendars).await.unwrap().iter().filter(|at| day(at).as_str() >= "6").count();
        assert_eq!((days(json!([])).await, days(json!(["closed"])).await), (2, 0));
        assert_eq!(preview(json!(["open"])).await.unwrap_err().1, ["calendars[0]"]);
    }

    async fn changes_of_calendars_are_in_the_audit(face: Face) {
        create(&face, json!({"name": "closed"})).await;
        update(&face, json!({"id": 1, "calendar": {"blackouts": [weekends()]}})).await.unwrap();
        let records = face.call("ListAuditRecords", json!({})).await.unwrap()["auditRecords"].take();
        assert_eq!((&records[0]["action"], &records[0]["resource"]), (&json!("update_calendar"), &json!("calendar/closed")));
        assert_eq!(records[0]["difference"]["blackouts"], json!({"old": [], "new": [weekends()]}));
        assert_eq!(records[1]["action"], "create_calendar");
    }
}

#[tokio::test]
async fn over_http_a_calendar_has_its_etag_in_the_header() {
    let server = Server::start().await;
    let answer = server.post("/v1/calendar", r#"{"name":"closed"}"#).await;
    assert_eq!((answer.status, answer.header("etag")), (200, "\"1\""));
    let stale = server.send("DELETE", "/v1/calendar/1", &["If-Match: \"7\""], "").await;
    assert_eq!(stale.status, 409);
    let unknown = server.post("/v1/calendar", r#"{"name":"c","blackouts":[{"until":"2026-12-24"}]}"#).await;
    assert!(unknown.status == 400 && unknown.body.contains("blackouts[0].until"), "{}", unknown.body);
    assert_eq!(server.send("DELETE", "/v1/calendar/1", &["If-Match: \"1\""], "").await.status, 200);
}
