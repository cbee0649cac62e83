//! Adds up what replicas printed, and lays the ledger beside it: `summary FILE…`, each named after its replica.
//! Ends with 1 when a tick ran twice, has no outcome, or ran without the ledger's knowing.

use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
    fs,
    path::PathBuf,
    process::ExitCode,
};

use cron_manager::{
    CronManager, RunState, Settings,
    contracts::{ConfigQuery, RunQuery},
};

/// A job and when it was due.
type Tick = (String, String);

/// What the ledger says about all ticks.
#[derive(Default)]
struct Ledger {
    due: u64,
    skipped: u64,
    /// Whoever comes next runs them, or says why not.
    waiting: u64,
    ran: BTreeSet<Tick>,
    /// Ticks without an outcome, or with more than one.
    wrong: u64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let manager = CronManager::builder().settings(Settings::load()?).read_only().build().await?;
    let ledger = add_up(&manager).await?;
    let mut starts = BTreeMap::<Tick, u64>::new();
    show("ticks that fell due", ledger.due);
    for file in std::env::args_os().skip(1).map(PathBuf::from) {
        let lines = fs::read_to_string(&file)?;
        show(&format!("  run by {}", file.file_name().unwrap_or_default().display()), ticks(&lines).count() as u64);
        ticks(&lines).for_each(|tick| *starts.entry(tick).or_default() += 1);
    }
    show("  skipped", ledger.skipped);
    show("  waiting", ledger.waiting);
    let twice = starts.values().filter(|starts| **starts > 1).count() as u64;
    let ran: BTreeSet<Tick> = starts.into_keys().collect();
    let unaccounted = ledger.wrong + ledger.ran.symmetric_difference(&ran).count() as u64;
    show("ticks that ran twice", twice);
    show("ticks unaccounted for", unaccounted);
    Ok(ExitCode::from(u8::from(twice + unaccounted > 0)))
}

fn show(what: &str, count: u64) {
    println!("{what:<22}{count:>6}");
}

/// Each tick whose handler was called, by the lines of `report`.
fn ticks(lines: &str) -> impl Iterator<Item = Tick> {
    lines.lines().filter_map(|line| match line.split_whitespace().collect::<Vec<_>>()[..] {
        [_, "started", job, due] => Some((job.to_owned(), due.to_owned())),
        _ => None,
    })
}

async fn add_up(manager: &CronManager) -> cron_manager::Result<Ledger> {
    const ALL: usize = 10_000;
    let mut ledger = Ledger::default();
    for config in
        manager.cron_configs(&ConfigQuery { limit: ALL, show_deleted: true, ..ConfigQuery::default() }).await?
    {
        for account in manager.accounts(config.id).await? {
            ledger.due += account.ticks().map(|(_, ticks)| ticks).sum::<u64>();
            ledger.wrong += account.imbalances().iter().map(|wrong| wrong.ticks.abs_diff(wrong.recorded)).sum::<u64>();
        }
    }
    for run in manager.cron_runs(&RunQuery { limit: ALL, ..RunQuery::default() }).await? {
        match run.state {
            RunState::Skipped => ledger.skipped += run.count,
            RunState::Pending => ledger.waiting += 1,
            RunState::Running => ledger.wrong += 1,
            _ => drop(ledger.ran.insert((run.name.to_string(), run.due_at.to_string()))),
        }
    }
    Ok(ledger)
}
