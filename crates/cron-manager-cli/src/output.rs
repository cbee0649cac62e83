//! Answers on standard output: a list, in one of four forms.

use std::io::{self, ErrorKind, Write};

use serde_json::Value;

use crate::failure::Failure;

/// The form of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// Columns for people
    #[default]
    Table,
    /// One JSON array
    Json,
    /// One JSON value per line
    Jsonl,
    /// One YAML list
    Yaml,
}

/// Prints a list of texts, or of flat objects with the same keys.
pub(crate) fn print(format: Format, rows: &[Value]) -> Result<(), Failure> {
    print_text(&render(format, rows))
}

/// Prints a text. A reader that wants no more, such as `head`, is no failure.
pub(crate) fn print_text(text: &str) -> Result<(), Failure> {
    let mut to = io::stdout().lock();
    match to.write_all(text.as_bytes()).and_then(|()| to.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::Failed(format!("cannot write the answer: {error}")))
        }
        _ => Ok(()),
    }
}

fn render(format: Format, rows: &[Value]) -> String {
    match format {
        Format::Table => table(rows),
        Format::Json => format!("{:#}\n", Value::from(rows)),
        Format::Jsonl => rows.iter().map(|row| format!("{row}\n")).collect(),
        Format::Yaml if rows.is_empty() => "[]\n".to_owned(),
        Format::Yaml => rows.iter().map(yaml).collect(),
    }
}

/// An item of a YAML list. Texts are in double quotes, where YAML 1.2 reads all that JSON can say.
fn yaml(row: &Value) -> String {
    let lines: Vec<String> = match row {
        Value::Object(fields) => fields.iter().map(|(key, value)| format!("{key}: {value}")).collect(),
        value => vec![value.to_string()],
    };
    format!("- {}\n", lines.join("\n  "))
}

fn table(rows: &[Value]) -> String {
    let keys: Vec<&String> = rows.first().and_then(Value::as_object).into_iter().flat_map(|row| row.keys()).collect();
    let header = (!keys.is_empty()).then(|| keys.iter().map(|key| key.to_uppercase()).collect());
    let cells = rows.iter().map(|row| match row {
        Value::Object(fields) => fields.values().map(cell).collect(),
        value => vec![cell(value)],
    });
    let lines: Vec<Vec<String>> = header.into_iter().chain(cells).collect();
    let width = |column: usize| lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..).map_while(width).collect();
    let line = |cells: &Vec<String>| {
        let cells: Vec<String> = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        format!("{}\n", cells.join("  ").trim_end())
    };
    lines.iter().map(line).collect()
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_list_has_four_forms() {
        let rows = [json!({"name": "a", "ticks": 12}), json!({"name": "long \"b\"", "ticks": 3})];
        assert_eq!(render(Format::Table, &rows), "NAME      TICKS\na         12\nlong \"b\"  3\n");
        assert_eq!(
            render(Format::Jsonl, &rows),
            "{\"name\":\"a\",\"ticks\":12}\n{\"name\":\"long \\\"b\\\"\",\"ticks\":3}\n"
        );
        assert_eq!(render(Format::Yaml, &rows), "- name: \"a\"\n  ticks: 12\n- name: \"long \\\"b\\\"\"\n  ticks: 3\n");
        assert_eq!(serde_json::from_str::<Value>(&render(Format::Json, &rows)).unwrap(), Value::from(&rows[..]));
    }

    #[test]
    fn a_list_of_texts_has_no_header() {
        let rows = [json!("a"), json!("b")];
        assert_eq!(render(Format::Table, &rows), "a\nb\n");
        assert_eq!(render(Format::Yaml, &rows), "- \"a\"\n- \"b\"\n");
    }

    #[test]
    fn what_is_not_there_is_a_dash_in_a_table() {
        assert_eq!(render(Format::Table, &[json!({"took": null})]), "TOOK\n-\n");
        assert_eq!(render(Format::Yaml, &[json!({"took": null})]), "- took: null\n");
    }

    #[test]
    fn an_empty_list_is_an_empty_list() {
        assert_eq!(
            [Format::Table, Format::Json, Format::Jsonl, Format::Yaml].map(|format| render(format, &[])),
            ["", "[]\n", "", "[]\n"]
        );
    }
}
