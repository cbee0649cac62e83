//! One process of the service.

use std::{io, path::PathBuf, sync::Arc, time::Duration};

use clap::Args;
use cron_manager::{
    ActiveRun, CronManager,
    backends::system::{SystemClock, TokioSpawn},
    contracts::{Clock, Spawn},
    scheduler::Tuning,
};
use jiff::SignedDuration;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::{
    failure::Result,
    jobs::Job,
    journal::{Act, Event, Journal},
    skewed::SkewedClock,
    timer,
};

/// How often a handler leaves a trace.
const STEP: Duration = Duration::from_millis(200);
/// How often the process looks whether it became another replica, and how long it waits for a store.
const LOOK: Duration = Duration::from_millis(50);
/// What a shutdown grants to handlers.
const GRACE: Duration = Duration::from_secs(10);

/// What a replica is told.
#[derive(Args, Clone, Debug)]
pub struct ReplicaArguments {
    /// The database
    #[arg(long)]
    pub url: String,
    /// The Redis
    #[arg(long)]
    pub redis: String,
    /// The file to append to
    #[arg(long)]
    pub journal: PathBuf,
    /// The jobs, as JSON
    #[arg(long)]
    pub jobs: String,
    /// How far the wall clock is ahead, in milliseconds
    #[arg(long, allow_negative_numbers = true, default_value_t = 0)]
    pub skew: i64,
}

/// The lengths that replicas work by: soon to notice the dead, so that a minute shows it.
pub fn tuning() -> Tuning {
    Tuning { rescue_every: Duration::from_secs(2), rescue_grace: Duration::from_secs(2), ..Tuning::default() }
}

/// Takes part in the service until it is told to end.
///
/// Errors: wrong jobs; no journal.
pub fn run(arguments: &ReplicaArguments) -> Result<()> {
    end_with_driver();
    // One thread: while one handler writes no other one is polled.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(serve(arguments))
}

/// The driver holds this process's input open as long as it lives.
fn end_with_driver() {
    std::thread::spawn(|| {
        // Whatever ends the reading, nobody is there any more.
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        std::process::exit(1);
    });
}

async fn serve(arguments: &ReplicaArguments) -> Result<()> {
    let mut told = signal(SignalKind::terminate())?;
    let journal = Arc::new(Journal::open(&arguments.journal)?);
    let jobs: Vec<Job> = serde_json::from_str(&arguments.jobs)?;
    let manager = tokio::select! {
        _ = told.recv() => return Ok(()),
        manager = joined(arguments, &jobs, &journal) => manager,
    };
    manager.start();
    for job in jobs.into_iter().filter(|job| job.called) {
        TokioSpawn.spawn(Box::pin(timer::call_for(manager.clone(), Arc::new(job), Arc::clone(&journal))));
    }
    until_told(&manager, &journal, &mut told).await?;
    manager.shutdown(GRACE).await;
    Ok(())
}

/// A manager with all jobs, as soon as the database lets it.
async fn joined(arguments: &ReplicaArguments, jobs: &[Job], journal: &Arc<Journal>) -> CronManager {
    loop {
        match join(arguments, jobs, journal).await {
            Ok(manager) => return manager,
            Err(error) => eprintln!("cannot join yet: {error}"),
        }
        SystemClock.sleep_until(SystemClock.elapsed() + LOOK).await;
    }
}

async fn join(arguments: &ReplicaArguments, jobs: &[Job], journal: &Arc<Journal>) -> cron_manager::Result<CronManager> {
    let clock = SkewedClock(SignedDuration::from_millis(arguments.skew));
    let builder = CronManager::builder().database_url(&arguments.url).clock(Arc::new(clock)).tuning(tuning());
    let manager = builder.redis_url(&arguments.redis).build().await?;
    for job in jobs {
        let context = serde_json::json!({ "distributed": job.distributed, "ttl": job.ttl });
        if job.called {
            timer::create(&manager, job, context).await?;
            continue;
        }
        let (doing, journal) = (Arc::new(job.clone()), Arc::clone(journal));
        let handler = move |run: ActiveRun| work(doing, journal, run);
        let mut declared = manager.job(&job.name).every(Duration::from_secs(job.every)).context(context).lock(job.lock);
        if let Some(length) = job.lock_at_least_for {
            declared = declared.lock_at_least_for(Duration::from_millis(length));
        }
        if let Some(deadline) = job.start_deadline {
            declared = declared.start_deadline(Duration::from_secs(deadline));
        }
        declared.run(handler).await?;
    }
    Ok(manager)
}

/// Tells which replica the process is, again when it becomes another one, until it is told to end.
async fn until_told(manager: &CronManager, journal: &Journal, told: &mut Signal) -> Result<()> {
    let mut known = None;
    loop {
        let id = manager.replica_id();
        if known.replace(id) != Some(id) {
            journal.write(SystemClock.elapsed(), std::process::id(), Event::Born { replica: id.0 })?;
        }
        tokio::select! {
            _ = told.recv() => return Ok(()),
            () = SystemClock.sleep_until(SystemClock.elapsed() + LOOK) => {}
        }
    }
}

/// The handler: writes that it began, that it goes on, and that it ends.
pub(crate) async fn work(job: Arc<Job>, journal: Arc<Journal>, run: ActiveRun) -> std::result::Result<(), String> {
    // Each time is taken before anything else is done in a poll: see `Line::at`.
    let mut at = SystemClock.elapsed();
    let write = |at, event| journal.write(at, std::process::id(), event).map_err(|error| error.to_string());
    let end = at + job.length(run.run().id);
    write(at, Event::Start(Act::of(&run)))?;
    while at < end {
        tokio::select! {
            biased;
            why = run.stopped() => return Err(format!("told to stop: {why:?}")),
            () = SystemClock.sleep_until(end.min(at + STEP)) => at = SystemClock.elapsed(),
        }
        if at < end {
            write(at, Event::Step(Act::of(&run)))?;
        }
    }
    write(at, Event::End(Act::of(&run)))
}
