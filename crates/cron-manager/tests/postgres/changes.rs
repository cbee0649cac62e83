//! What every decision must know, the switch of the whole service and calendars, and decisions that are made while it is changed. A change that
//! is dated, and not committed yet, must not be passed by a decision that does not know of it.

use std::sync::Arc;

use cron_manager::{
    Author, BlackoutFields, CalendarFields, ControlFields, CronConfigFields, CronConfigId,
    backends::postgres::PostgresStore,
    contracts::{Busy, Pages, Store},
    domain::ledger::Page,
};
use jiff::Timestamp;
use sqlx::{PgPool, Postgres, Transaction};
use tokio::task::spawn;

use crate::{
    server::TestSchema,
    support::{config, open, somebody_waits},
};

/// What a decision gets to see that begins now. `held`, which holds a change between its date and its end, is let go when the decision waits for
/// the table that is changed, or is over.
async fn decided_meanwhile(
    pool: &PgPool,
    held: Transaction<'_, Postgres>,
    store: &Arc<PostgresStore>,
    id: CronConfigId,
    table: &str,
) -> Page {
    somebody_waits(pool).await;
    let deciding = spawn({
        let store = Arc::clone(store);
        async move { store.transact(Pages::Of(&[id.into()]), Busy::Wait, &|_| Ok(())).await.unwrap().remove(0) }
    });
    let waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = $1::regclass";
    let waiting = || sqlx::query_scalar::<_, i64>(waiting).bind(table).fetch_one(pool);
    while !deciding.is_finished() && waiting().await.unwrap() == 0 {}
    held.rollback().await.unwrap();
    deciding.await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_decision_waits_for_a_switching_that_is_under_way_and_knows_of_it() {
    let schema = TestSchema::new();
    let pool = schema.pool();
    let store = open(&schema).await;
    let job = config(&store, "job", true).await;
    let level = ControlFields { log_level: Some("info".into()), ..ControlFields::default() };
    store.update_control(&level, None, &Author::code()).await.unwrap();

    let mut held = pool.begin().await.unwrap();
    sqlx::query("SELECT FROM cron_control FOR UPDATE").execute(&mut *held).await.unwrap();
    let switching = spawn({
        let store = Arc::clone(&store);
        async move { store.update_control(&ControlFields::enabled(false), None, &Author::code()).await.unwrap() }
    });
    let page = decided_meanwhile(&pool, held, &store, job.id, "cron_switched_off").await;
    assert!(page.now() > switching.await.unwrap().updated_at.unwrap());
    assert!(page.is_switched_off(), "the page is younger than the switching, and does not know of it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_decision_waits_for_a_change_of_its_calendar_that_is_under_way_and_knows_of_it() {
    let schema = TestSchema::new();
    let pool = schema.pool();
    let store = open(&schema).await;
    let calendar = CalendarFields::named("closed").create(Timestamp::UNIX_EPOCH).unwrap();
    let id = store.create_calendar(calendar, &Author::code()).await.unwrap().id;
    let fields = CronConfigFields { calendars: Some(vec!["closed".into()]), ..CronConfigFields::named("job") };
    let job = store.create(fields.create(Timestamp::UNIX_EPOCH).unwrap(), &Author::code()).await.unwrap();

    // A change is dated before its record is written.
    let mut held = pool.begin().await.unwrap();
    sqlx::query("LOCK TABLE cron_audit IN SHARE MODE").execute(&mut *held).await.unwrap();
    let changing = spawn({
        let store = Arc::clone(&store);
        let always = CalendarFields::default().blackouts([BlackoutFields::once("1970-01-02", "9990-01-01")]);
        async move { store.update_calendar(id, &always, None, &Author::code()).await.unwrap().unwrap() }
    });
    let page = decided_meanwhile(&pool, held, &store, job.id, "cron_calendars").await;
    assert!(page.now() > changing.await.unwrap().updated_at);
    assert!(page.is_blacked_out(page.now()), "the page is younger than the change, and does not know of it");
}
