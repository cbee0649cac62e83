//! Messages on standard error, for whoever is watching; and what may reach a terminal at all.

use std::{
    env,
    fmt::Display,
    io::{self, IsTerminal, Write},
};

use rustix::termios::tcgetwinsize;

/// Says something. That nobody hears it, because the terminal is gone or the pipe is closed, stops nothing.
pub(crate) fn say(text: impl Display) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Whether messages may have colours: only on a terminal, and not under `NO_COLOR` (no-color.org).
pub(crate) fn has_colours() -> bool {
    io::stderr().is_terminal() && env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// How many columns a line of standard output has; `None`: it is no terminal.
pub(crate) fn width() -> Option<usize> {
    let size = io::stdout().is_terminal().then(|| tcgetwinsize(io::stdout()).ok()).flatten()?;
    Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
}

/// A text of somebody else's, with escapes such as `\u001b` in the place of what could move the cursor, change colours, or turn the direction of
/// reading. Line breaks and tabs stay.
pub(crate) fn harmless(text: &str) -> String {
    escaped(text, |c| matches!(c, '\n' | '\t'))
}

/// The same in one line.
pub(crate) fn harmless_line(text: &str) -> String {
    escaped(text, |_| false)
}

fn escaped(text: &str, stays: impl Fn(char) -> bool) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut shown, c| {
        match c {
            '\n' if !stays(c) => shown.push_str("\\n"),
            '\t' if !stays(c) => shown.push_str("\\t"),
            // Those of Unicode that turn the direction of reading hide what a text says.
            _ if !stays(c) && (c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')) => {
                shown.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => shown.push(c),
        }
        shown
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_obeys_is_left() {
        assert_eq!(harmless("\x1b[31mü\u{9b}2J\r\u{202e}\x7f\n\t."), "\\u001b[31mü\\u009b2J\\u000d\\u202e\\u007f\n\t.");
        assert_eq!(harmless_line("a\nb\tc"), "a\\nb\\tc");
    }
}
