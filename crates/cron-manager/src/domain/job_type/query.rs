//! Jobs that run a statement.

use serde::{Deserialize, Serialize};

/// A statement on a database, which is named as the operator of the server has listed it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueryJob {
    /// 1 to 128 of `[A-Za-z0-9_.:-]`.
    pub connection: String,
    /// The statement.
    pub sql: Sealed,
}

/// An encrypted text: the id of its key, a colon, and what only the holder of the key can read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sealed(pub String);

impl QueryJob {
    /// What the sealed text is bound to, so that it is of no use in another place: the job's name and its connection.
    pub fn place(name: &str, connection: &str) -> String {
        // Neither can hold a line break.
        format!("query\n{name}\n{connection}")
    }
}

/// How a statement may begin. Nothing here ends a transaction, changes what the session may, or reaches the server's files.
const BEGINNINGS: [&str; 14] = [
    "SELECT", "WITH", "VALUES", "TABLE", "INSERT", "UPDATE", "DELETE", "MERGE", "CALL", "DO", "REFRESH", "TRUNCATE",
    "ANALYZE", "EXPLAIN",
];

/// Whether a job may run it.
///
/// Errors: a text that says why not.
pub(super) fn check_beginning(sql: &str) -> Result<(), String> {
    let mut rest = sql;
    while let Some(inner) = skip_space(rest).strip_prefix('(') {
        rest = inner;
    }
    let rest = skip_space(rest);
    let word: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    if BEGINNINGS.contains(&&*word.to_ascii_uppercase()) {
        return Ok(());
    }
    Err(format!("the statement of a job begins with one of {}", BEGINNINGS.join(", ")))
}

/// What follows white space and comments (PostgreSQL's documentation, section 4.1.5: those between slashes nest).
fn skip_space(mut rest: &str) -> &str {
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\n', '\r', '\u{b}', '\u{c}']);
        if let Some(comment) = rest.strip_prefix("--") {
            rest = comment.find(['\n', '\r']).map_or("", |end| &comment[end..]);
        } else if let Some(comment) = rest.strip_prefix("/*") {
            rest = after_comment(comment);
        } else {
            return rest;
        }
    }
}

fn after_comment(mut rest: &str) -> &str {
    let mut depth = 1;
    while depth > 0 {
        let (open, close) = (rest.find("/*"), rest.find("*/"));
        let at = match (open, close) {
            (Some(open), Some(close)) if open < close => open,
            (_, Some(close)) => close,
            (_, None) => return "",
        };
        depth = if Some(at) == open { depth + 1 } else { depth - 1 };
        rest = &rest[at + 2..];
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_begins_with_what_a_job_may_do() {
        for sql in [
            "SELECT 1",
            " \n select 1",
            "(SELECT 1) UNION (SELECT 2)",
            "-- a\nWITH a AS (SELECT 1) SELECT 1",
            "/* a /* nested */ COMMIT */ DELETE FROM a",
            "do $$ begin end $$",
        ] {
            assert!(check_beginning(sql).is_ok(), "{sql}");
        }
        for sql in [
            "COMMIT",
            "commit;",
            "ROLLBACK",
            "END",
            "ABORT",
            "BEGIN",
            "SAVEPOINT a",
            "SET ROLE postgres",
            "RESET ROLE",
            "RESET SESSION AUTHORIZATION",
            "COPY a TO PROGRAM 'id'",
            "PREPARE TRANSACTION 'a'",
            "LISTEN a",
            "LOAD 'a'",
            "-- SELECT\nCOMMIT",
            "/* SELECT */ COMMIT",
            "/* /* */ SELECT",
            ";SELECT 1",
            "\u{a0}SELECT 1",
            "SELECTED",
            "SELECT_",
            "",
        ] {
            assert!(check_beginning(sql).is_err(), "{sql}");
        }
    }
}
