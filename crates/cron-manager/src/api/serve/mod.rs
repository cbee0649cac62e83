//! The listener: one port for HTTP/1.1 and HTTP/2, plain or encrypted, that nobody can wear out.
//!
//! | file | does |
//! |---|---|
//! | `options` | says how to serve, and whether that may be |
//! | `connection` | one connection, from its acceptance to its end |
//! | `limit` | the limits of one request |
//! | `body` | a body that is counted and timed |
//! | `tls` | certificate and key |

mod body;
mod connection;
mod limit;
mod options;
#[cfg(feature = "rest-tls")]
mod tls;

use std::{sync::Arc, time::Duration};

use axum::Router;
use tokio::{
    net::TcpListener,
    sync::{Semaphore, watch},
    task::JoinSet,
};

pub use options::{Limits, ServeOptions};
#[cfg(feature = "rest-tls")]
pub use tls::Tls;

use crate::{Error, Result};
use connection::Server;

/// How long to wait when no connection can be accepted, as when all of the process's file descriptors are in use.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// Serves `router` on `listener`, behind [`Access`](super::access::Access), over HTTP/1.1 and HTTP/2 (with prior knowledge, or as TLS
/// agrees), until `shutdown` ends; then lets requests that are under way finish. A client that is slow can hold that up: the caller bounds
/// it, and by dropping the future ends all connections.
///
/// Errors: failed precondition (the listener can be reached from other machines, and no token is asked for, or tokens would travel
/// unencrypted), unavailable (the listener or the store does not answer).
pub async fn serve(
    listener: TcpListener,
    router: Router,
    options: ServeOptions,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<()> {
    let broken = |error| Error::unavailable("the listener does not work").with_source(error);
    options.check(listener.local_addr().map_err(broken)?).await?;
    let room = Arc::new(Semaphore::new(options.limits.connections.min(Semaphore::MAX_PERMITS)));
    let clock = Arc::clone(options.access.clock());
    let server = Arc::new(Server::new(router, options));
    let (stop, stopping) = watch::channel(());
    let mut connections = JoinSet::new();
    let accepting = async {
        loop {
            // Never closed.
            let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
            match listener.accept().await {
                Ok((stream, peer)) => {
                    let (server, stopping) = (Arc::clone(&server), stopping.clone());
                    connections.spawn(async move {
                        server.connection(stream, peer, stopping).await;
                        drop(permit);
                    });
                }
                Err(error) if connection::is_of_client(&error) => {}
                Err(error) => {
                    tracing::error!(%error, "no connection can be accepted");
                    clock.sleep_until(clock.elapsed() + AGAIN_AFTER).await;
                }
            }
            while connections.try_join_next().is_some() {}
        }
    };
    tokio::select! {
        biased;
        () = shutdown => {}
        () = accepting => {}
    }
    drop(listener);
    // All connections see that its sender is gone.
    drop(stop);
    while connections.join_next().await.is_some() {}
    Ok(())
}
