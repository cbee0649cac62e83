//! A server for one test, and clients that send exactly the bytes they are told to.

use std::{future::pending, net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, routing::any};
use cron_manager::{
    Result,
    api::{
        access::{Access, TokenSource},
        serve::{Limits, ServeOptions, serve},
    },
    backends::system::SystemClock,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
};

use crate::source::Source;

/// Limits that a test need not wait for.
pub(crate) const SOON: Duration = Duration::from_millis(200);

pub(crate) struct Serving {
    pub(crate) address: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<Result<()>>,
}

/// Access without tokens, by this machine's clock.
pub(crate) fn open() -> Access {
    Access::by(Arc::new(Source::default()) as Arc<dyn TokenSource>, Arc::new(SystemClock))
}

/// Routes that read the whole body, and one that never answers.
pub(crate) fn routes() -> Router {
    let length = async |body: axum::body::Body| {
        axum::body::to_bytes(body, usize::MAX).await.map(|body| body.len().to_string()).unwrap_or_default()
    };
    Router::new()
        .route("/length", any(length))
        .route("/never", any(async || pending::<()>().await))
        .fallback(async || "hello")
}

impl Serving {
    pub(crate) async fn start(limits: Limits) -> Self {
        Self::with(ServeOptions { limits, ..ServeOptions::new(open()) }, routes()).await
    }

    pub(crate) async fn with(options: ServeOptions, router: Router) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        #[expect(clippy::disallowed_methods, reason = "a test on a runtime of its own")]
        let served = tokio::spawn(serve(listener, router, options, async move {
            let _ = stopped.await;
        }));
        Self { address, stop, served }
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// What the server answers to these bytes, until it closes the connection.
    pub(crate) async fn answer(&self, request: &[u8]) -> String {
        let (mut read, mut write) = self.connect().await.into_split();
        let mut answer = Vec::new();
        let (_, _) = tokio::join!(write.write_all(request), read.read_to_end(&mut answer));
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Drops the server in the middle of its work.
    pub(crate) async fn drop(self) {
        self.served.abort();
        assert!(self.served.await.unwrap_err().is_cancelled());
    }

    /// Tells the server to end, and waits until it has.
    pub(crate) async fn stop(self) {
        self.stop.send(()).unwrap();
        self.served.await.unwrap().unwrap();
    }
}
