//! Servers that go away.

use std::{sync::Arc, time::Duration};

use cron_manager::{
    ErrorKind,
    backends::{postgres::PostgresStore, system::SystemClock},
    contracts::Store,
    testing::ManualClock,
};
use futures_util::future::join_all;
use servers::Postgres;
use tokio::task::spawn;

use crate::support::{claimed, config, register, succeeded};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_of_the_server_costs_at_most_one_call_of_each_kind() {
    let mut server = Postgres::fast().unwrap();
    let store = Arc::new(PostgresStore::open(server.url(), Arc::new(SystemClock)).await.unwrap());
    let config = config(&store, "survivor", true).await;
    let run = claimed(&store, config.id).await;
    let finish = succeeded(&run);
    join_all((0..8).map(|_| store.config(config.id))).await;
    server.restart().unwrap();
    let mut failed = 0;
    for _ in 0..3 {
        failed += usize::from(store.config(config.id).await.is_err());
    }
    assert!(failed <= 1, "{failed} calls failed");
    if let Err(error) = store.finish(std::slice::from_ref(&finish)).await {
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert_eq!(store.finish(&[finish]).await.unwrap(), [run.id]);
    }
    register(&store, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_outlives_a_crash() {
    let mut server = Postgres::start().unwrap();
    let store = PostgresStore::open(server.url(), Arc::new(SystemClock)).await.unwrap();
    let config = config(&store, "kept", true).await;
    let run = claimed(&store, config.id).await;
    server.kill().unwrap();
    assert_eq!(store.run(run.id).await.unwrap_err().kind(), ErrorKind::Unavailable);
    server.restart().unwrap();
    assert_eq!(store.run(run.id).await.unwrap(), Some(run));
    assert_eq!(store.config(config.id).await.unwrap(), Some(config));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_held_still_holds_no_call_for_long() {
    let server = Postgres::fast().unwrap();
    let clock = ManualClock::new("2026-03-01T12:00:00Z".parse().unwrap());
    let store = Arc::new(PostgresStore::open(server.url(), Arc::new(clock.clone())).await.unwrap());
    let config = config(&store, "patient", true).await;
    server.pause().unwrap();
    let reading = {
        let (store, id) = (Arc::clone(&store), config.id);
        spawn(async move { store.config(id).await })
    };
    while clock.sleepers() == 0 {
        tokio::task::yield_now().await;
    }
    clock.advance(Duration::from_secs(10));
    assert_eq!(reading.await.unwrap().unwrap_err().kind(), ErrorKind::Unavailable);
    server.resume().unwrap();
    assert_eq!(store.config(config.id).await.unwrap(), Some(config));
}
