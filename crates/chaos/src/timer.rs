//! A timer of the service's own, which calls for a job.

use std::{sync::Arc, time::Duration};

use cron_manager::{
    ActiveRun, CronConfigFields, CronManager, ErrorKind,
    backends::system::{SystemClock, TokioSpawn},
    contracts::{Clock, Spawn},
};

use crate::{
    jobs::Job,
    journal::{Event, Journal, Told},
    random::mix,
    replica::work,
};

/// How much later than its period a call may come, in milliseconds.
const JITTER: u64 = 700;

/// Calls for the job once a period, from an instant on that has nothing to do with its ticks, and somewhat unsteadily: before a tick or
/// after it. Never ends.
pub(crate) async fn call_for(manager: CronManager, job: Arc<Job>, journal: Arc<Journal>) {
    let begin = SystemClock.elapsed();
    for count in 0_u32.. {
        let jitter = mix(u64::from(std::process::id()) << 32 | u64::from(count)) % JITTER;
        let at = begin + Duration::from_secs(job.every) * count + Duration::from_millis(jitter);
        SystemClock.sleep_until(at).await;
        TokioSpawn.spawn(Box::pin(call(manager.clone(), Arc::clone(&job), Arc::clone(&journal))));
    }
}

async fn call(manager: CronManager, job: Arc<Job>, journal: Arc<Journal>) {
    let (doing, writing) = (Arc::clone(&job), Arc::clone(&journal));
    let told = manager.handle_job(&job.name, move |run: ActiveRun| work(doing, writing, run)).await;
    let event = Event::Called { job: job.name.clone(), told: Told::from(told) };
    if let Err(error) = journal.write(SystemClock.elapsed(), std::process::id(), event) {
        eprintln!("the answer to a call cannot be written: {error}");
    }
}

/// Creates the config of a job that has no handler of its own, unless it is there.
///
/// Errors: the database's.
pub(crate) async fn create(manager: &CronManager, job: &Job, context: serde_json::Value) -> cron_manager::Result<()> {
    let fields = CronConfigFields::named(&job.name).enabled(true).every(Duration::from_secs(job.every));
    let fields = CronConfigFields { lock: Some(job.lock), ..fields.context(context) };
    match manager.create_cron_config(&fields).await {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        created => created.map(drop),
    }
}
