//! The switch of the whole service, and decisions that are made while it is turned.

use std::sync::Arc;

use cron_manager::{
    Author, ControlFields,
    contracts::{Busy, Pages, Store},
};
use tokio::task::spawn;

use crate::{
    server::TestSchema,
    support::{config, open, somebody_waits},
};

/// A switching that is dated, and not committed yet, must not be passed by a decision that does not know of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_decision_waits_for_a_switching_that_is_under_way_and_knows_of_it() {
    let schema = TestSchema::new();
    let pool = schema.pool();
    let store = open(&schema).await;
    let job = config(&store, "job", true).await;
    let level = ControlFields { log_level: Some("info".into()), ..ControlFields::default() };
    store.update_control(&level, None, &Author::code()).await.unwrap();

    // Holds the switching between its date and its end.
    let mut held = pool.begin().await.unwrap();
    sqlx::query("SELECT FROM cron_control FOR UPDATE").execute(&mut *held).await.unwrap();
    let switching = spawn({
        let store = Arc::clone(&store);
        async move { store.update_control(&ControlFields::enabled(false), None, &Author::code()).await.unwrap() }
    });
    somebody_waits(&pool).await;
    let deciding = spawn({
        let store = Arc::clone(&store);
        async move { store.transact(Pages::Of(&[job.id.into()]), Busy::Wait, &|_| Ok(())).await.unwrap().remove(0) }
    });
    let waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'cron_switched_off'::regclass";
    while !deciding.is_finished() && sqlx::query_scalar::<_, i64>(waiting).fetch_one(&pool).await.unwrap() == 0 {}
    held.rollback().await.unwrap();
    let (control, page) = (switching.await.unwrap(), deciding.await.unwrap());
    assert!(page.now() > control.updated_at.unwrap());
    assert!(page.is_switched_off(), "the page is younger than the switching, and does not know of it");
}
