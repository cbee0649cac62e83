//! How soon the runs of silent replicas are ended by others.

use std::{collections::HashMap, time::Duration};

use cron_manager::CronRun;

use super::{Law, Reading, Span, Violation};
use crate::journal::{Event, nanoseconds};

/// What the statements themselves may take on a busy machine.
const SLACK: Duration = Duration::from_secs(3);

/// A row is late when one other replica lived in peace, with a database that answered, for longer than a rescue takes while the row's own
/// replica was silent.
pub(super) fn judge(reading: &Reading) -> Vec<Violation> {
    let owners = owners(reading);
    let (silence, peace) = (silence(reading), peace(reading));
    let late = reading.runs.iter().filter_map(|run| {
        let process = owners.get(&run.replica_id?.0)?;
        let (begin, end) = lived(reading, run)?;
        let bound = nanoseconds(run.ttl + reading.tuning.rescue_grace + 2 * reading.tuning.rescue_every + SLACK);
        let silent = silence.get(process).into_iter().flatten().map(|span| (span.0.max(begin), span.1.min(end)));
        let longest = silent.map(|span| longest_peace(&peace, *process, span)).max()?;
        let what = format!("a rescuer had {} ms for it: {run:?}", longest / 1_000_000);
        (longest > bound).then_some(Violation { law: Law::LateRow, what })
    });
    late.collect()
}

/// The process of each replica.
fn owners(reading: &Reading) -> HashMap<u64, u32> {
    let named = reading.lines.iter().filter_map(|line| match &line.event {
        Event::Born { replica } => Some((*replica, line.process)),
        Event::Start(act) => Some((act.replica, line.process)),
        _ => None,
    });
    named.collect()
}

/// From its claim to its end, or to the reading of the ledger.
fn lived(reading: &Reading, run: &CronRun) -> Option<Span> {
    let end = run.finished_at.map_or(nanoseconds(reading.read_at), |wall| reading.at(wall));
    Some((reading.at(run.started_at?), end))
}

/// When each process did nothing: paused, or dead.
fn silence(reading: &Reading) -> HashMap<u32, Vec<Span>> {
    let mut silence: HashMap<u32, Vec<Span>> = HashMap::new();
    for line in &reading.lines {
        let spans = silence.entry(line.process).or_default();
        match line.event {
            // One that is killed while it is paused is silent without a break.
            Event::Killed | Event::Paused if spans.last().is_none_or(|last| last.1 != u64::MAX) => {
                spans.push((line.at, u64::MAX));
            }
            Event::Resumed => {
                if let Some(last) = spans.last_mut() {
                    last.1 = line.at;
                }
            }
            _ => {}
        }
    }
    silence
}

/// A process as the journal shows it.
#[derive(Default)]
struct Process {
    born: bool,
    paused: bool,
    gone: bool,
    in_peace_since: Option<u64>,
}

/// When each process took part, was left alone, and had a database.
fn peace(reading: &Reading) -> Vec<(u32, Span)> {
    let (mut processes, mut away) = (HashMap::<u32, Process>::new(), false);
    let mut peace = Vec::new();
    for line in &reading.lines {
        let process = processes.entry(line.process).or_default();
        match line.event {
            Event::Born { .. } => process.born = true,
            Event::Paused => process.paused = true,
            Event::Resumed => process.paused = false,
            Event::Killed | Event::Told => process.gone = true,
            Event::Down => away = true,
            Event::Up => away = false,
            _ => continue,
        }
        for (id, process) in &mut processes {
            let in_peace = process.born && !process.paused && !process.gone && !away;
            match process.in_peace_since {
                None if in_peace => process.in_peace_since = Some(line.at),
                Some(since) if !in_peace => {
                    peace.push((*id, (since, line.at)));
                    process.in_peace_since = None;
                }
                _ => {}
            }
        }
    }
    let lasting = processes.iter().filter_map(|(id, process)| Some((*id, (process.in_peace_since?, u64::MAX))));
    peace.extend(lasting);
    peace
}

/// The longest time within `span` that one process other than `but` had in peace.
fn longest_peace(peace: &[(u32, Span)], but: u32, span: Span) -> u64 {
    let others = peace.iter().filter(|(process, _)| *process != but);
    let within = |(_, (begin, end)): &(u32, Span)| (*end).min(span.1).saturating_sub((*begin).max(span.0));
    others.map(within).max().unwrap_or(0)
}
