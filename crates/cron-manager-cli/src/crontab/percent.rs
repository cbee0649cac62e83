//! `%` in a command.

/// The command and its standard input: the first `%` ends the command, what follows is input with each further `%` as a line
/// break, and `\%` is a percent sign.
pub(super) fn split(text: &str) -> (String, Option<String>) {
    let mut command = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '%' => return (command, input(&text[at + 1..])),
            // The backslash stays before all else, and in `\\%` it is the backslash that is escaped.
            '\\' => match chars.next() {
                Some((_, '%')) => command.push('%'),
                next => command.extend([Some('\\'), next.map(|(_, c)| c)].into_iter().flatten()),
            },
            _ => command.push(c),
        }
    }
    (command, None)
}

/// Ends with a line break, as cron sees to it.
fn input(text: &str) -> Option<String> {
    // No line holds a NUL: such are refused before.
    let mut lines = text.replace("\\%", "\0").replace('%', "\n").replace('\0', "%");
    if !lines.is_empty() && !lines.ends_with('\n') {
        lines.push('\n');
    }
    Some(lines).filter(|lines| !lines.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_signs_are_read_as_crontab_5_says() {
        for (text, command, input) in [
            ("true", "true", None),
            ("cat%hello", "cat", Some("hello\n")),
            ("cat%a%b%", "cat", Some("a\nb\n")),
            ("cat%%", "cat", Some("\n")),
            ("cat%", "cat", None),
            (r"date +\%H:\%M", "date +%H:%M", None),
            (r"cat%100\%%done", "cat", Some("100%\ndone\n")),
            (r"printf 'a\nb\\'", r"printf 'a\nb\\'", None),
            (r"echo \\%in", r"echo \\", Some("in\n")),
            (r"echo \", r"echo \", None),
        ] {
            assert_eq!(split(text), (command.to_owned(), input.map(str::to_owned)), "{text}");
        }
    }
}
