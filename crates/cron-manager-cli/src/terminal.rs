//! Messages on standard error, for whoever is watching.

use std::{
    env,
    fmt::Display,
    io::{self, IsTerminal, Write},
};

/// Says something. That nobody hears it, because the terminal is gone or the pipe is closed, stops nothing.
pub(crate) fn say(text: impl Display) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Whether messages may have colours: only on a terminal, and not under `NO_COLOR` (no-color.org).
pub(crate) fn has_colours() -> bool {
    io::stderr().is_terminal() && env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
