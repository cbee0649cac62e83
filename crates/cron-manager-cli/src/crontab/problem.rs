//! What is wrong with a line, where, and the mend.

use std::{fmt, ops::Range};

use cron_manager::domain::schedule::ScheduleError;

/// A line that cannot be taken as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// Counted from 1.
    pub(crate) line: usize,
    /// What is wrong and the mend.
    pub(crate) message: String,
    place: Option<Place>,
}

/// A part of a line, in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    text: String,
    range: Range<usize>,
}

/// A fault in a text whose line is not known there.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) range: Range<usize>,
    pub(super) message: String,
}

impl Fault {
    pub(super) fn new(range: Range<usize>, message: impl Into<String>) -> Self {
        Self { range, message: message.into() }
    }

    /// The fault of a cron expression that begins at `start`; one without a place is about the whole of it.
    pub(super) fn of_expression(error: &ScheduleError, expression: Range<usize>) -> Self {
        let start = expression.start;
        let range = error.position().map_or(expression, |part| start + part.start..start + part.end);
        Self::new(range, error.message())
    }

    pub(super) fn on(self, line: usize, text: &str) -> Problem {
        Problem { line, message: self.message, place: Some(Place { text: text.to_owned(), range: self.range }) }
    }
}

impl Problem {
    /// A problem of a line as a whole.
    pub(super) fn new(line: usize, message: impl Into<String>) -> Self {
        Self { line, message: message.into(), place: None }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)?;
        self.place.as_ref().map_or(Ok(()), |place| place.fmt(f))
    }
}

impl fmt::Display for Place {
    /// The line, and carets below the part; what lies far behind the part is left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const BEHIND: usize = 60;
        let width = |range: Range<usize>| self.text.get(range).map_or(0, |part| part.chars().count());
        let (before, part) = (width(0..self.range.start), width(self.range.clone()).max(1));
        let mut shown: String = self.text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let last = before + part + BEHIND;
        if let Some((cut, _)) = shown.char_indices().nth(last) {
            shown.truncate(cut);
            shown.push('…');
        }
        write!(f, "\n  {}\n  {}{}", shown.trim_end(), " ".repeat(before), "^".repeat(part))
    }
}
