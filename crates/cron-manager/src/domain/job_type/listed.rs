//! What the operator of a server lists for jobs to name.

use std::{collections::BTreeMap, fmt, path::PathBuf, time::Duration};

use serde_json::Value;

use crate::{Context, Error, Result};

/// A command that the operator of the server has listed: jobs can name it, and never write it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedCommand {
    /// The program and its arguments. One that is `{context.KEY}` as a whole stands for that text of the job's context.
    pub argv: Vec<String>,
    /// The environment, beside `PATH` and what tells of the run (`CRON_MANAGER_…`). Nothing is inherited.
    pub env: BTreeMap<String, String>,
    /// Where it runs; `/` by default.
    pub directory: PathBuf,
    /// Where programs are looked for; `/usr/bin:/bin` by default.
    pub path: String,
}

const FIELD: &str = "commands";

impl ListedCommand {
    /// A program and its arguments, and for the rest the defaults.
    pub fn new(argv: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            argv: argv.into_iter().map(Into::into).collect(),
            env: BTreeMap::new(),
            directory: PathBuf::from("/"),
            path: "/usr/bin:/bin".into(),
        }
    }

    /// Whether it can be run.
    ///
    /// Errors: invalid argument (`commands`), which says what is wrong.
    pub fn check(&self) -> Result<()> {
        let wrong = |why: String| Err(Error::invalid(FIELD, why));
        let texts = self.argv.iter().chain(self.env.values()).chain([&self.path]);
        let Some(program) = self.argv.first().filter(|program| !program.is_empty()) else {
            return wrong(
                "argv is empty; write the program and its arguments, such as [\"/usr/bin/backup\", \"--all\"]".into(),
            );
        };
        if program.contains('{') || (program.contains('/') && !program.starts_with('/')) {
            return wrong(format!("argv: {program:?} is no program; write a name or an absolute path"));
        }
        if let Some(part) = self.argv.iter().find(|part| part.contains("{context.") && key(part).is_none()) {
            return wrong(format!(
                "argv: {part:?}: a placeholder is an argument of its own, such as \"{{context.shop}}\""
            ));
        }
        if let Some(text) = texts.into_iter().find(|text| text.contains('\0')) {
            return wrong(format!("{text:?} has a NUL in it"));
        }
        let is_name = |name: &str| !name.is_empty() && !name.contains(['=', '\0']);
        let is_ours = |name: &str| name == "PATH" || name.starts_with("CRON_MANAGER_");
        if let Some(name) = self.env.keys().find(|name| !is_name(name) || is_ours(name)) {
            return wrong(format!(
                "env: {name:?} is no variable to set here; PATH is set by `path`, CRON_MANAGER_… by the run"
            ));
        }
        if !self.directory.is_absolute() {
            return wrong(format!("directory: {:?} is no absolute path", self.directory));
        }
        Ok(())
    }

    /// The program and its arguments, with what the context gives.
    ///
    /// Errors: a text that names the key.
    pub fn arguments(&self, context: &Context) -> Result<Vec<String>, String> {
        let context = context.to_value();
        let mut options_ended = false;
        let mut arguments = Vec::with_capacity(self.argv.len());
        for part in &self.argv {
            arguments.push(match key(part) {
                Some(key) => given(key, &context[key], options_ended)?,
                None => part.clone(),
            });
            options_ended |= part == "--";
        }
        Ok(arguments)
    }
}

/// The key of a placeholder.
fn key(part: &str) -> Option<&str> {
    let key = part.strip_prefix("{context.")?.strip_suffix('}')?;
    (!key.is_empty() && !key.contains(['{', '}'])).then_some(key)
}

/// A text of the context as an argument. Without a shell nothing in it means anything, but for a dash at its beginning.
fn given(key: &str, value: &Value, options_ended: bool) -> Result<String, String> {
    let wrong = |why: &str| Err(format!("context.{key}: {why}"));
    match value {
        Value::Null => wrong("the command takes it as an argument, and the context does not have it"),
        Value::String(text) if text.contains('\0') => wrong("has a NUL in it, which no argument can hold"),
        Value::String(text) if text.starts_with('-') && !options_ended => {
            wrong("begins with a dash, so the command would take it for an option")
        }
        Value::String(text) => Ok(text.clone()),
        _ => wrong("the command takes it as an argument, so it must be a text"),
    }
}

