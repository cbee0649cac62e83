//! Answers, scripts and keys that are lost.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use cron_manager::{backends::redis::RedisOptions, contracts::Locked};
use redis::{
    Cmd, Pipeline, RedisFuture, Value,
    aio::{ConnectionLike, MultiplexedConnection},
};
use servers::Redis;

use crate::{
    server::{self, Outsider, unique},
    support::{TTL, ask_with_tick, is_held, locker, take},
};

/// A connection that loses an answer after the command was carried out.
#[derive(Clone)]
struct Lossy {
    connection: MultiplexedConnection,
    to_lose: Arc<AtomicUsize>,
}

impl ConnectionLike for Lossy {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        Box::pin(async move {
            let answer = self.connection.req_packed_command(command).await;
            let lose = |left: usize| left.checked_sub(1);
            match self.to_lose.fetch_update(Ordering::Relaxed, Ordering::Relaxed, lose) {
                Ok(_) => Err(std::io::Error::from(std::io::ErrorKind::BrokenPipe).into()),
                Err(_) => answer,
            }
        })
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        self.connection.req_packed_commands(pipeline, offset, count)
    }

    fn get_db(&self) -> i64 {
        0
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_whose_answer_was_lost_is_held_all_the_same() {
    let client = redis::Client::open(server::url()).unwrap();
    let connection = client.get_multiplexed_async_connection().await.unwrap();
    let to_lose = Arc::new(AtomicUsize::new(0));
    let lossy = Lossy { connection, to_lose: Arc::clone(&to_lose) };
    let locker = locker(RedisOptions::client(lossy).prefix(unique("lost")));
    to_lose.store(1, Ordering::Relaxed);
    let lease = take(&locker, "job", 1).await;
    to_lose.store(1, Ordering::Relaxed);
    assert!(lease.extend(TTL).await.unwrap());
    to_lose.store(1, Ordering::Relaxed);
    let taken = ask_with_tick(&locker, "other", 1, Some(60)).await.unwrap();
    assert!(matches!(taken, Locked::Mine(_)));
    // By the next fence it is taken over, in one step of the script.
    to_lose.store(1, Ordering::Relaxed);
    let next = take(&locker, "job", 2).await;
    assert!(!lease.release().await.unwrap());
    assert!(next.release().await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scripts_that_the_server_has_forgotten_are_sent_again() {
    let server = Redis::start().unwrap();
    let (locker, outsider) = (locker(server.url()), Outsider::at(&server.url()).await);
    let forget = async || outsider.ask::<String>(&["SCRIPT", "FLUSH"]).await;
    for _ in 0..2 {
        forget().await;
        let lower = take(&locker, "job", 1).await;
        forget().await;
        let lease = take(&locker, "job", 2).await;
        forget().await;
        assert!(lease.extend(TTL).await.unwrap());
        forget().await;
        assert!(!lower.extend(TTL).await.unwrap());
        forget().await;
        assert!(lease.release().await.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_forgets_everything_ends_all_leases() {
    let server = Redis::start().unwrap();
    let locker = locker(server.url());
    let lease = take(&locker, "job", 1).await;
    server.flush().unwrap();
    assert!(!lease.extend(TTL).await.unwrap());
    assert!(!lease.release().await.unwrap());
    let lease = take(&locker, "job", 1).await;
    assert!(is_held(&locker, "job", 0).await);
    assert!(lease.release().await.unwrap());
}
