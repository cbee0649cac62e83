//! Each run on the terminal, as it happens.

use std::{collections::HashMap, sync::Arc, time::Duration};

use cron_manager::{CronRun, Outcome, RunId, RunState, contracts::Clock, scheduler::Activity};
use jiff::{Timestamp, tz::TimeZone};
use tokio::sync::broadcast::{Receiver, error::RecvError};

use crate::terminal::{has_colours, say};

/// How many of the last lines that a command printed are shown.
const LINES: usize = 5;
/// How much of a line is shown, in characters.
const WIDTH: usize = 160;

/// Writes to standard error.
pub(super) struct Console {
    colours: bool,
    zone: TimeZone,
    clock: Arc<dyn Clock>,
    /// When the runs that are live began, on the machine's clock.
    began: HashMap<RunId, Duration>,
}

impl Console {
    pub(super) fn new(clock: Arc<dyn Clock>, zone: TimeZone) -> Self {
        Self { colours: has_colours(), zone, clock, began: HashMap::new() }
    }

    /// Shows what happens until nothing more can.
    pub(super) async fn watch(&mut self, activity: &mut Receiver<Activity>) {
        loop {
            match activity.recv().await {
                Ok(activity) => self.show(activity),
                Err(RecvError::Lagged(missed)) => say(format_args!("({missed} events came too fast to be shown)")),
                Err(RecvError::Closed) => return,
            }
        }
    }

    /// Shows what has happened and was not shown yet.
    pub(super) fn catch_up(&mut self, activity: &mut Receiver<Activity>) {
        while let Ok(activity) = activity.try_recv() {
            self.show(activity);
        }
    }

    fn show(&mut self, activity: Activity) {
        match activity {
            Activity::Started(run) => {
                self.began.insert(run.id, self.clock.elapsed());
                self.line("started", "36", &run, "");
            }
            Activity::Ended(run, outcome) => self.ended(&run, &outcome),
            Activity::Skipped(run) => self.line("skipped", "33", &run, &skipped(&run, &self.zone)),
        }
    }

    fn ended(&mut self, run: &CronRun, outcome: &Outcome) {
        let took = self.began.remove(&run.id).map(|began| self.clock.elapsed().saturating_sub(began));
        let took = took.map(length);
        let error = outcome.error.as_deref().map(plain);
        let details: Vec<String> = took.into_iter().chain(error).collect();
        let colour = if outcome.state == RunState::Succeeded { "32" } else { "31" };
        self.line(outcome.state.as_str(), colour, run, &details.join("  "));
        let lines: Vec<&str> = outcome.log.as_deref().unwrap_or_default().lines().collect();
        let left_out = lines.len().saturating_sub(LINES);
        if left_out > 0 {
            say(format_args!("            ({left_out} lines more: /v1/cron-job/{}/log)", run.id));
        }
        lines[left_out..].iter().for_each(|line| say(format_args!("            {}", plain(line))));
    }

    fn line(&self, word: &str, colour: &str, run: &CronRun, details: &str) {
        let word = format!("{word:<9}");
        let word = if self.colours { format!("\x1b[{colour}m{word}\x1b[0m") } else { word };
        let line = format!("{}  {word}  {}  {details}", time(self.clock.now(), &self.zone), run.name);
        say(line.trim_end());
    }
}

fn time(instant: Timestamp, zone: &TimeZone) -> impl std::fmt::Display {
    zone.to_datetime(instant).strftime("%H:%M:%S")
}

fn length(took: Duration) -> String {
    if took.as_secs() == 0 { format!("{} ms", took.as_millis()) } else { format!("{:.1} s", took.as_secs_f64()) }
}

fn skipped(run: &CronRun, zone: &TimeZone) -> String {
    let reason = run.reason.map_or("", |reason| reason.as_str());
    let due = time(run.due_through, zone);
    match run.count {
        1 => format!("{reason}, due at {due}"),
        count => format!("{reason}, due at {due}, {count} times since {}", time(run.due_at, zone)),
    }
}

/// A line without what could move the cursor, and not too long.
fn plain(line: &str) -> String {
    let shown: String = line.chars().filter(|c| *c == '\t' || !c.is_control()).take(WIDTH + 1).collect();
    match shown.char_indices().nth(WIDTH) {
        Some((end, _)) => format!("{}…", &shown[..end]),
        None => shown,
    }
}
