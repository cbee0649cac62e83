//! Reading a crontab, line by line from the top: settings and directives count for what comes below them.

use std::{collections::BTreeMap, mem, str, sync::Arc};

use cron_manager::domain::schedule::Zone;

use super::{
    Crontab, CrontabFormat, DEFAULT_PATH, Job, Script,
    directive::Directives,
    entry::Manner,
    names::{self, Nameless},
    percent,
    problem::{Fault, Problem},
    setting,
    users::Users,
};

/// Settings that cron heeds and this program does not.
const UNHEEDED: [&str; 3] = ["MAILTO", "MAILFROM", "RANDOM_DELAY"];

impl Crontab {
    /// Reads a crontab. Times are in `zone` until a line sets `CRON_TZ`. A line that cannot be taken is a problem, and the
    /// others run.
    pub(crate) fn read(text: &[u8], format: CrontabFormat, users: &Users, zone: Zone) -> Self {
        let mut reader = Reader {
            format,
            users,
            zone,
            settings: Arc::default(),
            directives: Directives::default(),
            given: Vec::new(),
            crontab: Self::default(),
        };
        // A mark that Windows puts before UTF-8.
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        for (number, line) in (1..).zip(text.split(|byte| *byte == b'\n')) {
            reader.line(number, line);
        }
        reader.finish()
    }
}

struct Reader<'a> {
    format: CrontabFormat,
    users: &'a Users,
    zone: Zone,
    settings: Arc<BTreeMap<String, String>>,
    /// What the comments directly above say.
    directives: Directives,
    /// The directives of each job.
    given: Vec<Directives>,
    crontab: Crontab,
}

impl Reader<'_> {
    fn line(&mut self, number: usize, line: &[u8]) {
        // A line break as Windows writes it is no part of the command.
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let problem = match str::from_utf8(line) {
            Ok(text) if text.contains('\0') => {
                Some(Problem::new(number, "the line holds a NUL character; take it out"))
            }
            Ok(text) => {
                let text = text.trim_start_matches([' ', '\t']);
                self.text(number, text).err().map(|fault| fault.on(number, text))
            }
            Err(_) => Some(Problem::new(number, "the line is not UTF-8; save the file as UTF-8")),
        };
        self.crontab.problems.extend(problem);
    }

    fn text(&mut self, number: usize, text: &str) -> Result<(), Fault> {
        if text.starts_with('#') {
            return self.directives.read(number, text);
        }
        let directives = mem::take(&mut self.directives);
        if text.trim().is_empty() {
            return Ok(());
        }
        match setting::read(text) {
            Some(setting) => setting.and_then(|(name, value)| self.setting(number, text, name, value)),
            None => self.entry(number, text, directives),
        }
    }

    fn setting(&mut self, number: usize, text: &str, name: &str, value: &str) -> Result<(), Fault> {
        if name == "CRON_TZ" {
            let start = value.as_ptr() as usize - text.as_ptr() as usize;
            self.zone = Zone::parse(value).map_err(|error| {
                let message = format!("{}; the lines below stay in {}", error.message(), self.zone);
                Fault::new(start..start + value.len(), message)
            })?;
        }
        if UNHEEDED.contains(&name) {
            self.crontab.unheeded.entry(name.to_owned()).or_insert(number);
        }
        Arc::make_mut(&mut self.settings).insert(name.to_owned(), value.to_owned());
        Ok(())
    }

    fn entry(&mut self, line: usize, text: &str, mut directives: Directives) -> Result<(), Fault> {
        let path = self.settings.get("PATH").map_or(DEFAULT_PATH, String::as_str);
        let entry = Manner { format: self.format, users: self.users, zone: &self.zone, path }.read(text)?;
        let (command, input) = percent::split(entry.command);
        let schedule = directives.every.take().or(entry.schedule);
        let script = Script { command, input, settings: Arc::clone(&self.settings) };
        self.crontab.jobs.push(Job { line, name: String::new(), schedule, timeout: directives.timeout, script });
        self.given.push(directives);
        Ok(())
    }

    fn finish(mut self) -> Crontab {
        let crontab = &mut self.crontab;
        let nameless = crontab.jobs.iter().zip(&self.given).map(|(job, directives)| Nameless {
            line: job.line,
            given: directives.name.as_ref().map(|(line, name)| (*line, name)),
            command: &job.script.command,
        });
        let (names, problems) = names::assign(&nameless.collect::<Vec<_>>());
        crontab.jobs.iter_mut().zip(names).for_each(|(job, name)| job.name = name);
        crontab.problems.extend(problems);
        crontab.problems.sort_by_key(|problem| problem.line);
        self.crontab
    }
}
