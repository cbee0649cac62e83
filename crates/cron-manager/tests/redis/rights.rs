//! What a user of Redis must be let do.

use cron_manager::{
    ErrorKind,
    backends::redis::RedisOptions,
    contracts::{Locked, Locker, Signal},
};
use servers::{Redis, RedisCluster};

use crate::{
    server::Outsider,
    support::{TTL, ask, ask_with_tick, live, locker, signal, take},
};

/// As docs/redis.md has them.
const RIGHTS: &str = "~cron-lock-* ~{cron-lock-*}:tick &cron-lock-nudge \
    +ping +set +get +pexpire +del +eval +evalsha +publish +subscribe +unsubscribe";

async fn create_user(url: &str, rights: &str) {
    let words: Vec<_> =
        ["ACL", "SETUSER", "cron", "reset", "on", ">secret"].into_iter().chain(rights.split_whitespace()).collect();
    let _: String = Outsider::at(url).await.ask(&words).await;
}

fn with_user(url: &str, password: &str) -> RedisOptions {
    RedisOptions::from(url.replacen("://", &format!("://cron:{password}@"), 1))
}

async fn everything_works(options: RedisOptions) {
    let (locker, signal) = (locker(options.clone()), signal(options));
    locker.ping().await.unwrap();
    let lower = take(&locker, "job", 1).await;
    let lease = take(&locker, "job", 2).await;
    assert!(!lower.release().await.unwrap());
    assert!(lease.extend(TTL).await.unwrap());
    assert!(lease.release().await.unwrap());
    let with_tick = ask_with_tick(&locker, "job", 3, Some(60)).await.unwrap();
    assert!(matches!(with_tick, Locked::Mine(_)));
    live(&signal).await;
    let nudged = signal.nudged();
    signal.nudge();
    nudged.await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_rights_that_are_documented_are_enough() {
    let server = Redis::start().unwrap();
    create_user(&server.url(), RIGHTS).await;
    everything_works(with_user(&server.url(), "secret")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_cluster_one_more_is() {
    let cluster = RedisCluster::start().unwrap();
    for url in cluster.urls() {
        create_user(&url, &format!("{RIGHTS} +cluster|slots")).await;
    }
    everything_works(with_user(&cluster.url(), "secret")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_who_is_not_let_in_or_lacks_a_right_is_told_so() {
    let server = Redis::start().unwrap();
    create_user(&server.url(), "~other-* +@all").await;
    let refused = async |password| ask(&locker(with_user(&server.url(), password)), "job", 1).await.err().unwrap();
    for (password, what) in [("wrong", "let this user in"), ("secret", "lacks a right")] {
        let error = refused(password).await;
        assert_eq!(error.kind(), ErrorKind::FailedPrecondition, "{error}");
        assert!(error.message().contains(what) && !error.to_string().contains("wrong"), "{error}");
    }
}
