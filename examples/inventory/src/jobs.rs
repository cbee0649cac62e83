//! The jobs that the manager calls in time.

use std::convert::Infallible;

use cron_manager::{Config, Context, Ctx, State, Tick, cron_job};
use serde::Deserialize;

use crate::{
    event::{Event, Failed},
    stock::Stock,
    warehouse::Warehouse,
};

/// The job of the original's README. `distributed` and `ttl` become keys of its context.
#[cron_job(name = "doSomething", schedule = EVERY_5_MINUTES, distributed, ttl = 20)]
async fn do_something(context: Context, config: Config<Warehouse>) -> Result<Vec<Event>, Infallible> {
    let mut events = Vec::new();
    events.push(Event::new("Operation 1", format!("looked around in {}", config.city)));
    events.push(Event::new("Operation 2", format!("was told {}", context.as_str())));
    Ok(events)
}

/// What the context of `doSomethingFast` says beside `distributed` and `ttl`.
#[derive(Deserialize)]
struct Delivery {
    parcels: u64,
}

/// The same to watch: each second, with a context of the job's own.
#[cron_job(name = "doSomethingFast", schedule = EVERY_SECOND, distributed, ttl = 20, context = r#"{"parcels": 3}"#)]
async fn do_something_fast(Ctx(delivery): Ctx<Delivery>, stock: State<Stock>) -> Result<Vec<Event>, Infallible> {
    let parcels = stock.add(delivery.parcels);
    Ok(vec![
        Event::new("Delivery", format!("{} parcels came", delivery.parcels)),
        Event::new("Stock", format!("{parcels} parcels here")),
    ])
}

/// Fails on each third tick, and tells by events what went wrong.
#[cron_job(name = "reconcileStock", schedule = "*/2 * * * * *", distributed, ttl = 20)]
async fn reconcile_stock(Tick(due): Tick, stock: State<Stock>) -> Result<Vec<Event>, Failed> {
    let counted = Event::new("Count", format!("{} parcels", stock.parcels()));
    if due.as_second() / 2 % 3 == 0 {
        return Err(Failed(vec![counted, Event::new("Mismatch", "the list says otherwise")]));
    }
    Ok(vec![counted])
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    /// What runs get of the manager, made by hand.
    fn stock() -> State<Stock> {
        State(Arc::new(Stock::default()))
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_delivery_is_put_on_the_shelf() {
        let stock = stock();
        let Ok(events) = do_something_fast(Ctx(Delivery { parcels: 3 }), stock.clone()).await;
        assert_eq!((events.len(), stock.parcels()), (2, 3));
    }

    #[tokio::test(flavor = "current_thread")]
    async fn each_third_reconciliation_fails_with_events() {
        let due = |second: u8| Tick(format!("1970-01-01T00:00:{second:02}Z").parse().unwrap());
        assert!(reconcile_stock(due(0), stock()).await.is_err());
        assert!(reconcile_stock(due(2), stock()).await.is_ok());
        assert!(reconcile_stock(due(4), stock()).await.is_ok());
        let failed = reconcile_stock(due(6), stock()).await.err().unwrap();
        assert_eq!(failed.to_string().matches("\"title\"").count(), 2);
    }
}
