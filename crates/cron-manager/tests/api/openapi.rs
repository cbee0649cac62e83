use std::{env, fs, path::Path};

use serde_json::Value;

use crate::client::Server;

/// The description that stands in the repository.
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");

#[tokio::test]
async fn the_description_in_the_repository_is_the_one_that_is_served() {
    let served = format!("{:#}\n", Server::start().await.get("/openapi.json").await.json());
    if env::var_os("UPDATE_OPENAPI").is_some() {
        fs::write(FILE, &served).unwrap();
    }
    let kept = fs::read_to_string(Path::new(FILE)).unwrap_or_default();
    assert!(kept == served, "docs/openapi.json is old: run this test with UPDATE_OPENAPI=1");
}

#[tokio::test]
async fn every_reference_in_the_description_has_its_schema() {
    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                found.extend(fields.get("$ref").and_then(Value::as_str).map(ToOwned::to_owned));
                fields.values().for_each(|value| references(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }
    let description = Server::start().await.get("/openapi.json").await.json();
    assert_eq!(description["openapi"], "3.1.0");
    let mut found = Vec::new();
    references(&description, &mut found);
    assert!(found.len() > 20);
    for reference in found {
        let place = reference.strip_prefix('#').unwrap();
        assert!(description.pointer(place).is_some_and(Value::is_object), "{reference}");
    }
}
