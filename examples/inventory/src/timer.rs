//! A timer of the service's own, as `@Cron` of NestJS is one: it says when, the manager whether.

use std::{convert::Infallible, time::Duration};

use cron_manager::{
    Called, Config, Context, CronConfigFields, CronManager, ErrorKind, Refusal, State, schedules::EVERY_SECOND,
};
use serde_json::json;
use tokio::time::{MissedTickBehavior, interval};

use crate::{event::Event, stock::Stock, warehouse::Warehouse};

/// Creates the job's config, unless another replica, or somebody by the API, has done so.
pub(crate) async fn declare(manager: &CronManager) -> cron_manager::Result<()> {
    let context = json!({ "distributed": true, "ttl": 20 });
    let fields = CronConfigFields::named("countStock").enabled(true).cron(EVERY_SECOND, "UTC").context(context);
    match manager.create_cron_config(&fields).await {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        created => created.map(drop),
    }
}

/// Calls for `countStock` each second. Of all replicas' timers, one gets the tick.
pub(crate) async fn count_stock(manager: &CronManager) {
    let mut timer = interval(Duration::from_secs(1));
    timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        timer.tick().await;
        match manager.handle_job("countStock", count).await {
            Ok(Called::Refused(Refusal::Stopping)) => return,
            Ok(_) => {}
            Err(error) => eprintln!("countStock: {error}"),
        }
    }
}

async fn count(context: Context, config: Config<Warehouse>, stock: State<Stock>) -> Result<Vec<Event>, Infallible> {
    let title = if stock.parcels() < config.low { "Low" } else { "Enough" };
    let counted = Event::new(title, format!("{} parcels in {}", stock.parcels(), config.city));
    Ok(vec![counted, Event::new("Context", context.as_str())])
}
