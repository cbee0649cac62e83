//! Servers that are away.

use std::{sync::Arc, time::Duration};

use cron_manager::{
    ErrorKind,
    backends::{redis::RedisLocker, system::SystemRandomness},
    contracts::Locker,
    testing::ManualClock,
};
use futures_util::future::join_all;
use servers::{Redis, RedisCluster, RedisSentinel};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    task::spawn,
};

use crate::support::{TTL, ask, locker, take};

async fn is_away(locker: &RedisLocker) -> bool {
    let error = ask(locker, "job", 1).await.err();
    error.is_some_and(|error| error.kind() == ErrorKind::Unavailable)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_was_not_there_yet_is_used_as_soon_as_it_is() {
    let mut server = Redis::ended().unwrap();
    let locker = locker(server.url());
    for _ in 0..3 {
        assert!(is_away(&locker).await);
        assert_eq!(locker.ping().await.unwrap_err().kind(), ErrorKind::Unavailable);
    }
    server.restart().unwrap();
    take(&locker, "job", 1).await;
    locker.ping().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_costs_no_command_that_comes_after_it() {
    let mut server = Redis::start().unwrap();
    let locker = locker(server.url());
    for fence in 1..=4 {
        let lease = take(&locker, "job", fence).await;
        if fence % 2 == 0 {
            server.restart().unwrap()
        } else {
            server.kill().and_then(|()| server.restart()).unwrap()
        }
        // It has forgotten all leases.
        assert!(!lease.extend(TTL).await.unwrap());
        assert!(!lease.release().await.unwrap());
    }
    let lease = take(&locker, "job", 1).await;
    server.stop().unwrap();
    assert!(is_away(&locker).await);
    assert_eq!(lease.extend(TTL).await.unwrap_err().kind(), ErrorKind::Unavailable);
    assert_eq!(lease.release().await.unwrap_err().kind(), ErrorKind::Unavailable);
    server.restart().unwrap();
    take(&locker, "job", 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_server_keeps_through_a_restart_stays_held() {
    let mut server = Redis::durable().unwrap();
    let locker = locker(server.url());
    let lease = take(&locker, "job", 1).await;
    server.kill().unwrap();
    server.restart().unwrap();
    assert!(lease.extend(TTL).await.unwrap());
    assert!(lease.release().await.unwrap());
}

/// A locker on a server whose time limit is on a clock that is turned by hand.
fn patient(url: String) -> (Arc<RedisLocker>, ManualClock) {
    let clock = ManualClock::new("2026-03-01T12:00:00Z".parse().unwrap());
    let redis = cron_manager::backends::redis::Redis::open(url, Arc::new(clock.clone())).unwrap();
    (Arc::new(redis.locker(Arc::new(SystemRandomness))), clock)
}

async fn all_end_within_the_limit(locker: &Arc<RedisLocker>, clock: &ManualClock) {
    const MANY: usize = 8;
    let asks: Vec<_> = (0..MANY)
        .map(|_| {
            let locker = Arc::clone(locker);
            spawn(async move { is_away(&locker).await })
        })
        .collect();
    while clock.sleepers() < MANY {
        tokio::task::yield_now().await;
    }
    clock.advance(Duration::from_secs(1));
    assert!(join_all(asks).await.into_iter().all(Result::unwrap));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_held_still_holds_no_command_for_longer_than_the_limit() {
    let server = Redis::start().unwrap();
    let (locker, clock) = patient(server.url());
    take(&locker, "before", 1).await;
    server.pause().unwrap();
    for _ in 0..3 {
        all_end_within_the_limit(&locker, &clock).await;
    }
    server.resume().unwrap();
    take(&locker, "after", 1).await;
    // What was given up may have been done; whoever comes next with a higher fence goes on.
    take(&locker, "job", 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_held_still_from_the_start_is_used_when_it_goes_on() {
    let server = Redis::start().unwrap();
    server.pause().unwrap();
    let (locker, clock) = patient(server.url());
    all_end_within_the_limit(&locker, &clock).await;
    server.resume().unwrap();
    take(&locker, "after", 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_still_loads_is_away() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut buffer = [0; 4096];
            while let Ok(read @ 1..) = stream.read(&mut buffer).await {
                let commands = buffer[..read].iter().filter(|byte| **byte == b'*').count();
                let answer = "-LOADING Redis is loading the dataset in memory\r\n".repeat(commands);
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        }
    });
    assert!(is_away(&locker(url)).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_new_master_is_found_after_a_failover() {
    let mut servers = RedisSentinel::start().unwrap();
    let locker = locker(servers.url());
    take(&locker, "job", 1).await;
    servers.fail_over().unwrap();
    // Not by the same fence: what the old master had passed on is still there.
    take(&locker, "job", 2).await;
    locker.ping().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_is_used_again_after_it_was_away() {
    let mut cluster = RedisCluster::start().unwrap();
    let locker = locker(cluster.url());
    take(&locker, "job", 1).await;
    cluster.stop().unwrap();
    assert!(is_away(&locker).await);
    cluster.restart().unwrap();
    for job in ["a", "b", "c", "d", "job"] {
        take(&locker, job, 1).await;
    }
    locker.ping().await.unwrap();
}
