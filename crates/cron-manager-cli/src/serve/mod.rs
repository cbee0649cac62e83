//! `serve`: runs a crontab until it is told to end.

mod banner;
mod console;
mod declare;
mod listen;
mod signals;

use std::{fs, path::Path, pin::pin, sync::Arc, time::Duration};

use cron_manager::{
    CronConfig, CronManager, ErrorKind, Settings,
    api::{
        OriginalService,
        rest::Face,
        serve::{self, ServeOptions},
    },
    backends::system::SystemClock,
    contracts::Clock,
    domain::schedule::Zone,
    scheduler::Tuning,
};
use jiff::tz::TimeZone;
use tokio::{net::TcpListener, runtime::Runtime, sync::Notify};

use crate::{
    args::ServeArguments,
    command::GRACE,
    crontab::{Crontab, CrontabFormat, Users},
    data::Database,
    failure::Failure,
    terminal::say,
};
use banner::Banner;
use console::Console;
use signals::Signals;

/// What is run when no crontab is given.
const SAMPLE: &[u8] = include_bytes!("../../sample.crontab");
/// How long running commands have to end by themselves at a shutdown.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long HTTP requests under way have at a shutdown.
const LAST_REQUESTS: Duration = Duration::from_secs(2);

/// Runs the crontab that the arguments name, or the sample.
pub(crate) fn run(arguments: &ServeArguments) -> Result<(), Failure> {
    let runtime = Runtime::new().map_err(|error| Failure::Failed(format!("cannot start: {error}")))?;
    let ended = runtime.block_on(serve(arguments));
    // Drops what still runs, and with each run its process group.
    runtime.shutdown_timeout(Duration::from_secs(1));
    ended
}

async fn serve(arguments: &ServeArguments) -> Result<(), Failure> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let users = Arc::new(Users::of_this_machine());
    let settings = arguments.settings.load()?;
    let services = services(&settings)?;
    let crontab = read(arguments.crontab.as_deref(), arguments.crontab_format, &users)?;
    let mut signals = Signals::catch().map_err(|error| Failure::Failed(format!("cannot catch signals: {error}")))?;
    let listener = listen::listen(&settings).await?;
    let database = Database::of(&settings);
    let manager = manager(&database, &settings, &clock).await?;
    let address = listener.local_addr().map_err(|error| Failure::Failed(error.to_string()))?;
    let options = ServeOptions::by(&settings.http, &manager)?;
    options.check(address).await.map_err(|error| match error.kind() {
        ErrorKind::FailedPrecondition => Failure::Usage(error.to_string()),
        _ => error.into(),
    })?;
    let configs = declare::declare(&manager, &crontab.jobs, &users, &clock).await?;
    let orphans = declare::orphans(&manager, &configs).await?;
    let file = arguments.crontab.as_deref();
    Banner {
        address,
        options: &options,
        database: &database,
        settings: &settings,
        file,
        crontab: &crontab,
        configs: &configs,
        orphans: &orphans,
    }
    .print();
    let face = services.into_iter().fold(Face::new(manager.clone()).max_body(settings.http.max_body), Face::service);
    let mut activity = manager.activity();
    manager.start();
    if settings.cron_manager {
        // A crontab's lines wait for their time; the sample is there to be seen.
        let is_sample = file.is_none();
        let at_start = configs.iter().zip(&crontab.jobs).filter(|(_, job)| is_sample || job.schedule.is_none());
        trigger(&manager, at_start.map(|(config, _)| config)).await;
    }
    let mut console = Console::new(Arc::clone(&clock), TimeZone::system());
    let ended = tokio::select! {
        ended = until_told(&manager, listener, face, options, &mut signals, &*clock) => ended,
        () = console.watch(&mut activity) => Ok(()),
    };
    console.catch_up(&mut activity);
    ended
}

/// The services of the user's own that are served, too.
fn services(settings: &Settings) -> Result<Vec<OriginalService>, Failure> {
    let named = settings.http.service.as_deref().map(OriginalService::named);
    let of_proto = settings.http.proto.as_deref().map(OriginalService::of_proto);
    Ok(named.into_iter().chain(of_proto).collect::<Result<_, _>>()?)
}

fn read(file: Option<&Path>, format: CrontabFormat, users: &Users) -> Result<Crontab, Failure> {
    let zone = TimeZone::system().iana_name().and_then(|name| Zone::parse(name).ok()).unwrap_or_else(Zone::utc);
    let text = match file {
        Some(path) => {
            fs::read(path).map_err(|error| Failure::Usage(format!("cannot read {}: {error}", path.display())))?
        }
        None => SAMPLE.to_vec(),
    };
    Ok(Crontab::read(&text, format, users, zone))
}

async fn manager(database: &Database, settings: &Settings, clock: &Arc<dyn Clock>) -> Result<CronManager, Failure> {
    let parts = database.open(settings, Arc::clone(clock)).await?;
    // Beyond a command's grace, its end takes a moment to be seen.
    let stop_grace = GRACE + Duration::from_secs(5);
    let tuning = Tuning { stop_grace, concurrency: settings.concurrency, ..Tuning::default() };
    Ok(parts.version(env!("CARGO_PKG_VERSION")).tuning(tuning).build().await?)
}

async fn trigger(manager: &CronManager, configs: impl Iterator<Item = &CronConfig>) {
    for config in configs {
        if let Err(error) = manager.trigger(config.id).await {
            say(format_args!("{} is not run at the start: {error}", config.name));
        }
    }
}

/// Serves HTTP until a signal comes, then ends in order; a second signal ends at once.
async fn until_told(
    manager: &CronManager,
    listener: TcpListener,
    face: Face,
    options: ServeOptions,
    signals: &mut Signals,
    clock: &dyn Clock,
) -> Result<(), Failure> {
    let told = Arc::new(Notify::new());
    let until = Arc::clone(&told);
    let mut http = pin!(serve::serve(listener, face.routes(), options, async move { until.notified().await }));
    tokio::select! {
        () = signals.next() => {}
        served = &mut http => return Ok(served?),
    }
    told.notify_one();
    say(format_args!("ending: commands that run have {} s to end; Ctrl-C again kills them", PATIENCE.as_secs()));
    let last_requests = async {
        tokio::select! {
            _ = http => {}
            () = clock.sleep_until(clock.elapsed() + LAST_REQUESTS) => {}
        }
    };
    tokio::select! {
        _ = async { tokio::join!(manager.shutdown(PATIENCE), last_requests) } => Ok(()),
        () = signals.next() => Err(Failure::Failed("ended at once; commands that ran are killed".to_owned())),
    }
}
