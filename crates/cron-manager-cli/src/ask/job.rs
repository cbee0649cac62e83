//! What the runs of a config do, by flags.

use std::collections::BTreeSet;

use clap::Args;
use serde_json::{Map, Value};

use super::fields::text;
use crate::failure::Failure;

const HEADER: &str = "--header";

/// What its runs do, if not call a handler of the service's code. Each type has flags of its own; those of two types do not go together.
#[derive(Args)]
#[command(next_help_heading = "What its runs do")]
pub(super) struct JobArguments {
    /// inline, http, command or query; the flags below tell it, so that only inline has to be said
    #[arg(long, value_name = "TYPE")]
    job_type: Option<String>,
    /// http: the URL to call
    #[arg(long, value_name = "URL", conflicts_with_all = ["command", "connection", "sql"])]
    url: Option<String>,
    /// http: POST, PUT, PATCH, GET or DELETE [default of a new job: POST]
    #[arg(long, value_name = "METHOD", conflicts_with_all = ["command", "connection", "sql"])]
    method: Option<String>,
    /// http: a header, repeatable; all of them, in the place of those that are there. Others on this machine can read a command line (ps):
    /// secret ones are better kept in @FILE, one a line, or come by standard input (-)
    #[arg(long = "header", value_name = "NAME: VALUE|@FILE|-", conflicts_with_all = ["command", "connection", "sql"])]
    headers: Vec<String>,
    /// command: its name in the server's own list
    #[arg(long, value_name = "NAME", conflicts_with_all = ["connection", "sql"])]
    command: Option<String>,
    /// query: the database, by its name in the server's own list
    #[arg(long, value_name = "NAME")]
    connection: Option<String>,
    /// query: the statement, @FILE that holds it, or - for standard input
    #[arg(long, value_name = "TEXT|@FILE|-", allow_hyphen_values = true)]
    sql: Option<String>,
}

impl JobArguments {
    /// How many of them are to be read from standard input.
    pub(super) fn of_stdin(&self) -> usize {
        self.headers.iter().chain(&self.sql).filter(|given| *given == "-").count()
    }

    /// Puts what is given into the fields of a config, in the place of what they say.
    pub(super) fn add_to(&self, config: &mut Map<String, Value>) -> Result<(), Failure> {
        let sql = self.sql.as_deref().map(|given| text("--sql", given)).transpose()?;
        let given = [
            ("http", "url", self.url.as_deref().map(Value::from)),
            ("http", "method", self.method.as_deref().map(Value::from)),
            ("http", "headers", headers(&self.headers)?),
            ("command", "name", self.command.as_deref().map(Value::from)),
            ("query", "connection", self.connection.as_deref().map(Value::from)),
            ("query", "sql", sql.map(Value::from)),
        ];
        for (kind, field, value) in given.into_iter().filter_map(|(kind, field, value)| Some((kind, field, value?))) {
            let job = config.entry(kind).or_insert_with(|| Map::new().into());
            let wrong = || Failure::Usage(format!("--file: {kind} is an object"));
            job.as_object_mut().ok_or_else(wrong)?.insert(field.into(), value);
        }
        config.extend(self.job_type.as_deref().map(|kind| ("jobType".to_owned(), Value::from(kind))));
        Ok(())
    }
}

/// The headers that are given. What is wrong with one is said without its text, which may be secret.
fn headers(given: &[String]) -> Result<Option<Value>, Failure> {
    let mut headers = Map::new();
    let mut names = BTreeSet::new();
    for given in given {
        for line in text(HEADER, given)?.lines().filter(|line| !line.trim().is_empty()) {
            let wrong = || Failure::Usage(format!("{HEADER}: write 'NAME: VALUE', @FILE with one a line, or -"));
            let (name, value) = line.split_once(':').ok_or_else(wrong)?;
            let (name, value) = (name.trim(), value.trim());
            if !names.insert(name.to_ascii_lowercase()) {
                return Err(Failure::Usage(format!("{HEADER}: {name} is given twice")));
            }
            headers.insert(name.to_owned(), value.into());
        }
    }
    Ok((!given.is_empty()).then(|| headers.into()))
}
