//! PUBLISH and SUBSCRIBE.

use cron_manager::{backends::redis::RedisOptions, contracts::Signal};
use futures_util::StreamExt;
use servers::{Redis, RedisSentinel};

use crate::{
    server::{self, Outsider, unique},
    support::{down, live, signal},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_listens_again_after_its_connection_was_ended() {
    let server = Redis::start().unwrap();
    let (one, other) = (signal(server.url()), signal(server.url()));
    live(&one).await;
    live(&other).await;
    let nudged = one.nudged();
    let _: i64 = Outsider::at(&server.url()).await.ask(&["CLIENT", "KILL", "TYPE", "pubsub"]).await;
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
    let mut server = Redis::ended().unwrap();
    let signal = signal(server.url());
    assert!(!signal.is_live());
    let nudged = signal.nudged();
    signal.nudge();
    nudged.await;
    server.restart().unwrap();
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
    let prefix = unique("many");
    let signal = signal(RedisOptions::from(server::url()).prefix(&prefix));
    live(&signal).await;
    let client = redis::Client::open(server::url()).unwrap();
    let mut listener = client.get_async_pubsub().await.unwrap();
    let channel = format!("{prefix}nudge");
    listener.subscribe(&channel).await.unwrap();
    for _ in 0..NUDGES {
        signal.nudge();
    }
    let mut heard = listener.on_message();
    heard.next().await.unwrap();
    let _: i64 = Outsider::at(&server::url()).await.ask(&["PUBLISH", &channel, "end"]).await;
    let mut words = 1;
    while heard.next().await.unwrap().get_payload_bytes() != b"end" {
        words += 1;
    }
    assert!(words <= 10, "{words} words for {NUDGES} nudges");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_said_on_the_channel_is_a_nudge_and_nothing_elsewhere_is() {
    let prefix = unique("here");
    let signal = signal(RedisOptions::from(server::url()).prefix(&prefix));
    live(&signal).await;
    let outsider = Outsider::at(&server::url()).await;
    let (channel, elsewhere) = (format!("{prefix}nudge"), format!("{prefix}nudge2"));
    for word in ["", "\u{0}\u{1f4a9}", &"x".repeat(1_000_000)] {
        let nudged = signal.nudged();
        assert_eq!(outsider.ask::<i64>(&["PUBLISH", &elsewhere, word]).await, 0);
        assert_eq!(outsider.ask::<i64>(&["PUBLISH", &channel, word]).await, 1);
        nudged.await;
    }
    assert!(signal.is_live());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signal_that_is_dropped_listens_no_more() {
    let prefix = unique("dropped");
    let signal = signal(RedisOptions::from(server::url()).prefix(&prefix));
    live(&signal).await;
    let outsider = Outsider::at(&server::url()).await;
    let channel = format!("{prefix}nudge");
    let listeners = async || outsider.ask::<(String, i64)>(&["PUBSUB", "NUMSUB", &channel]).await.1;
    assert_eq!(listeners().await, 1);
    drop(signal);
    while listeners().await > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_client_handed_in_it_speaks_and_is_never_live() {
    let prefix = unique("handed");
    let client = redis::Client::open(server::url()).unwrap().get_multiplexed_async_connection().await.unwrap();
    let deaf = signal(RedisOptions::client(client).prefix(&prefix));
    let hearing = signal(RedisOptions::from(server::url()).prefix(&prefix));
    live(&hearing).await;
    let nudged = hearing.nudged();
    deaf.nudge();
    nudged.await;
    assert!(!deaf.is_live());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_follows_the_master_after_a_failover() {
    let mut servers = RedisSentinel::start().unwrap();
    let (one, other) = (signal(servers.url()), signal(servers.url()));
    live(&one).await;
    live(&other).await;
    servers.fail_over().unwrap();
    live(&one).await;
    live(&other).await;
    let nudged = one.nudged();
    other.nudge();
    nudged.await;
    let listeners = Outsider::at(&servers.master_url().unwrap()).await;
    let (_, count): (String, i64) = listeners.ask(&["PUBSUB", "NUMSUB", "cron-lock-nudge"]).await;
    assert_eq!(count, 2);
}
