//! What comes back.

use cron_manager::ListedConnection;
use serde_json::json;

use crate::support::{Login, run};

#[tokio::test]
async fn rows_come_back_as_json_with_their_types() {
    let login = Login::new().await;
    let sql = "SELECT 1 AS a, true AS b, 'x\"y' AS c, NULL AS d, 1.5::float8 AS e, 12345678901234567890.5 AS f, \
               '{\"z\": 1, \"a\": 2}'::json AS g, 'NaN'::float8 AS h, timestamptz '2025-06-01 12:00:00+00' AT TIME ZONE 'UTC' AS i, \
               ARRAY[1,2] AS j UNION ALL SELECT 2, false, '', NULL, -1, 0, '[]', 0, NULL, NULL";
    let value = login.run(sql).await.unwrap();
    assert_eq!(value["rowCount"], 2);
    assert_eq!(
        value["rows"][0].to_string(),
        r#"{"a":1,"b":true,"c":"x\"y","d":null,"e":1.5,"f":"12345678901234567890.5","g":{"z":1,"a":2},"h":"NaN","i":"2025-06-01 12:00:00","j":"{1,2}"}"#
    );
    assert_eq!(value["rows"][1]["b"], false);
}

#[tokio::test]
async fn a_statement_without_rows_tells_how_many_it_touched_and_is_kept() {
    let login = Login::new().await;
    let value = login.run("INSERT INTO notes VALUES ('a'), ('b')").await.unwrap();
    assert_eq!(value, json!({"rows": [], "rowCount": 2}));
    assert_eq!(login.notes().await.as_deref(), Some("a,b"));
    let value =
        login.run("WITH gone AS (DELETE FROM notes RETURNING note) SELECT note FROM gone ORDER BY note -- all").await;
    assert_eq!(value.unwrap(), json!({"rows": [{"note": "a"}, {"note": "b"}], "rowCount": 2}));
    assert_eq!(login.notes().await, None);
}

#[tokio::test]
async fn rows_over_the_cap_are_counted_and_not_kept() {
    let login = Login::new().await;
    let capped = ListedConnection { row_cap: 3, ..login.connection() };
    let value = run(capped, "SELECT generate_series(1, 100000) AS n").await.unwrap();
    assert_eq!(value, json!({"rows": [{"n": 1}, {"n": 2}, {"n": 3}], "rowCount": 100_000, "truncated": true}));
    let value = login.run("SELECT repeat('x', 100000) AS x FROM generate_series(1, 50)").await.unwrap();
    assert_eq!((value["rowCount"].clone(), value["truncated"].clone()), (json!(50), json!(true)));
    assert!(value.to_string().len() < cron_manager::Outcome::RESULT_LIMIT);
}

#[tokio::test]
async fn an_error_tells_its_code_and_no_literal_of_the_statement() {
    let login = Login::new().await;
    let error = login.run("INSERT INTO nowhere VALUES (1)").await.unwrap_err();
    assert!(error.contains("nowhere") && error.contains("SQLSTATE 42P01"), "{error}");
    for sql in ["SELECT 'hush'::int", "SELECT 1 'hush' 2", "SELECT hush hush hush"] {
        let error = login.run(sql).await.unwrap_err();
        assert!(error.contains("SQLSTATE") && !error.contains("hush"), "{error}");
    }
    let nobody = ListedConnection::from("postgres://u:hush@127.0.0.1:1/d");
    let error = run(nobody, "SELECT 1").await.unwrap_err();
    assert!(error.starts_with("cannot connect") && !error.contains("hush"), "{error}");
}
