//! What is wrong with a schedule, where, and the mend.

use std::fmt;
use std::ops::Range;

/// Why a schedule was refused.
///
/// The message says what is wrong and, where there is one, the mend. For a cron expression
/// [`position`](ScheduleError::position) gives the place and [`pointer`](ScheduleError::pointer) draws it.
///
/// ```
/// use cron_manager::domain::schedule::CronExpression;
///
/// let error = CronExpression::parse("0 25 * * *").unwrap_err();
/// assert_eq!(error.field(), "cronExpression");
/// assert_eq!(error.message(), "hour 25 is out of range 0–23");
/// assert_eq!(error.position(), Some(2..4));
/// assert_eq!(error.pointer().unwrap(), "0 25 * * *\n  ^^");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduleError {
    field: &'static str,
    message: String,
    place: Option<Place>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    expression: String,
    range: Range<usize>,
}

impl ScheduleError {
    /// An error that concerns a field as a whole.
    pub(super) fn new(field: &'static str, message: impl Into<String>) -> ScheduleError {
        ScheduleError { field, message: message.into(), place: None }
    }

    /// An error at a place (bytes) in a cron expression.
    pub(super) fn at(expression: &str, range: Range<usize>, message: String) -> ScheduleError {
        let place = Some(Place { expression: expression.to_owned(), range });
        ScheduleError { field: "cronExpression", message, place }
    }

    /// The field at fault, as it is called on the wire:
    /// `cronExpression`, `timezone`, `every` or `dstGap`.
    pub fn field(&self) -> &'static str {
        self.field
    }

    /// The offending part of the cron expression, as a range of bytes in the text that was given.
    pub fn position(&self) -> Option<Range<usize>> {
        self.place.as_ref().map(|place| place.range.clone())
    }

    /// What is wrong, without the field's name.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Two lines: the expression, and carets below the offending part.
    ///
    /// Control characters are shown as spaces, so that the lines stay two.
    pub fn pointer(&self) -> Option<String> {
        let Place { expression, range } = self.place.as_ref()?;
        let shown: String = expression.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let width = |bytes: Range<usize>| expression.get(bytes).map_or(0, |text| text.chars().count());
        let indent = " ".repeat(width(0..range.start));
        let carets = "^".repeat(width(range.clone()).max(1));
        Some(format!("{shown}\n{indent}{carets}"))
    }
}

impl fmt::Display for ScheduleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.message)
    }
}

impl std::error::Error for ScheduleError {}
