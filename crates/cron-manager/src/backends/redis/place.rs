//! Where the servers are, and how to connect to them.

use std::{sync::Arc, time::Duration};

use futures_util::future::{BoxFuture, select_ok};
use redis::{
    AsyncConnectionConfig, Client, ConnectionInfo, RedisResult, TlsMode,
    aio::PubSub,
    cluster::ClusterClient,
    sentinel::{Sentinel, SentinelNodeConnectionInfo},
};

use super::{error::from_redis, line::Wire, options::Source, url::Where};
use crate::Result;

/// Where the servers are.
pub(super) enum Place {
    Server(Client),
    Sentinel(Service),
    Cluster {
        client: Box<ClusterClient>,
        nodes: Vec<Client>,
    },
    /// Somebody else sees to that.
    Client(Arc<dyn Wire>),
}

/// A service that Sentinels know the master of.
pub(super) struct Service {
    sentinels: Vec<ConnectionInfo>,
    name: String,
    server: SentinelNodeConnectionInfo,
}

impl Place {
    /// Errors: invalid argument (`redisUrl`).
    pub(super) fn of(source: &Source, timeout: Duration) -> Result<Self> {
        match source {
            Source::Client(client) => Ok(Self::Client(Arc::clone(client))),
            Source::Url(url) => Self::at(Where::of(url)?, timeout).map_err(from_redis),
        }
    }

    fn at(place: Where, timeout: Duration) -> RedisResult<Self> {
        Ok(match place {
            Where::Server(server) => Self::Server(Client::open(server)?),
            Where::Sentinel { sentinels, service, server } => Self::Sentinel(Service::new(sentinels, service, &server)),
            Where::Cluster(nodes) => {
                let client = ClusterClient::builder(nodes.clone());
                let client = client.connection_timeout(timeout).response_timeout(timeout).build()?;
                Self::Cluster {
                    client: Box::new(client),
                    nodes: nodes.into_iter().map(Client::open).collect::<RedisResult<_>>()?,
                }
            }
        })
    }

    /// Whether words can be heard here.
    pub(super) fn has_ears(&self) -> bool {
        !matches!(self, Self::Client(_))
    }

    /// A new connection for commands. How long that may take is up to the caller.
    pub(super) async fn connect(&self) -> RedisResult<Arc<dyn Wire>> {
        let server = match self {
            Self::Client(client) => return Ok(Arc::clone(client)),
            Self::Cluster { client, .. } => return Ok(Arc::new(client.get_async_connection().await?)),
            Self::Server(server) => server,
            Self::Sentinel(service) => &service.master().await?,
        };
        let patient = AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None);
        Ok(Arc::new(server.get_multiplexed_async_connection_with_config(&patient).await?))
    }

    /// A new connection that hears what is said on the channel. In a cluster, any node hears all. How long that may take is up to the caller.
    pub(super) async fn listen(&self, channel: &str) -> RedisResult<PubSub> {
        let mut listener = match self {
            Self::Client(_) => return Err((redis::ErrorKind::Client, "no way to listen").into()),
            Self::Server(server) => server.get_async_pubsub().await?,
            Self::Sentinel(service) => service.master().await?.get_async_pubsub().await?,
            Self::Cluster { nodes, .. } => first(nodes.iter().map(Client::get_async_pubsub)).await?,
        };
        listener.subscribe(channel).await?;
        Ok(listener)
    }
}

impl Service {
    fn new(sentinels: Vec<ConnectionInfo>, name: String, server: &ConnectionInfo) -> Self {
        let node = SentinelNodeConnectionInfo::default().set_redis_connection_info(server.redis_settings().clone());
        let encrypted = matches!(server.addr(), redis::ConnectionAddr::TcpTls { .. });
        let server = if encrypted { node.set_tls_mode(TlsMode::Secure) } else { node };
        Self { sentinels, name, server }
    }

    /// The present master, by the Sentinel that answers first; it was asked whether it is one.
    async fn master(&self) -> RedisResult<Client> {
        let ask = async |sentinel: &ConnectionInfo| {
            let mut sentinel = Sentinel::build(vec![sentinel.clone()])?;
            sentinel.async_master_for(&self.name, Some(&self.server)).await
        };
        first(self.sentinels.iter().map(ask)).await
    }
}

/// The first that succeeds, or the last error.
async fn first<'a, T>(tries: impl Iterator<Item = impl Future<Output = RedisResult<T>> + Send + 'a>) -> RedisResult<T> {
    let tries = tries.map(|one| -> BoxFuture<'a, RedisResult<T>> { Box::pin(one) });
    Ok(select_ok(tries).await?.0)
}
