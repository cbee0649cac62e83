//! Calendars, and the configs that name them.

use std::fs;

use serde_json::json;

use crate::asking::Asked;

#[test]
fn a_calendar_is_created_read_changed_and_deleted_by_name_and_by_id() {
    let asked = Asked::serve("");
    let weekends = json!([{"cronExpression": "0 0 * * SAT", "duration": "172800s"}]);
    let text = json!({ "blackouts": weekends }).to_string();
    let create = ["calendar", "create", "closed", "--timezone", "Europe/Berlin", "--file", "-", "-o", "json"];
    let (code, _, errors) = asked.fed(&create, &text);
    assert_eq!(code, 0, "{errors}");
    let shown = asked.json(&["calendar", "get", "closed"]);
    assert_eq!((&shown["timezone"], &shown["blackouts"]), (&json!("Europe/Berlin"), &weekends));
    assert_eq!(asked.json(&["calendar", "get", "1"]), shown);
    assert_eq!(asked.json(&["calendar", "list"])[0]["name"], "closed");
    let (code, _, errors) =
        asked.fed(&["calendar", "create", "c", "--file", "-"], r#"{"blackouts": [{"from": "now"}]}"#);
    assert!(code == 2 && errors.contains("blackouts[0].to"), "{code} {errors}");
    let file = asked.folder.path("calendar.json");
    let edited = json!({"blackouts": [], "etag": shown["etag"], "id": 1});
    fs::write(&file, edited.to_string()).unwrap();
    let update = ["calendar", "update", "closed", "--file", file.to_str().unwrap()];
    assert_eq!(asked.json(&update)["blackouts"], json!([]));
    let (code, _, errors) = asked.run(&update);
    assert!(code == 1 && errors.contains("read it again"), "{errors}");
    let (code, _, errors) = asked.run(&["calendar", "update", "closed"]);
    assert!(code == 2 && errors.contains("nothing to change"), "{errors}");
    let (code, _, errors) = asked.fed(&["config", "create", "j", "--file", "-"], r#"{"calendars": ["closed"]}"#);
    assert_eq!(code, 0, "{errors}");
    let (code, _, errors) = asked.run(&["calendar", "delete", "closed", "--yes"]);
    assert!(code == 1 && errors.contains("in use by j"), "{errors}");
    asked.json(&["config", "delete", "j", "--yes"]);
    assert_eq!(asked.json(&["calendar", "delete", "closed", "--yes"])["name"], "closed");
    let (code, _, errors) = asked.run(&["calendar", "get", "closed"]);
    assert!(code == 1 && errors.contains("closed was not found"), "{errors}");
}

#[test]
fn a_config_is_given_calendars_and_none_by_a_flag_and_by_a_file() {
    let asked = Asked::serve("");
    for name in ["closed", "nights"] {
        asked.json(&["calendar", "create", name]);
    }
    let named = |arguments: &[&str]| asked.json(&[&["config"], arguments].concat())["calendars"].clone();
    assert_eq!(named(&["create", "j", "--calendars", "closed, nights"]), json!(["closed", "nights"]));
    assert_eq!(named(&["update", "j", "--timeout", "5s"]), json!(["closed", "nights"]));
    assert_eq!(named(&["update", "j", "--calendars", "nights"]), json!(["nights"]));
    assert_eq!(named(&["update", "j", "--calendars", ""]), json!([]));
    let file = asked.folder.path("config.json");
    for names in [json!(["closed"]), json!([])] {
        fs::write(&file, json!({ "calendars": names }).to_string()).unwrap();
        assert_eq!(named(&["update", "j", "--file", file.to_str().unwrap()]), names);
    }
    let (code, _, errors) = asked.run(&["config", "update", "j", "--calendars", "closed,never"]);
    assert!(code == 2 && errors.contains("calendars[1]"), "{code} {errors}");
}
