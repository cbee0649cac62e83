//! A service that keeps a warehouse's stock, with cron jobs: the one of the original library's README, as a team would write it.
//!
//! | file | is, or does |
//! |---|---|
//! | `warehouse` | the service's own configuration |
//! | `stock` | what the service keeps, and its own route |
//! | `event` | what a run tells |
//! | `jobs` | the jobs that the manager calls in time |
//! | `timer` | a job that a timer of the service's own calls for |
//! | `report` | shows each run |
//! | `told` | waits until the service is told to end |

mod event;
mod jobs;
mod report;
mod stock;
mod timer;
mod told;
mod warehouse;

use std::{error::Error, io, pin::pin, time::Duration};

use axum::Router;
use cron_manager::{CronManager, Settings, api::rest};
use stock::Stock;
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;
use warehouse::Warehouse;

/// How long runs have to come to their end at a shutdown.
const GRACE: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().with_writer(io::stderr).with_env_filter(EnvFilter::from_default_env()).init();
    // DATABASE_URL, REDIS_URL, CRON_MANAGER_LISTEN, CRON_MANAGER=false, …: docs/settings.md
    let settings = Settings::load()?;
    let listener = TcpListener::bind(&settings.listen).await?;
    let (warehouse, stock) = (Warehouse::of_the_environment()?, Stock::default());
    let replica = warehouse.replica.clone();

    let manager = CronManager::builder().settings(settings).config(warehouse).state(stock.clone()).build().await?;
    manager.declare_all().await?;
    timer::declare(&manager).await?;

    println!("{replica}  listens    http://{}", listener.local_addr()?);
    let mut report = pin!(report::watch(&replica, manager.activity()));
    manager.start();
    let routes = Router::new().merge(stock::routes(stock)).merge(rest::router(manager.clone()));
    tokio::select! {
        served = axum::serve(listener, routes).with_graceful_shutdown(told::to_end()?) => served?,
        () = timer::count_stock(&manager) => {}
        () = &mut report => {}
    }
    tokio::select! {
        biased;
        () = report => {}
        () = manager.shutdown(GRACE) => {}
    }
    Ok(())
}
