//! The fields of a config, by flags and by a file.

use std::{
    fs,
    io::{self, Read},
    path::Path,
};

use clap::Args;
use cron_manager::{CronConfigFields, client::proto};
use serde_json::{Map, Value};

use super::job::JobArguments;
use crate::failure::Failure;

/// The fields of a config. Lengths of time are seconds with an s, such as 90s.
#[derive(Args)]
#[command(next_help_heading = "Fields")]
pub(crate) struct FieldArguments {
    /// The fields as a JSON object, as `config get -o json` shows them; - reads standard input; flags count before it
    #[arg(long, value_name = "FILE|-")]
    file: Option<String>,
    /// Whether it is on
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    enabled: Option<bool>,
    /// What the handler is told: a JSON object, @FILE that holds one, or - for standard input
    #[arg(long, value_name = "JSON|@FILE|-")]
    context: Option<String>,
    /// Five to seven cron fields, or a name such as @daily; empty: no longer by expression
    #[arg(long, value_name = "EXPR", allow_hyphen_values = true)]
    cron: Option<String>,
    /// The IANA time zone of the expression
    #[arg(long, value_name = "ZONE")]
    timezone: Option<String>,
    /// What a fixed time in a forward gap of the clock does: run_after or skip
    #[arg(long, value_name = "RULE")]
    dst_gap: Option<String>,
    /// An interval instead of an expression, such as 300s
    #[arg(long, value_name = "LENGTH")]
    every: Option<String>,
    /// One instant instead of an expression
    #[arg(long, value_name = "RFC3339")]
    at: Option<String>,
    /// Whether a foreign timer calls for its runs
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    external: Option<bool>,
    /// What becomes of ticks that nobody planned in time: latest or none
    #[arg(long, value_name = "RULE")]
    catch_up: Option<String>,
    /// What becomes of a tick while a run of the config is live: skip
    #[arg(long, value_name = "RULE")]
    overlap: Option<String>,
    /// What becomes of a run whose replica stopped answering: report
    #[arg(long, value_name = "RULE")]
    on_abandoned: Option<String>,
    /// How long after it is due a tick may still start
    #[arg(long, value_name = "LENGTH")]
    start_deadline: Option<String>,
    /// How long a run may last; 0s: no limit
    #[arg(long, value_name = "LENGTH")]
    timeout: Option<String>,
    /// Starts are spread over this long
    #[arg(long, value_name = "LENGTH")]
    jitter: Option<String>,
    /// What a run does while the lock cannot be reached: prefer or require
    #[arg(long, value_name = "RULE")]
    lock: Option<String>,
    /// How long the lock is held at the least
    #[arg(long, value_name = "LENGTH")]
    lock_at_least_for: Option<String>,
    /// The least time between two starts that a foreign timer asks for
    #[arg(long, value_name = "LENGTH")]
    min_gap: Option<String>,
    /// The calendars in whose blackouts it does not run, separated by commas; empty: none
    #[arg(long, value_name = "NAMES")]
    calendars: Option<String>,
    #[command(flatten)]
    job: JobArguments,
}

/// What was given of a config.
pub(super) struct Given {
    pub(super) fields: CronConfigFields,
    /// The etag in the file.
    pub(super) etag: Option<String>,
    /// The id in the file.
    pub(super) id: Option<i32>,
}

impl FieldArguments {
    /// The fields of the file with those of the flags in their place, and with `name`, if there is one.
    pub(super) fn read(&self, name: Option<&str>) -> Result<Given, Failure> {
        let from_stdin = [&self.file, &self.context].into_iter().flatten().filter(|given| *given == "-").count();
        if from_stdin + self.job.of_stdin() > 1 {
            return Err(Failure::Usage("only one thing can be read from standard input".into()));
        }
        let mut object = self.file.as_deref().map_or_else(|| Ok(Map::new()), file)?;
        let context = self.context.as_deref().map(|given| text("--context", given)).transpose()?;
        let texts = [
            ("name", name),
            ("context", context.as_deref()),
            ("cronExpression", self.cron.as_deref()),
            ("timezone", self.timezone.as_deref()),
            ("dstGap", self.dst_gap.as_deref()),
            ("every", self.every.as_deref()),
            ("at", self.at.as_deref()),
            ("catchUp", self.catch_up.as_deref()),
            ("overlap", self.overlap.as_deref()),
            ("onAbandoned", self.on_abandoned.as_deref()),
            ("startDeadline", self.start_deadline.as_deref()),
            ("timeout", self.timeout.as_deref()),
            ("jitter", self.jitter.as_deref()),
            ("lock", self.lock.as_deref()),
            ("lockAtLeastFor", self.lock_at_least_for.as_deref()),
            ("minGap", self.min_gap.as_deref()),
        ];
        let texts = texts.into_iter().filter_map(|(field, text)| Some((field, Value::from(text?))));
        let switches = [("enabled", self.enabled), ("external", self.external)];
        let switches = switches.into_iter().filter_map(|(field, on)| Some((field, Value::from(on?))));
        object.extend(texts.chain(switches).map(|(field, value)| (field.to_owned(), value)));
        let names = |list: &str| list.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
        object.extend(self.calendars.as_deref().map(|list| ("calendars".to_owned(), names(list))));
        self.job.add_to(&mut object)?;
        // A message cannot tell a list that is to be empty from none.
        let names_none = object.get("calendars").and_then(Value::as_array).is_some_and(Vec::is_empty);
        let config = proto::CronConfig::from_json(object)?;
        let (etag, id) = (config.etag.clone().filter(|etag| !etag.is_empty()), config.id);
        let fields = CronConfigFields::try_from(config)?;
        let calendars = fields.calendars.or(names_none.then(Vec::new));
        Ok(Given { fields: CronConfigFields { calendars, ..fields }, etag, id })
    }
}

/// The fields in a file; they may be wrapped as the API's answers are.
pub(super) fn file(path: &str) -> Result<Map<String, Value>, Failure> {
    let place = if path == "-" { "standard input" } else { path };
    let wrong = |why: String| Failure::Usage(format!("--file: {place}: {why}"));
    let text = if path == "-" { from_stdin() } else { from_file(Path::new(path)) }.map_err(wrong)?;
    match serde_json::from_str(&text) {
        Ok(Value::Object(mut object)) => match object.remove("cronConfig") {
            Some(Value::Object(inner)) if object.is_empty() => Ok(inner),
            Some(_) => Err(wrong("cronConfig is an object with nothing beside it".into())),
            None => Ok(object),
        },
        Ok(_) => Err(wrong("holds no JSON object".into())),
        Err(error) => Err(wrong(format!("is no JSON: {error}"))),
    }
}

/// The text that a flag gives: itself, what is in the file behind an `@`, or standard input for `-`.
pub(super) fn text(flag: &str, given: &str) -> Result<String, Failure> {
    let wrong = |why: String| Failure::Usage(format!("{flag}: {why}"));
    match given.strip_prefix('@') {
        Some(path) => from_file(Path::new(path)).map_err(|why| wrong(format!("{path}: {why}"))),
        None if given == "-" => from_stdin().map_err(wrong),
        None => Ok(given.to_owned()),
    }
}

fn from_file(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("cannot be read: {error}"))
}

fn from_stdin() -> Result<String, String> {
    let mut text = String::new();
    io::stdin().lock().read_to_string(&mut text).map_err(|error| format!("cannot be read: {error}"))?;
    Ok(text)
}
