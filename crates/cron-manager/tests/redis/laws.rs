//! The laws of the contracts.

use std::{any::Any, sync::Arc};

use cron_manager::{
    backends::redis::RedisOptions,
    contracts::Signal,
    testing::{ManualClock, conformance::locker::Timed},
};

use crate::{
    server::{KeyTime, Outsider, unique},
    support,
};

type Made<T> = (T, Box<dyn Any>);

async fn locker(url: String, options: RedisOptions) -> Made<Timed> {
    let prefix = unique("laws");
    let time = KeyTime { outsider: Outsider::at(&url).await, prefix: prefix.clone() };
    ((Arc::new(support::locker(options.prefix(prefix))), Arc::new(time)), Box::new(()))
}

/// Two ends of one line, which stands.
async fn signals(url: String) -> Made<(Arc<dyn Signal>, Arc<dyn Signal>)> {
    let options = RedisOptions::from(url).prefix(unique("laws"));
    let (one, other) = (support::signal(options.clone()), support::signal(options));
    support::live(&one).await;
    support::live(&other).await;
    ((Arc::new(one), Arc::new(other)), Box::new(()))
}

macro_rules! all_laws {
    ($place:ident, $url:path) => {
        mod $place {
            use super::*;

            async fn locker(_: ManualClock) -> Made<Timed> {
                super::locker($url(), $url().into()).await
            }

            async fn signals(_: ManualClock) -> Made<(Arc<dyn Signal>, Arc<dyn Signal>)> {
                super::signals($url()).await
            }

            cron_manager::locker_laws!(locker);
            cron_manager::signal_laws!(signals);
        }
    };
}

all_laws!(on_a_server, crate::server::url);
all_laws!(on_a_cluster, crate::server::cluster_url);
all_laws!(behind_a_sentinel, crate::server::sentinel_url);

mod with_a_client_handed_in {
    use super::*;
    use crate::server;

    async fn locker(_: ManualClock) -> Made<Timed> {
        let client = redis::Client::open(server::url()).unwrap();
        let connection = client.get_multiplexed_async_connection().await.unwrap();
        super::locker(server::url(), RedisOptions::client(connection)).await
    }

    cron_manager::locker_laws!(locker);
}
