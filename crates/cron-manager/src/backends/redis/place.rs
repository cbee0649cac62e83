//! Where the servers are, and how to connect to them.

use std::{sync::Arc, time::Duration};

use futures_util::future::{BoxFuture, select_ok};
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, ErrorKind, RedisResult, Value,
    aio::{MultiplexedConnection, PubSub},
    cluster::ClusterClient,
    cmd,
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
    sentinels: Vec<Client>,
    name: String,
    /// User and database, at an address that means nothing.
    server: ConnectionInfo,
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
            Where::Sentinel { sentinels, service, server } => {
                let sentinels = sentinels.into_iter().map(Client::open).collect::<RedisResult<_>>()?;
                Self::Sentinel(Service { sentinels, name: service, server })
            }
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
        Ok(match self {
            Self::Server(server) => Arc::new(connect(server).await?),
            Self::Sentinel(service) => Arc::new(service.master().await?.1),
            Self::Cluster { client, .. } => Arc::new(client.get_async_connection().await?),
            Self::Client(client) => Arc::clone(client),
        })
    }

    /// A new connection that hears what is said on the channel. In a cluster, any node hears all. How long that may take is up to the caller.
    pub(super) async fn listen(&self, channel: &str) -> RedisResult<PubSub> {
        let mut listener = match self {
            Self::Client(_) => return Err((ErrorKind::Client, "no way to listen").into()),
            Self::Server(server) => server.get_async_pubsub().await?,
            Self::Sentinel(service) => service.master().await?.0.get_async_pubsub().await?,
            Self::Cluster { nodes, .. } => first(nodes.iter().map(Client::get_async_pubsub)).await?,
        };
        listener.subscribe(channel).await?;
        Ok(listener)
    }
}

impl Service {
    /// The present master and a connection to it, by the Sentinel that first knows one. As the guidelines for clients have it
    /// (<https://redis.io/docs/latest/develop/reference/sentinel-clients/>), the server is asked whether it is the master.
    async fn master(&self) -> RedisResult<(Client, MultiplexedConnection)> {
        first(self.sentinels.iter().map(|sentinel| self.named_by(sentinel))).await
    }

    async fn named_by(&self, sentinel: &Client) -> RedisResult<(Client, MultiplexedConnection)> {
        let no_master = |what| (ErrorKind::MasterNameNotFoundBySentinel, what);
        let ask = cmd("SENTINEL").arg("GET-MASTER-ADDR-BY-NAME").arg(&self.name).to_owned();
        let named: Option<(String, u16)> = ask.query_async(&mut connect(sentinel).await?).await?;
        let (host, port) = named.ok_or(no_master("the Sentinel does not know the service"))?;
        let address = match self.server.addr() {
            ConnectionAddr::TcpTls { .. } => ConnectionAddr::TcpTls { host, port, insecure: false, tls_params: None },
            _ => ConnectionAddr::Tcp(host, port),
        };
        let master = Client::open(self.server.clone().set_addr(address))?;
        let mut connection = connect(&master).await?;
        let role: Vec<Value> = cmd("ROLE").query_async(&mut connection).await?;
        match role.into_iter().next().map(redis::from_redis_value::<String>).transpose()?.as_deref() {
            Some("master") => Ok((master, connection)),
            _ => Err(no_master("the Sentinel names a server that is not the master").into()),
        }
    }
}

/// A connection that leaves it to its user how long to wait.
async fn connect(server: &Client) -> RedisResult<MultiplexedConnection> {
    let patient = AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None);
    server.get_multiplexed_async_connection_with_config(&patient).await
}

/// The first that succeeds, or the last error.
async fn first<'a, T>(tries: impl Iterator<Item = impl Future<Output = RedisResult<T>> + Send + 'a>) -> RedisResult<T> {
    let tries = tries.map(|one| -> BoxFuture<'a, RedisResult<T>> { Box::pin(one) });
    Ok(select_ok(tries).await?.0)
}
