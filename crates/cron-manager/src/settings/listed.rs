//! What a settings file lists for jobs to name.

use std::{collections::BTreeMap, time::Duration};

use toml::de::DeValue;

use crate::{Error, JobName, ListedCommand, ListedConnection, Result};

/// The table of commands.
pub(super) const COMMANDS: &str = "commands";

/// The commands of a table such as
///
/// ```toml
/// [commands.backup]
/// argv = ["/usr/local/bin/backup", "--all"]
/// ```
pub(super) fn commands(table: &DeValue<'_>) -> Result<BTreeMap<String, ListedCommand>> {
    let mut commands = BTreeMap::new();
    for (name, value) in entries(table).map_err(wrong)? {
        let named = |why: &str| wrong(format!("{name}: {why}"));
        JobName::new(&name).map_err(|error| named(error.message()))?;
        let command = command(value).map_err(|why| named(&why))?;
        command.check().map_err(|error| named(error.message()))?;
        commands.insert(name, command);
    }
    Ok(commands)
}

/// The table of databases.
pub(super) const CONNECTIONS: &str = "connections";

/// The databases of a table such as
///
/// ```toml
/// [connections.reports]
/// url = "postgres://USER:PASSWORD@HOST/DATABASE"
/// statement_timeout = "30s"
/// ```
pub(super) fn connections(table: &DeValue<'_>) -> Result<BTreeMap<String, ListedConnection>> {
    let wrong = |why: String| Error::invalid(CONNECTIONS, why);
    let mut connections = BTreeMap::new();
    for (name, value) in entries(table).map_err(wrong)? {
        let named = |why: &str| wrong(format!("{name}: {why}"));
        JobName::new(&name).map_err(|error| named(error.message()))?;
        let connection = connection(value).map_err(|why| named(&why))?;
        connection.check().map_err(|error| named(error.message()))?;
        connections.insert(name, connection);
    }
    Ok(connections)
}

fn connection(table: &DeValue<'_>) -> Result<ListedConnection, String> {
    let mut connection = ListedConnection::from("");
    for (key, value) in entries(table)? {
        let named = |why: String| format!("{key}: {why}");
        match key.as_str() {
            "url" => connection.url = text(value).map_err(named)?,
            "role" => connection.role = Some(text(value).map_err(named)?),
            "statement_timeout" => connection.statement_timeout = seconds(value).map_err(named)?,
            "row_cap" => connection.row_cap = count(value).map_err(named)?,
            "exactly_once" => connection.exactly_once = boolean(value).map_err(named)?,
            _ => {
                let known = "url, role, statement_timeout, row_cap, exactly_once";
                return Err(format!("there is no `{key}` here; there are {known}"));
            }
        }
    }
    Ok(connection)
}

/// Seconds with an `s`, as everywhere.
fn seconds(value: &DeValue<'_>) -> Result<Duration, String> {
    let text = text(value)?;
    let seconds = text.strip_suffix('s').and_then(|seconds| seconds.parse().ok());
    let length = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    length.ok_or_else(|| format!("{text:?} is not a duration; write seconds with an s, such as \"60s\""))
}

fn count(value: &DeValue<'_>) -> Result<usize, String> {
    match value {
        DeValue::Integer(number) => usize::from_str_radix(number.as_str(), number.radix())
            .map_err(|_| "write a whole number of 0 or more".to_owned()),
        other => Err(format!("write a whole number, without quotes; this is of the type {}", other.type_str())),
    }
}

fn boolean(value: &DeValue<'_>) -> Result<bool, String> {
    match value {
        DeValue::Boolean(value) => Ok(*value),
        other => Err(format!("write true or false, without quotes; this is of the type {}", other.type_str())),
    }
}

fn wrong(why: String) -> Error {
    Error::invalid(COMMANDS, why)
}

fn command(table: &DeValue<'_>) -> Result<ListedCommand, String> {
    let mut command = ListedCommand::new([""; 0]);
    for (key, value) in entries(table)? {
        let named = |why: String| format!("{key}: {why}");
        match key.as_str() {
            "argv" => command.argv = texts(value).map_err(named)?,
            "env" => {
                let env = entries(value).map_err(named)?;
                let env = env.into_iter().map(|(name, value)| Ok((name, text(value)?)));
                command.env = env.collect::<Result<_, String>>().map_err(named)?;
            }
            "directory" => command.directory = text(value).map_err(named)?.into(),
            "path" => command.path = text(value).map_err(named)?,
            _ => return Err(format!("there is no `{key}` here; there are argv, env, directory, path")),
        }
    }
    Ok(command)
}

fn entries<'a, 'b>(table: &'a DeValue<'b>) -> Result<Vec<(String, &'a DeValue<'b>)>, String> {
    match table {
        DeValue::Table(table) => {
            Ok(table.iter().map(|(key, value)| (key.get_ref().to_string(), value.get_ref())).collect())
        }
        other => Err(format!("write a table; this is of the type {}", other.type_str())),
    }
}

fn texts(value: &DeValue<'_>) -> Result<Vec<String>, String> {
    match value {
        DeValue::Array(values) => values.iter().map(|value| text(value.get_ref())).collect(),
        other => Err(format!("write a list of texts, one for each argument; this is of the type {}", other.type_str())),
    }
}

fn text(value: &DeValue<'_>) -> Result<String, String> {
    match value {
        DeValue::String(text) => Ok(text.to_string()),
        other => Err(format!("write a text in quotes; this is of the type {}", other.type_str())),
    }
}
