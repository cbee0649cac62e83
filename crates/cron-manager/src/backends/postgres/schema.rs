//! The schema that everything lies in.

use std::{collections::HashMap, sync::Arc};

use parking_lot::RwLock;
use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

use crate::{Error, Result};

/// A schema by its name, and the statements that name it, each built once.
pub(super) struct Schema {
    name: String,
    statements: RwLock<HashMap<&'static str, SqlStr>>,
}

impl Schema {
    /// Errors: invalid argument (`schema`) unless the name is one that needs no quotes.
    pub(super) fn new(name: &str) -> Result<Self> {
        /// PostgreSQL cuts longer names off.
        const LONGEST: usize = 63;
        let begins = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
        let goes_on = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if !begins || !goes_on || name.len() > LONGEST {
            let message =
                format!("{name:?} is no name for a schema; use up to {LONGEST} of a-z, 0-9 and _, no digit first");
            return Err(Error::invalid("schema", message));
        }
        Ok(Self { name: name.into(), statements: RwLock::default() })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The statement of a template, in which `@` stands before each name in the schema.
    pub(super) fn sql(&self, template: &'static str) -> SqlStr {
        if let Some(sql) = self.statements.read().get(template) {
            return sql.clone();
        }
        let sql = AssertSqlSafe(Arc::<str>::from(template.replace('@', &format!("\"{}\".", self.name)))).into_sql_str();
        self.statements.write().entry(template).or_insert(sql).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_would_need_quotes_is_refused() {
        for name in ["cron_manager", "_", "a1", &"x".repeat(63)] {
            assert!(Schema::new(name).is_ok(), "{name}");
        }
        for name in ["", "1a", "Cron", "a-b", "a\"b", "a;b", "ü", &"x".repeat(64)] {
            assert_eq!(Schema::new(name).err().unwrap().field(), Some("schema"), "{name}");
        }
    }

    #[test]
    fn a_statement_is_built_once() {
        let schema = Schema::new("s").unwrap();
        assert_eq!(schema.sql("SELECT @f() FROM @t").as_str(), "SELECT \"s\".f() FROM \"s\".t");
        let (first, again) = (schema.sql("SELECT @f()"), schema.sql("SELECT @f()"));
        assert!(std::ptr::eq(first.as_str(), again.as_str()));
    }
}
