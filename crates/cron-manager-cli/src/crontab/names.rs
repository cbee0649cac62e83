//! What the jobs of a crontab are called.

use std::collections::HashMap;

use cron_manager::JobName;

use super::problem::Problem;

/// The longest name that is made from a command, before its number.
const LONGEST: usize = 64;

/// A job that may name itself and has a command to be named after.
pub(super) struct Nameless<'a> {
    pub(super) line: usize,
    /// The name a directive gives, and the directive's line.
    pub(super) given: Option<(usize, &'a JobName)>,
    pub(super) command: &'a str,
}

/// A name for each job, and a problem for each given name that another job has already: that job is named after its command.
pub(super) fn assign(jobs: &[Nameless<'_>]) -> (Vec<String>, Vec<Problem>) {
    let mut names = Names::default();
    let mut problems = Vec::new();
    // All given names go first, so that a line above cannot take one from a line below.
    let given: Vec<Option<String>> = jobs
        .iter()
        .map(|job| {
            let (line, name) = job.given?;
            let taken = names.take(name.as_str(), job.line);
            taken.map_err(|owner| problems.push(already(line, name, owner))).ok()
        })
        .collect();
    let named = jobs.iter().zip(given).map(|(job, given)| given.unwrap_or_else(|| names.after(job.command, job.line)));
    (named.collect(), problems)
}

fn already(line: usize, name: &JobName, owner: usize) -> Problem {
    Problem::new(line, format!("the job of line {owner} is called `{name}` already; give this one another name"))
}

/// The names that are taken, by which line.
#[derive(Default)]
struct Names {
    owners: HashMap<String, usize>,
    /// How often each slug was asked for.
    counts: HashMap<String, usize>,
}

impl Names {
    /// Takes a name, or tells whose it is.
    fn take(&mut self, name: &str, line: usize) -> Result<String, usize> {
        match self.owners.get(name) {
            Some(owner) => Err(*owner),
            None => {
                self.owners.insert(name.to_owned(), line);
                Ok(name.to_owned())
            }
        }
    }

    /// Takes the first free name of `slug`, `slug-2`, `slug-3` …
    fn after(&mut self, command: &str, line: usize) -> String {
        let slug = slug(command);
        loop {
            let count = self.counts.entry(slug.clone()).or_default();
            *count += 1;
            let name = if *count == 1 { slug.clone() } else { format!("{slug}-{count}") };
            if let Ok(name) = self.take(&name, line) {
                return name;
            }
        }
    }
}

/// The command with a `-` for each run of characters that a name may not hold.
fn slug(command: &str) -> String {
    let words = command.split(|c| !JobName::allows(c) || c == '-').filter(|word| !word.is_empty());
    let mut slug = words.collect::<Vec<_>>().join("-");
    // What a name may hold is ASCII, so any length is a boundary.
    slug.truncate(LONGEST);
    if slug.is_empty() { "job".to_owned() } else { slug }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(commands: &[&str]) -> Vec<String> {
        let jobs: Vec<_> = commands.iter().map(|command| Nameless { line: 1, given: None, command }).collect();
        assign(&jobs).0
    }

    #[test]
    fn a_job_is_named_after_its_command() {
        assert_eq!(
            after(&["/usr/bin/backup.sh --all >/dev/null 2>&1", "echo héllo", "!!!", "  x  ", "a:b_c.d"]),
            ["usr-bin-backup.sh-all-dev-null-2-1", "echo-h-llo", "job", "x", "a:b_c.d"]
        );
    }

    #[test]
    fn the_same_command_again_is_numbered() {
        assert_eq!(after(&["true", "true", "true 2", "true"]), ["true", "true-2", "true-2-2", "true-3"]);
    }

    #[test]
    fn a_long_command_gives_a_name_that_fits() {
        let long = "x".repeat(5_000);
        let names = after(&[&long, &long]);
        assert!(names.iter().all(|name| JobName::new(name).is_ok()), "{names:?}");
        assert_ne!(names[0], names[1]);
    }

    #[test]
    fn a_given_name_is_kept_from_the_lines_above() {
        let name: JobName = "true".parse().unwrap();
        let jobs = [
            Nameless { line: 1, given: None, command: "true" },
            Nameless { line: 3, given: Some((2, &name)), command: "false" },
            Nameless { line: 5, given: Some((4, &name)), command: "date" },
        ];
        let (names, problems) = assign(&jobs);
        assert_eq!(names, ["true-2", "true", "date"]);
        assert_eq!(
            problems[0].to_string(),
            "line 4: the job of line 3 is called `true` already; give this one another name"
        );
    }
}
