//! Servers that are away.

use std::{sync::Arc, time::Duration};

use cron_manager::{
    ErrorKind,
    backends::{
        redis::{RedisLocker, RedisOptions},
        system::SystemRandomness,
    },
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

use crate::{
    server::{self, Outsider, unique},
    support::{TTL, ask, live, locker, signal, take},
};

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

/// The address of what looks like a server, and answers whatever it is asked: on its first connection with the first answer, and so on;
/// in the end always with the last.
async fn parrot(answers: Vec<String>) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    spawn(async move {
        for answer in answers.iter().chain(std::iter::repeat(answers.last().unwrap())) {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut buffer = [0; 4096];
            while let Ok(read @ 1..) = stream.read(&mut buffer).await {
                let commands = buffer[..read].iter().filter(|byte| **byte == b'*').count();
                stream.write_all(answer.repeat(commands).as_bytes()).await.unwrap();
            }
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_still_loads_is_away() {
    let server = parrot(vec!["-LOADING Redis is loading the dataset in memory\r\n".into()]).await;
    assert!(is_away(&locker(format!("redis://{server}"))).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_only_lets_read_is_left_for_its_successor() {
    let readonly = "-READONLY You can't write against a read only replica.\r\n";
    let server = parrot(vec![readonly.into(), "+OK\r\n".into()]).await;
    take(&locker(format!("redis://{server}")), "job", 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_new_master_is_found_after_a_failover() {
    let mut servers = RedisSentinel::start().unwrap();
    let locker = locker(servers.url());
    take(&locker, "job", 1).await;
    servers.fail_over().unwrap();
    // By the next fence: what the old master had passed on is still there.
    take(&locker, "job", 2).await;
    locker.ping().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sentinel_that_names_a_replica_is_not_believed() {
    let replica = Redis::start().unwrap();
    let _: String = Outsider::at(&replica.url()).await.ask(&["REPLICAOF", "127.0.0.1", "1"]).await;
    let port = replica.port().to_string();
    let stale = parrot(vec![format!("*2\r\n$9\r\n127.0.0.1\r\n${}\r\n{port}\r\n", port.len())]).await;
    let error = ask(&locker(format!("redis-sentinel://{stale}/cron")), "job", 1).await.err().unwrap();
    assert!(error.to_string().contains("names a server that is not the master"), "{error}");
    let url = server::sentinel_url().replace("redis-sentinel://", &format!("redis-sentinel://{stale},"));
    take(&locker(url), &unique("job"), 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_no_sentinel_knows_is_named_in_the_error() {
    let url = server::sentinel_url().replace("/cron", "/nobody");
    let error = ask(&locker(url), "job", 1).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.to_string().contains("the Sentinel does not know the service"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_that_became_a_replica_is_left() {
    let servers = RedisSentinel::start().unwrap();
    let (locker, signal) = (locker(servers.url()), signal(servers.url()));
    take(&locker, "job", 1).await;
    live(&signal).await;
    servers.switch_over().unwrap();
    take(&locker, "job", 2).await;
    let at_master = Outsider::at(&servers.master_url().unwrap()).await;
    assert!(at_master.ask::<String>(&["GET", "cron-lock-job"]).await.contains(":2:"));
    // It follows when its connection ends, or when its own words no longer come back.
    while at_master.ask::<(String, i64)>(&["PUBSUB", "NUMSUB", "cron-lock-nudge"]).await.1 == 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_manager_handed_in_is_used_again_after_a_restart() {
    let mut server = Redis::start().unwrap();
    let client = redis::Client::open(server.url()).unwrap();
    let locker = locker(RedisOptions::client(client.get_connection_manager().await.unwrap()));
    for _ in 0..3 {
        take(&locker, "job", 1).await;
        server.restart().unwrap();
    }
    take(&locker, "job", 1).await;
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
