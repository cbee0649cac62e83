//! Answers on standard output: a list, in one of four forms.

use std::{
    io::{self, ErrorKind, Write},
    ops::ControlFlow,
};

use serde_json::{Map, Value};

use crate::{
    failure::Failure,
    terminal::{harmless, harmless_line, width},
};

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

/// Prints a list of objects; of each, a table has the fields of `columns`.
pub(crate) fn print_columns(format: Format, rows: &[Value], columns: &[&str]) -> Result<(), Failure> {
    if format != Format::Table {
        return print(format, rows);
    }
    let cells = |row: &Value| columns.iter().map(|key| ((*key).to_owned(), row[*key].clone())).collect::<Map<_, _>>();
    print(format, &rows.iter().map(|row| cells(row).into()).collect::<Vec<_>>())
}

/// Prints one object: in a table, each field has a line.
pub(crate) fn print_object(format: Format, object: &Value) -> Result<(), Failure> {
    let fields = object.as_object().into_iter().flatten();
    print_text(&match format {
        Format::Table => {
            let lines = fields.map(|(key, value)| vec![key.clone(), cell(value)]).collect();
            columns(lines, width())
        }
        Format::Json => harmless(&format!("{object:#}\n")),
        Format::Jsonl => harmless(&format!("{object}\n")),
        Format::Yaml => harmless(&fields.map(|(key, value)| format!("{key}: {value}\n")).collect::<String>()),
    })
}

/// Prints a text. A reader that wants no more, such as `head`, is no failure.
pub(crate) fn print_text(text: &str) -> Result<(), Failure> {
    print_part(text).map(|_| ())
}

/// Prints a part of an answer, after which more may come: it need not when nobody reads on.
pub(crate) fn print_part(text: &str) -> Result<ControlFlow<()>, Failure> {
    let mut to = io::stdout().lock();
    match to.write_all(text.as_bytes()).and_then(|()| to.flush()) {
        Ok(()) => Ok(ControlFlow::Continue(())),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(ControlFlow::Break(())),
        Err(error) => Err(Failure::Failed(format!("cannot write the answer: {error}"))),
    }
}

/// A list in that form. JSON has control characters within texts only, where an escape says the same.
pub(crate) fn render(format: Format, rows: &[Value]) -> String {
    match format {
        Format::Table => table(rows),
        Format::Json => harmless(&format!("{:#}\n", Value::from(rows))),
        Format::Jsonl => harmless(&rows.iter().map(|row| format!("{row}\n")).collect::<String>()),
        Format::Yaml if rows.is_empty() => "[]\n".to_owned(),
        Format::Yaml => harmless(&rows.iter().map(yaml).collect::<String>()),
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
    let header = (!keys.is_empty()).then(|| keys.iter().map(|key| heading(key)).collect());
    let cells = rows.iter().map(|row| match row {
        Value::Object(fields) => fields.values().map(cell).collect(),
        value => vec![cell(value)],
    });
    columns(header.into_iter().chain(cells).collect(), width())
}

/// `dueAt` as `DUE AT`.
fn heading(key: &str) -> String {
    key.chars().flat_map(|c| c.is_uppercase().then_some(' ').into_iter().chain(c.to_uppercase())).collect()
}

/// Lines whose cells stand below each other, none longer than `fit`: the longest cells are cut.
fn columns(mut lines: Vec<Vec<String>>, fit: Option<usize>) -> String {
    const GAP: usize = 2;
    const LEAST: usize = 4;
    let width = |lines: &[Vec<String>], column: usize| {
        lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max()
    };
    let mut widths: Vec<usize> = (0..).map_while(|column| width(&lines, column)).collect();
    let most = fit.map(|fit| fit.saturating_sub(GAP * widths.len().saturating_sub(1))).unwrap_or(usize::MAX);
    while widths.iter().sum::<usize>() > most
        && let Some(longest) = widths.iter_mut().max().filter(|longest| **longest > LEAST)
    {
        *longest -= 1;
    }
    for line in &mut lines {
        line.iter_mut().zip(&widths).for_each(|(cell, width)| cut(cell, *width));
    }
    let line = |cells: &Vec<String>| {
        let cells: Vec<String> = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        format!("{}\n", cells.join("  ").trim_end())
    };
    lines.iter().map(line).collect()
}

fn cut(cell: &mut String, width: usize) {
    if cell.chars().count() > width {
        *cell = cell.chars().take(width.saturating_sub(1)).chain(['…']).collect();
    }
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => harmless_line(text),
        value => harmless_line(&value.to_string()),
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
    fn a_table_fits_the_terminal() {
        let lines = || vec![vec!["id".to_owned(), "a long name".to_owned(), "x".repeat(30)]];
        assert_eq!(columns(lines(), Some(30)), "id  a long name  xxxxxxxxxxxx…\n");
        assert!(columns(lines(), None).ends_with("xx\n"));
        assert_eq!(columns(lines(), Some(1)), "id  a l…  xxx…\n", "something is left of each cell");
    }

    #[test]
    fn a_text_of_somebody_elses_is_harmless_in_every_form() {
        let rows = [json!({"name": "\x1b[2J\u{9b}1m\n"})];
        for format in [Format::Table, Format::Json, Format::Jsonl, Format::Yaml] {
            let text = render(format, &rows);
            assert!(!text.contains(['\x1b', '\u{9b}']), "{format:?}: {text:?}");
        }
        let json: Value = serde_json::from_str(&render(Format::Jsonl, &rows)).unwrap();
        assert_eq!(json, rows[0], "and says the same");
    }

    #[test]
    fn an_empty_list_is_an_empty_list() {
        assert_eq!(
            [Format::Table, Format::Json, Format::Jsonl, Format::Yaml].map(|format| render(format, &[])),
            ["", "[]\n", "", "[]\n"]
        );
    }
}