/// A PostgreSQL that the operator of the server has listed: jobs can name it.
#[derive(Clone, PartialEq, Eq)]
pub struct ListedConnection {
    /// `postgres://USER:PASSWORD@HOST/DATABASE`. The login must not have more rights than the statements of jobs may.
    pub url: String,
    /// The role to run as; the login itself by default. A statement can give it up for the login, so it protects from mistakes alone.
    pub role: Option<String>,
    /// How long a statement may take; 60 s by default.
    pub statement_timeout: Duration,
    /// How many rows a run keeps; 1,000 by default.
    pub row_cap: usize,
    /// Whether to run nothing where a statement and the end of its run cannot be one transaction: anywhere but on the store's own database.
    /// There, they are one in any case.
    pub exactly_once: bool,
}

/// Without the URL, which may hold a password.
impl fmt::Debug for ListedConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ListedConnection")
            .field("role", &self.role)
            .field("statement_timeout", &self.statement_timeout)
            .field("row_cap", &self.row_cap)
            .field("exactly_once", &self.exactly_once)
            .finish_non_exhaustive()
    }
}

impl<T: Into<String>> From<T> for ListedConnection {
    /// The database at a URL.
    fn from(url: T) -> Self {
        Self {
            url: url.into(),
            role: None,
            statement_timeout: Duration::from_secs(60),
            row_cap: 1_000,
            exactly_once: false,
        }
    }
}

impl ListedConnection {
    /// Whether it can be used.
    ///
    /// Errors: invalid argument (`connections`), which says what is wrong, without the URL.
    pub fn check(&self) -> Result<()> {
        const LONGEST: Duration = Duration::from_secs(86_400);
        let wrong = |why: &str| Err(Error::invalid("connections", why));
        if !self.url.starts_with("postgres://") && !self.url.starts_with("postgresql://") {
            wrong("url: write postgres://USER:PASSWORD@HOST/DATABASE")
        } else if self.role.as_ref().is_some_and(|role| role.is_empty() || role.contains('\0')) {
            wrong("role: is no name of a role; leave it out to run as the login")
        } else if self.statement_timeout < Duration::from_millis(1) || self.statement_timeout > LONGEST {
            wrong("statement_timeout: from 1 ms to 24 h, such as \"60s\"")
        } else if self.row_cap > 10_000 {
            wrong("row_cap: at most 10000")
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn arguments(argv: &[&str], context: &Value) -> Result<Vec<String>, String> {
        let command = ListedCommand::new(argv.iter().copied());
        command.check().unwrap();
        command.arguments(&Context::new(context).unwrap())
    }

    #[test]
    fn the_context_gives_nothing_but_what_the_command_names() {
        let context = json!({"shop": "7; id", "other": "$(id)"});
        assert_eq!(arguments(&["a", "b"], &context).unwrap(), ["a", "b"]);
        assert_eq!(arguments(&["a", "{context.shop}"], &context).unwrap(), ["a", "7; id"]);
    }

    #[test]
    fn what_could_not_be_an_argument_is_refused_with_its_key() {
        let given = |shop: Value| arguments(&["a", "{context.shop}"], &json!({ "shop": shop }));
        for shop in
            [json!(null), json!(7), json!(true), json!(["a"]), json!({}), json!("a\0b"), json!("-rf"), json!("--a=b")]
        {
            let error = given(shop.clone()).unwrap_err();
            assert!(error.starts_with("context.shop: "), "{shop}: {error}");
        }
        assert_eq!(arguments(&["a", "--", "{context.shop}"], &json!({"shop": "-rf"})).unwrap()[2], "-rf");
        for shop in ["", " ", "; id", "$(id)", "`id`", "a\nb", "'", "\"", "*", "{context.other}"] {
            assert_eq!(given(json!(shop)).unwrap()[1], shop);
        }
    }

    #[test]
    fn a_command_that_cannot_be_run_as_written_is_refused() {
        for argv in [&[][..], &[""], &["./a"], &["a/b"], &["{context.shop}"], &["a", "--shop={context.shop}"], &["a\0"]]
        {
            assert_eq!(ListedCommand::new(argv.iter().copied()).check().unwrap_err().field(), Some(FIELD), "{argv:?}");
        }
        let good = ListedCommand::new(["/bin/a"]);
        let env = |name: &str| ListedCommand { env: [(name.into(), "b".into())].into(), ..good.clone() };
        assert!(env("A").check().is_ok());
        for name in ["", "A=B", "PATH", "CRON_MANAGER_FENCE"] {
            assert!(env(name).check().is_err(), "{name}");
        }
        assert!(ListedCommand { directory: "here".into(), ..good }.check().is_err());
    }
}
