//! One connection, from its acceptance to its end.

use std::{
    convert::Infallible,
    io::{self, ErrorKind},
    net::SocketAddr,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use axum::{Router, response::Response};
use hyper::{Request, body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::watch,
};
use tower::ServiceExt;

use super::{super::access::Peer, Limits, ServeOptions, limit};
use crate::contracts::BoxFuture;

/// What all connections of a listener share.
pub(super) struct Server {
    router: Router,
    builder: auto::Builder<TokioExecutor>,
    options: ServeOptions,
}

impl Server {
    pub(super) fn new(router: Router, options: ServeOptions) -> Self {
        let router = Arc::clone(&options.access).guard(router);
        let router = limit::limit(router, &options.limits, Arc::clone(options.access.clock()));
        Self { router, builder: builder(&options.limits), options }
    }

    /// Serves one client. `stopping` has lost its sender when there are to be no new requests.
    pub(super) async fn connection(&self, stream: TcpStream, peer: SocketAddr, stopping: watch::Receiver<()>) {
        // Only a matter of speed.
        let _ = stream.set_nodelay(true);
        let clock = self.options.access.clock();
        let deadline = clock.sleep_until(clock.elapsed() + self.options.limits.head_timeout);
        #[cfg(feature = "rest-tls")]
        if let Some(tls) = &self.options.tls {
            let mut deadline = deadline;
            let stream = tokio::select! {
                stream = tls.accept(stream) => stream,
                () = &mut deadline => return,
            };
            match stream {
                Ok(stream) => self.requests(stream, peer, stopping, deadline).await,
                Err(error) => tracing::debug!(%peer, %error, "no encrypted connection came about"),
            }
            return;
        }
        self.requests(stream, peer, stopping, deadline).await;
    }

    /// Answers requests; `deadline` is for the first one.
    async fn requests<S>(
        &self,
        stream: S,
        peer: SocketAddr,
        mut stopping: watch::Receiver<()>,
        mut deadline: BoxFuture<()>,
    ) where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let asked = Arc::new(AtomicBool::new(false));
        let service = service_fn(|mut request: Request<Incoming>| {
            asked.store(true, Ordering::Relaxed);
            request.extensions_mut().insert(Peer(peer));
            let router = self.router.clone();
            async move { Ok::<Response, Infallible>(router.oneshot(request).await.unwrap_or_else(|never| match never {})) }
        });
        let mut served = pin!(self.builder.serve_connection(TokioIo::new(stream), service));
        let (mut is_timed, mut is_stopping) = (true, false);
        loop {
            tokio::select! {
                done = served.as_mut() => {
                    if let Err(error) = done {
                        tracing::debug!(%peer, %error, "a connection ended in the middle");
                    }
                    return;
                }
                () = &mut deadline, if is_timed => {
                    if !asked.load(Ordering::Relaxed) {
                        return tracing::debug!(%peer, "a connection was closed: no request came");
                    }
                    is_timed = false;
                }
                _ = stopping.changed(), if !is_stopping => {
                    is_stopping = true;
                    served.as_mut().graceful_shutdown();
                }
            }
        }
    }
}

fn builder(limits: &Limits) -> auto::Builder<TokioExecutor> {
    /// hyper takes no smaller buffer.
    const LEAST: usize = 8 * 1024;
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_timeout)
        .max_buf_size(limits.head.max(LEAST));
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.streams)
        .max_pending_accept_reset_streams(limits.reset_streams)
        .max_local_error_reset_streams(limits.reset_streams)
        .max_header_list_size(u32::try_from(limits.head).unwrap_or(u32::MAX))
        .keep_alive_interval(limits.ping_every)
        .keep_alive_timeout(limits.ping_every);
    builder
}

/// Whether it is about the one connection that was to be accepted.
pub(super) fn is_of_client(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::ConnectionRefused | ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset)
}
