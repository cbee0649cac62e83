//! Jobs that run a statement.

use serde::{Deserialize, Serialize};

use super::{
    QueryFields, Sealed,
    change::listed,
    secret::{Seal, Secret, Unsealed, UnsealedText},
};
use crate::{Error, JobName, Result};

const SQL: &str = "query.sql";

/// A statement on a database, which is named as the operator of the server has listed it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueryJob {
    /// 1 to 128 of `[A-Za-z0-9_.:-]`.
    pub connection: String,
    /// The statement.
    pub sql: Sealed,
}

impl QueryJob {
    /// What the sealed text is bound to, so that it is of no use in another place: the job's name and its connection.
    pub fn place(name: &str, connection: &str) -> String {
        // Neither can hold a line break.
        format!("query\n{name}\n{connection}")
    }

    /// What of it is secret.
    pub(super) fn secret(&self, name: &JobName) -> Secret {
        Secret { place: Self::place(name.as_str(), &self.connection), sealed: self.sql.clone() }
    }

    /// `old`, which was of a job of that name, with these fields in place of its own, for the job `name`.
    pub(super) fn changed(
        fields: &QueryFields,
        old: Option<(&JobName, Self)>,
        name: &JobName,
        seal: Seal<'_>,
    ) -> Result<Self> {
        let connection = match (&fields.connection, &old) {
            (Some(connection), _) => listed("query.connection", connection)?,
            (None, Some((_, job))) => job.connection.clone(),
            (None, None) => {
                return Err(Error::invalid("query.connection", "a query job needs the name of a connection"));
            }
        };
        let text = match (&fields.sql, &old) {
            (Some(sql), _) => {
                check_sql(sql)?;
                UnsealedText::Given(sql.clone())
            }
            (None, Some((old_name, job))) => UnsealedText::Kept(job.secret(old_name)),
            (None, None) => return Err(Error::invalid(SQL, "a query job needs a statement")),
        };
        let place = Self::place(name.as_str(), &connection);
        let sql = seal(Unsealed { place, text, field: SQL, what: "the statement".into() })?;
        Ok(Self { connection, sql })
    }
}

fn check_sql(sql: &str) -> Result<()> {
    const LONGEST: usize = 64 * 1024;
    let wrong = |why: String| Err(Error::invalid(SQL, why));
    match sql {
        _ if sql.trim().is_empty() => wrong("the statement is empty".into()),
        _ if sql.len() > LONGEST => wrong(format!("the statement has {} bytes; at most {LONGEST} fit", sql.len())),
        _ if sql.contains('\0') => wrong("the statement has a NUL in it".into()),
        _ => check_beginning(sql).or_else(wrong),
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
fn check_beginning(sql: &str) -> Result<(), String> {
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
