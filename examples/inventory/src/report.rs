//! Shows each run, as it happens.

use cron_manager::{CronRun, scheduler::Activity};
use tokio::sync::broadcast::{Receiver, error::RecvError};

/// Prints one line when a handler is called, and one when its run has ended: the replica, what happened, the job, its tick, and what came of it.
pub(crate) async fn watch(replica: &str, mut activity: Receiver<Activity>) {
    loop {
        match activity.recv().await {
            Ok(Activity::Started(run)) => line(replica, "started", &run, ""),
            Ok(Activity::Ended(run, outcome)) => {
                line(replica, outcome.state.as_str(), &run, outcome.result.as_deref().unwrap_or_default());
            }
            // Others may have run it: the ledger knows.
            Ok(Activity::Skipped(_)) => {}
            Err(RecvError::Lagged(missed)) => eprintln!("{replica}  {missed} lines came too fast to be shown"),
            Err(RecvError::Closed) => return,
        }
    }
}

fn line(replica: &str, what: &str, run: &CronRun, result: &str) {
    println!("{replica}  {what:<9}  {:<15}  {}  {result}", run.name.as_str(), run.due_at);
}
