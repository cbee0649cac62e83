//! Settings: `NAME = value`.

use super::problem::Fault;

/// The name and the value of a setting; `None` when the line is none.
///
/// As crontab(5) has it: blanks around `=` do not count, name and value may stand in quotes, nothing is substituted,
/// and an empty value needs quotes.
pub(super) fn read(line: &str) -> Option<Result<(&str, &str), Fault>> {
    let (name, after) = name(line)?;
    let value = after.trim_start().strip_prefix('=')?.trim_start();
    let start = line.len() - value.len();
    if name.is_empty() {
        return Some(Err(Fault::new(0..line.len() - after.len() + 1, "a name belongs before `=`")));
    }
    Some(unquoted(value, start).map(|value| (name, value)))
}

/// The name and what comes after it.
fn name(line: &str) -> Option<(&str, &str)> {
    match line.chars().next()? {
        quote @ ('"' | '\'') => line[1..].split_once(quote),
        _ => line.find(|c: char| c.is_whitespace() || c == '=').map(|end| line.split_at(end)),
    }
}

fn unquoted(value: &str, start: usize) -> Result<&str, Fault> {
    let Some(quote) = value.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
        return match value.trim_end() {
            "" => Err(Fault::new(start..start, "for an empty value write \"\"")),
            value => Ok(value),
        };
    };
    match value[1..].split_once(quote) {
        Some((inner, rest)) if rest.trim().is_empty() => Ok(inner),
        Some((inner, _)) => {
            let end = start + inner.len() + 2;
            Err(Fault::new(
                end..start + value.len(),
                "nothing may come after the closing quote; quote the value as a whole",
            ))
        }
        None => Err(Fault::new(start..start + 1, format!("the closing {quote} is missing"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value<'a>(line: &'a str, name: &str) -> &'a str {
        let (found, value) = read(line).unwrap().unwrap();
        assert_eq!(found, name);
        value
    }

    #[test]
    fn a_setting_is_read_as_crontab_5_says() {
        for (line, expected) in [
            ("A=b", "b"),
            ("A = b", "b"),
            ("A\t=\tb", "b"),
            ("A=b c  ", "b c"),
            ("A=b # no comment", "b # no comment"),
            ("A=\" b \"", " b "),
            ("A=' b '  ", " b "),
            ("A=\"\"", ""),
            ("A=\"it's\"", "it's"),
            ("A=$HOME/bin:$PATH", "$HOME/bin:$PATH"),
            ("A=b=c", "b=c"),
            ("'A'=b", "b"),
            ("\"A\" = b", "b"),
        ] {
            assert_eq!(value(line, "A"), expected, "{line}");
        }
        assert_eq!(value("MAILTO=root@example.org", "MAILTO"), "root@example.org");
    }

    #[test]
    fn a_line_with_time_fields_is_no_setting() {
        for line in ["* * * * * A=b c", "@daily A=b c", "0 5 * * 1 x == y", "", "word", "'unclosed"] {
            assert!(read(line).is_none(), "{line}");
        }
    }

    #[test]
    fn a_wrong_setting_shows_its_place() {
        for (line, place) in
            [("A=", 2..2), ("A =  ", 5..5), ("A=\"b", 2..3), ("A='b' c", 5..7), ("=b", 0..1), ("\"\"=b", 0..3)]
        {
            assert_eq!(read(line).unwrap().unwrap_err().range, place, "{line}");
        }
    }
}
