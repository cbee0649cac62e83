//! What a settings file lists for jobs to name.

use std::collections::BTreeMap;

use toml::de::DeValue;

use crate::{Error, JobName, ListedCommand, Result};

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
