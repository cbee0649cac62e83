//! Entries: when, and which command.

use std::ops::Range;

use cron_manager::{
    Schedule,
    domain::schedule::{CronExpression, DstGap, Zone},
};

use super::{CrontabFormat, problem::Fault, users::Users, users::is_command};

/// What an entry line says.
#[derive(Debug, PartialEq)]
pub(super) struct Entry<'a> {
    /// `None` is `@reboot`: once at each start of the program.
    pub(super) schedule: Option<Schedule>,
    /// All that comes after, `%` and all.
    pub(super) command: &'a str,
}

/// How the entries of a crontab are read.
pub(super) struct Manner<'a> {
    pub(super) format: CrontabFormat,
    pub(super) users: &'a Users,
    pub(super) zone: &'a Zone,
    /// Where commands are searched for.
    pub(super) path: &'a str,
}

impl Manner<'_> {
    /// Reads an entry, which begins with something other than a blank.
    pub(super) fn read<'a>(&self, line: &'a str) -> Result<Entry<'a>, Fault> {
        let fields = if line.starts_with('@') { 1 } else { 5 };
        let mut words = words(line);
        let Some(end) = words.by_ref().take(fields).map(|word| word.end).nth(fields - 1) else {
            return Err(too_short(line));
        };
        let schedule = self.schedule(line, 0..end)?;
        let Some(first) = words.next() else {
            return Err(Fault::new(line.len()..line.len(), "a command belongs after the time"));
        };
        let start = match words.next() {
            Some(second) => self.command_start(line, first, second)?,
            None if self.format == CrontabFormat::System => {
                return Err(Fault::new(line.len()..line.len(), "a command belongs after the user"));
            }
            None => first.start,
        };
        Ok(Entry { schedule, command: line[start..].trim_end() })
    }

    fn schedule(&self, line: &str, range: Range<usize>) -> Result<Option<Schedule>, Fault> {
        let text = &line[range.clone()];
        if text.eq_ignore_ascii_case("@reboot") {
            return Ok(None);
        }
        let fault = |error| Fault::of_expression(&error, range.clone());
        let expression = CronExpression::parse(text).map_err(fault)?;
        if !expression.can_match() {
            return Err(Fault::new(range, "no date ever matches these fields"));
        }
        Ok(Some(Schedule::from_parts(expression, self.zone.clone(), DstGap::default())))
    }

    /// Where the command begins: after a user column, if the format has one.
    fn command_start(&self, line: &str, first: Range<usize>, second: Range<usize>) -> Result<usize, Fault> {
        let word = &line[first.clone()];
        let me = &self.users.name;
        match self.format {
            CrontabFormat::User => Ok(first.start),
            CrontabFormat::System if word == me => Ok(second.start),
            CrontabFormat::System if self.users.knows(word) => Err(Fault::new(
                first,
                format!(
                    "this is for the user `{word}`; this program runs as `{me}` and takes on no other user, so start one as `{word}`"
                ),
            )),
            CrontabFormat::System => Err(Fault::new(first, format!("there is no user `{word}`"))),
            CrontabFormat::Detect if self.users.knows(word) && !is_command(word, self.path) => Err(Fault::new(
                first,
                format!(
                    "this line has a user column (`{word}`), as files in /etc/cron.d and /etc/crontab have; \
                     take the column out, or use --crontab-format system (or user, if `{word}` is a command)"
                ),
            )),
            CrontabFormat::Detect => Ok(first.start),
        }
    }
}

/// The places of the words.
fn words(line: &str) -> impl Iterator<Item = Range<usize>> {
    let start_of = |word: &str| word.as_ptr() as usize - line.as_ptr() as usize;
    line.split_ascii_whitespace().map(move |word| start_of(word)..start_of(word) + word.len())
}

fn too_short(line: &str) -> Fault {
    Fault::new(
        0..line.trim_end().len(),
        "a line is five time fields and a command, @daily or the like and a command, NAME=value, or a comment with #",
    )
}
