//! Every column of every table, and every byte of every file.

use std::{fs, path::Path};

use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};

use super::canary::Place;
use crate::support::block_on;

/// The files of a folder, byte by byte.
pub(super) fn files(folder: &Path) -> Vec<Place> {
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).filter(|path| path.is_file());
    files.map(|path| (format!("the file {}", path.display()), fs::read(&path).unwrap())).collect()
}

/// The columns of an SQLite file.
pub(super) fn sqlite(file: &Path) -> Vec<Place> {
    block_on(async {
        let mut database = SqliteConnection::connect(&format!("sqlite:{}", file.display())).await.unwrap();
        let columns: Vec<(String, String)> = sqlx::query_as(
            "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'",
        )
        .fetch_all(&mut database)
        .await
        .unwrap();
        let mut places = Vec::new();
        for (table, column) in columns {
            let sql = format!("SELECT CAST(\"{column}\" AS BLOB) FROM \"{table}\" WHERE \"{column}\" IS NOT NULL");
            let values: Vec<Vec<u8>> = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(&mut database).await.unwrap();
            places.push((format!("{table}.{column}"), values.join(&b'\n')));
        }
        assert!(places.iter().any(|(place, bytes)| place == "cron_configs.job" && !bytes.is_empty()));
        places
    })
}

/// The columns of a PostgreSQL; bytes are texts in hex.
pub(super) fn postgres(url: &str) -> Vec<Place> {
    block_on(async {
        let mut database = PgConnection::connect(url).await.unwrap();
        let columns: Vec<(String, String)> = sqlx::query_as(
            "SELECT format('%I.%I', table_schema, table_name), format('%I', column_name) FROM information_schema.columns \
             JOIN information_schema.tables USING (table_schema, table_name) \
             WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')",
        )
        .fetch_all(&mut database)
        .await
        .unwrap();
        let mut places = Vec::new();
        for (table, column) in columns {
            let sql = format!("SELECT coalesce(string_agg({column}::text, E'\\n'), '') FROM {table}");
            let values: String = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut database).await.unwrap();
            places.push((format!("{table}.{column}"), values.into_bytes()));
        }
        assert!(places.iter().any(|(place, bytes)| place.ends_with(".cron_configs.job") && !bytes.is_empty()));
        places
    })
}
