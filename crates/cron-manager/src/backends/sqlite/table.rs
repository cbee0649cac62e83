//! How rows travel: as JSON objects, one per row, whatever their number, with serde between them and Rust.

use serde::{Serialize, de::DeserializeOwned};
use sqlx::{Sqlite, SqliteExecutor, query::QueryScalar, sqlite::SqliteArguments};

use super::error::{damaged, from_sqlx};
use crate::Result;

/// A query for one column of text.
pub(super) type Query<'q> = QueryScalar<'q, Sqlite, String, SqliteArguments>;

/// The expression by which a row is read: a JSON object of its columns.
pub(super) fn object(columns: &[&str]) -> String {
    let fields: Vec<_> = columns.iter().map(|column| format!("'{column}', {column}")).collect();
    format!("json_object({})", fields.join(", "))
}

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
        "INSERT INTO {table} ({names}) SELECT {} FROM json_each(?1) WHERE true ON CONFLICT (id) DO UPDATE SET {}",
        values.join(", "),
        changes.join(", ")
    )
}

/// Rows of JSON as values.
pub(super) async fn rows<T: DeserializeOwned>(on: impl SqliteExecutor<'_>, query: Query<'_>) -> Result<Vec<T>> {
    let texts = query.fetch_all(on).await.map_err(from_sqlx)?;
    texts.iter().map(|text| serde_json::from_str(text).map_err(damaged)).collect()
}

/// The first of the rows.
pub(super) async fn row<T: DeserializeOwned>(on: impl SqliteExecutor<'_>, query: Query<'_>) -> Result<Option<T>> {
    Ok(rows(on, query).await?.into_iter().next())
}

/// Values as the JSON text that a statement takes.
pub(super) fn json(values: &(impl Serialize + ?Sized)) -> Result<String> {
    serde_json::to_string(values).map_err(damaged)
}
