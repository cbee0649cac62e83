//! A replica of ours.

use std::{sync::Arc, time::Duration};

use cron_manager::{CronManager, Tick, backends::redis::RedisOptions};
use servers::{Postgres, Redis};
use tokio::time::sleep;

use crate::{AT_LEAST, BARE, HELD, TAKES, journal::Journal};

/// A manager on the database and the Redis, with both jobs due each second. The second replica brings the service's own Redis client.
pub(crate) async fn join(replica: u8, postgres: &Postgres, redis: &Redis, journal: &Journal) -> CronManager {
    let builder = CronManager::builder().database_url(postgres.url());
    let builder = match replica {
        1 => builder.redis_url(redis.url()),
        _ => {
            let client = redis::Client::open(redis.url()).unwrap().get_connection_manager().await.unwrap();
            builder.redis(RedisOptions::client(client))
        }
    };
    let manager = builder.build().await.unwrap();
    for (name, at_least) in [(BARE, Duration::ZERO), (HELD, AT_LEAST)] {
        let journal = Arc::new(journal.clone());
        let handler = async move |Tick(due): Tick| {
            let write = |what| journal.write(&format!("ours-{replica}"), name, due.as_second(), what);
            write("start");
            sleep(Duration::from_millis(TAKES)).await;
            write("end");
        };
        let job = manager.job(name).every(Duration::from_secs(1)).distributed(true).ttl(Duration::from_secs(20));
        job.lock_at_least_for(at_least).run(handler).await.unwrap();
    }
    manager.start();
    manager
}
