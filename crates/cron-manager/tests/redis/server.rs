//! Servers for tests, and a connection past the library.

use std::{
    env,
    sync::{
        Mutex, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use cron_manager::testing::conformance::locker::Time;
use redis::{
    Client, Cmd, FromRedisValue, RedisResult, aio::MultiplexedConnection, cluster::ClusterClient,
    cluster_async::ClusterConnection, cmd,
};
use servers::{Redis, RedisCluster, RedisSentinel};

/// The URL of the server that all tests share: the one of the environment, or one that ends with this process.
pub(crate) fn url() -> String {
    static OWN: OnceLock<Mutex<Redis>> = OnceLock::new();
    shared("CRON_MANAGER_TEST_REDIS_URL", &OWN, Redis::start, Redis::url)
}

/// As [`url`], of a cluster.
pub(crate) fn cluster_url() -> String {
    static OWN: OnceLock<Mutex<RedisCluster>> = OnceLock::new();
    shared("CRON_MANAGER_TEST_REDIS_CLUSTER_URL", &OWN, RedisCluster::start, RedisCluster::url)
}

/// As [`url`], of a service behind a Sentinel.
pub(crate) fn sentinel_url() -> String {
    static OWN: OnceLock<Mutex<RedisSentinel>> = OnceLock::new();
    shared("CRON_MANAGER_TEST_REDIS_SENTINEL_URL", &OWN, RedisSentinel::start, RedisSentinel::url)
}

fn shared<T>(
    variable: &str,
    own: &OnceLock<Mutex<T>>,
    start: impl Fn() -> std::io::Result<T>,
    url: impl Fn(&T) -> String,
) -> String {
    env::var(variable).unwrap_or_else(|_| url(&own.get_or_init(|| Mutex::new(start().unwrap())).lock().unwrap()))
}

/// A prefix, or a name, that no other test uses.
pub(crate) fn unique(what: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("{what}-{}-{}-", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Somebody with a connection of their own.
#[derive(Clone)]
pub(crate) enum Outsider {
    Server(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Outsider {
    /// At a URL as the library has it.
    pub(crate) async fn at(url: &str) -> Self {
        if let Some(nodes) = url.strip_prefix("redis-cluster://") {
            let nodes = nodes.split(',').map(|node| format!("redis://{node}"));
            return Self::Cluster(ClusterClient::new(nodes).unwrap().get_async_connection().await.unwrap());
        }
        let url = match url.strip_prefix("redis-sentinel://").and_then(|rest| rest.split_once('/')) {
            Some((sentinel, service)) => {
                let client = Client::open(format!("redis://{sentinel}")).unwrap();
                let mut sentinel = client.get_multiplexed_async_connection().await.unwrap();
                let ask = cmd("SENTINEL").arg("GET-MASTER-ADDR-BY-NAME").arg(service).clone();
                let [host, port]: [String; 2] = ask.query_async(&mut sentinel).await.unwrap();
                format!("redis://{host}:{port}")
            }
            None => url.to_owned(),
        };
        Self::Server(Client::open(url).unwrap().get_multiplexed_async_connection().await.unwrap())
    }

    pub(crate) async fn try_ask<T: FromRedisValue>(&self, words: &[&str]) -> RedisResult<T> {
        let mut command = Cmd::new();
        command.arg(words);
        match self.clone() {
            Self::Server(mut connection) => command.query_async(&mut connection).await,
            Self::Cluster(mut connection) => command.query_async(&mut connection).await,
        }
    }

    pub(crate) async fn ask<T: FromRedisValue>(&self, words: &[&str]) -> T {
        self.try_ask(words).await.unwrap()
    }
}

/// The time by which the keys with a prefix run out. Redis's own clock cannot be turned, but the keys can be made to end sooner.
pub(crate) struct KeyTime {
    pub(crate) outsider: Outsider,
    pub(crate) prefix: String,
}

#[async_trait]
impl Time for KeyTime {
    async fn pass(&self, length: Duration) {
        let length = i64::try_from(length.as_millis()).unwrap();
        for pattern in [format!("{}*", self.prefix), format!("{{{}*", self.prefix)] {
            let keys: Vec<String> = self.outsider.ask(&["KEYS", &pattern]).await;
            for key in keys {
                let left: i64 = self.outsider.ask(&["PTTL", &key]).await;
                // What has just run out by itself is gone as well; a key that would stay for ever is not ours.
                assert!(left != -1, "{key}");
                let _: i64 = self.outsider.ask(&["PEXPIRE", &key, &(left - length).to_string()]).await;
            }
        }
    }
}
