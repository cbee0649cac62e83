//! Directives: comments directly above a line that say more than cron can. To cron they are comments.

use std::time::Duration;

use cron_manager::{JobName, Schedule};
use jiff::SignedDuration;

use super::problem::Fault;

/// What the comments above a line say.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Directives {
    /// `# name: NAME`, and the line it stands on.
    pub(super) name: Option<(usize, JobName)>,
    /// `# every: 5s`, in place of the five fields.
    pub(super) every: Option<Schedule>,
    /// `# timeout: 10m`.
    pub(super) timeout: Option<Duration>,
}

impl Directives {
    /// Takes in a comment, which begins with `#`; one that is no directive changes nothing.
    pub(super) fn read(&mut self, line: usize, comment: &str) -> Result<(), Fault> {
        let text = comment.trim_start_matches('#');
        let Some((word, value)) = text.split_once(':') else { return Ok(()) };
        let value = value.trim();
        let start = value.as_ptr() as usize - comment.as_ptr() as usize;
        let fault = |message: String| Fault::new(start..start + value.len(), message);
        match word.trim() {
            "name" => {
                let name = JobName::new(value).map_err(|error| fault(error.message().to_owned()))?;
                self.name = Some((line, name));
            }
            "every" => {
                let every = Schedule::every(duration(value).map_err(fault)?);
                self.every = Some(every.map_err(|error| fault(error.message().to_owned()))?);
            }
            "timeout" => self.timeout = Some(duration(value).map_err(fault)?),
            _ => {}
        }
        Ok(())
    }
}

/// A length of time such as `90s`, `10m` or `1h 30m`; at least a millisecond, at most 366 days.
fn duration(text: &str) -> Result<Duration, String> {
    const LONGEST: Duration = Duration::from_secs(366 * 86_400);
    let parsed: Option<SignedDuration> = text.parse().ok();
    let duration = parsed.and_then(|parsed| Duration::try_from(parsed).ok());
    match duration {
        Some(length) if length > LONGEST => Err("at most 366 days".to_owned()),
        Some(length) if length.as_millis() > 0 => Ok(length),
        _ => Err(format!("`{text}` is no length of time; write one such as 90s, 10m or 1h 30m")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(comments: &[&str]) -> Result<Directives, Fault> {
        let mut directives = Directives::default();
        comments.iter().try_for_each(|comment| directives.read(7, comment)).map(|()| directives)
    }

    #[test]
    fn directives_are_comments_with_a_word_and_a_colon() {
        let directives = read(&["# name: a.b", "#every:5s", "##  timeout : 1h 30m  "]).unwrap();
        assert_eq!(directives.name, Some((7, "a.b".parse().unwrap())));
        assert_eq!(directives.every, Some(Schedule::every(Duration::from_secs(5)).unwrap()));
        assert_eq!(directives.timeout, Some(Duration::from_secs(5_400)));
    }

    #[test]
    fn other_comments_say_nothing() {
        let comments = ["#", "# Name: X Y", "# m h dom mon dow command", "# see: https://example.org", "# a name: b"];
        assert_eq!(read(&comments).unwrap(), Directives::default());
    }

    #[test]
    fn a_wrong_directive_shows_its_place() {
        for comment in
            ["# name: two words", "# name:", "# every: 0s", "# every: 1.5s", "# timeout: soon", "# timeout: 9000h"]
        {
            let start = comment.find(':').unwrap() + 2;
            let fault = read(&[comment]).unwrap_err();
            assert_eq!(fault.range, start.min(comment.len())..comment.len(), "{comment}");
        }
    }
}
