//! LISTEN and NOTIFY.

use std::sync::Arc;

use cron_manager::{
    backends::{
        postgres::{PostgresOptions, PostgresSignal, PostgresStore},
        system::{SystemClock, SystemRandomness, TokioSpawn},
    },
    contracts::Signal,
};
use servers::Postgres;
use sqlx::postgres::PgListener;

use crate::server::TestSchema;

async fn signal(options: PostgresOptions) -> PostgresSignal {
    let store = PostgresStore::open(options, Arc::new(SystemClock)).await.unwrap();
    store.signal(&TokioSpawn, &SystemRandomness)
}

/// It nudges when it has become live.
async fn live(signal: &PostgresSignal) {
    loop {
        let nudged = signal.nudged();
        if signal.is_live() {
            return;
        }
        nudged.await;
    }
}

async fn down(signal: &PostgresSignal) {
    while signal.is_live() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_listens_again_after_its_connection_was_ended() {
    let schema = TestSchema::new();
    let (one, other) = (signal(schema.options()).await, signal(schema.options()).await);
    live(&one).await;
    live(&other).await;
    let nudged = one.nudged();
    let end =
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' || current_schema() || '%'";
    sqlx::query(end).execute(&schema.pool()).await.unwrap();
    // What was missed in between counts as a nudge.
    nudged.await;
    live(&one).await;
    live(&other).await;
    let nudged = one.nudged();
    other.nudge();
    nudged.await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_not_live_while_the_server_is_away() {
    let mut server = Postgres::fast().unwrap();
    let signal = signal(server.url().into()).await;
    live(&signal).await;
    server.stop().unwrap();
    down(&signal).await;
    let nudged = signal.nudged();
    signal.nudge();
    nudged.await;
    server.restart().unwrap();
    live(&signal).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_nudges_are_few_words() {
    const NUDGES: usize = 10_000;
    let schema = TestSchema::new();
    let signal = signal(schema.options()).await;
    live(&signal).await;
    let mut listener = PgListener::connect_with(&schema.pool()).await.unwrap();
    listener.listen(&schema.name).await.unwrap();
    for _ in 0..NUDGES {
        signal.nudge();
    }
    listener.recv().await.unwrap();
    let end = sqlx::query("SELECT pg_notify(current_schema(), 'end')");
    end.execute(&schema.pool()).await.unwrap();
    let mut words = 1;
    while listener.recv().await.unwrap().payload() != "end" {
        words += 1;
    }
    assert!(words <= 10, "{words} words for {NUDGES} nudges");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stores_in_other_schemas_are_not_nudged() {
    let (here, there) = (TestSchema::new(), TestSchema::new());
    let (one, other) = (signal(here.options()).await, signal(there.options()).await);
    live(&one).await;
    live(&other).await;
    let (nudged, echo) = (other.nudged(), one.nudged());
    one.nudge();
    echo.await;
    // What comes after it on the same line has come; so it would have come, too.
    let word = sqlx::query("SELECT pg_notify(current_schema(), 'word')");
    word.execute(&there.pool()).await.unwrap();
    nudged.await;
    assert!(one.is_live() && other.is_live());
}
