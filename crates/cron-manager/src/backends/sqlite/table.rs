//! How rows travel: as JSON objects, one per row, whatever their number, with serde between them and Rust.

use serde::{Serialize, de::DeserializeOwned};
use sqlx::{Sqlite, SqliteExecutor, query::QueryScalar, sqlite::SqliteArguments};

use super::error::{damaged, from_sqlx};
use crate::Result;

/// A query for one column of text.
pub(super) type Query<'q> = QueryScalar<'q, Sqlite, String, SqliteArguments>;

/// Reads rows of a table: the query of those that meet a condition, as JSON objects in SQLite's binary form.
pub(super) fn select(table: &str, columns: &[&str], condition: &str) -> String {
    let fields: Vec<_> = columns.iter().map(|column| format!("'{column}', {column}")).collect();
    format!("SELECT jsonb_object({}) AS value FROM {table} WHERE {condition}", fields.join(", "))
}

/// The statement that gives the rows of such a query as one JSON array: each row that SQLite hands over for itself wakes
/// the waiting task once more.
pub(super) fn array(query: &str) -> String {
    format!("SELECT json_group_array(value) FROM ({query})")
}

/// The statement that gives the rows of such a query one by one, when there may be very many.
pub(super) fn each(query: &str) -> String {
    format!("SELECT json(value) FROM ({query})")
}

/// Begins a statement that takes an array of JSON values (`?1`) as the rows of `given`. They are kept in binary form, since
/// each look into text would begin with reading all of it.
pub(super) const GIVEN: &str = "WITH given AS MATERIALIZED (SELECT jsonb(value) AS value FROM json_each(?1))";

/// The statement that writes an array of JSON objects (`?1`): new ids as new rows, known ones over their rows, in the
/// array's order. `fixed` columns keep their first value.
pub(super) fn upsert(table: &str, columns: &[&str], fixed: &[&str]) -> String {
    let names = columns.join(", ");
    let values: Vec<_> = columns.iter().map(|column| format!("value ->> '{column}'")).collect();
    let changes: Vec<_> = columns
        .iter()
        .filter(|column| !fixed.contains(column))
        .map(|column| format!("{column} = excluded.{column}"))
        .collect();
    format!(
        "{GIVEN} INSERT INTO {table} ({names}) SELECT {} FROM given WHERE true ON CONFLICT (id) DO UPDATE SET {}",
        values.join(", "),
        changes.join(", ")
    )
}

/// The values in the one array of JSON that a query gives.
pub(super) async fn rows<T: DeserializeOwned>(on: impl SqliteExecutor<'_>, query: Query<'_>) -> Result<Vec<T>> {
    let text = query.fetch_one(on).await.map_err(from_sqlx)?;
    serde_json::from_str(&text).map_err(damaged)
}

/// The first of the values.
pub(super) async fn row<T: DeserializeOwned>(on: impl SqliteExecutor<'_>, query: Query<'_>) -> Result<Option<T>> {
    Ok(rows(on, query).await?.into_iter().next())
}

/// Values as the JSON text that a statement takes.
pub(super) fn json(values: &(impl Serialize + ?Sized)) -> Result<String> {
    serde_json::to_string(values).map_err(damaged)
}
