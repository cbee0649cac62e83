//! A client of the API: what a manager can be asked, asked of a running server, over gRPC.
//!
//! | file | does |
//! |---|---|
//! | `builder` | says where the server is, and how to ask it |
//! | `call` | makes one call: who asks and why, how long it may take, what is asked again |
//! | `configs`, `calendars`, `control`, `ask`, `runs`, `access` | the methods |
//! | `pages` | lists, page by page |
//! | `error` | turns answers back into errors |
//!
//! What it takes are the nouns of this crate; what it returns are the API's messages, just as the server sent them: those of a newer server lose
//! nothing here, and [`to_json`](proto::CronConfig::to_json) shows them as plain HTTP does.

mod access;
mod ask;
mod builder;
mod calendars;
mod call;
mod configs;
mod control;
mod error;
mod pages;
mod runs;

use std::{sync::Arc, time::Duration};

use tonic::{
    metadata::{Ascii, MetadataValue},
    transport::Channel,
};

pub use crate::api::proto;
use crate::{Result, TraceParent, contracts::Clock};
pub use access::AuditFilter;
pub use builder::ClientBuilder;
pub use configs::ConfigFilter;
pub use runs::RunFilter;

/// Asks a server. Its clones ask over the same connection, which is made when it is first needed, and again when it broke.
///
/// A call that never reached the server, because no connection could be made, is made again up to three times, after pauses that grow. So is one
/// whose answer was lost on the way, if it only reads, or carries a request id, under which the server does once what it is asked twice. Another
/// write is never sent twice: that it is unavailable may mean that it happened.
///
/// ```
/// # use std::future::pending;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
/// # let url = format!("http://{}", listener.local_addr()?);
/// # let manager = cron_manager::CronManager::builder().build().await?;
/// # #[expect(clippy::disallowed_methods)]
/// # tokio::spawn(cron_manager::api::rest::serve(listener, manager, pending()));
/// use cron_manager::{Client, CronConfigFields, CronConfigId, ErrorKind};
///
/// let client = Client::connect(&url).await?; // such as http://127.0.0.1:8787
/// let config = client.create_cron_config(&CronConfigFields::named("send-invoices").cron("30 2 * * *", "Europe/Berlin")).await?;
/// let id = CronConfigId(config.id());
///
/// let on = CronConfigFields::default().enabled(true);
/// let changed = client.because("the shop opens").update_cron_config(id, &on, Some(config.etag())).await?;
/// assert!(changed.enabled());
///
/// let late = client.update_cron_config(id, &on, Some(config.etag())).await.unwrap_err();
/// assert_eq!(late.kind(), ErrorKind::Conflict);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client {
    channel: Channel,
    /// For messages; no secret is in it.
    url: Arc<str>,
    authorization: Option<MetadataValue<Ascii>>,
    reason: Option<String>,
    asked_in: Option<TraceParent>,
    call_timeout: Duration,
    repeats: u32,
    clock: Arc<dyn Clock>,
}

impl Client {
    /// A client of the server at `url`, such as `http://127.0.0.1:8787`; for a token, encryption and timeouts, see [`Self::builder`].
    /// It is not connected yet: that the server is there shows with the first call.
    ///
    /// Errors: invalid argument (`url`).
    pub async fn connect(url: &str) -> Result<Self> {
        Self::builder(url).build().await
    }

    /// The parts of a client of the server at `url`.
    pub fn builder(url: &str) -> ClientBuilder {
        ClientBuilder::new(url)
    }

    /// The same client, whose changes carry a reason for the audit.
    #[must_use]
    pub fn because(&self, reason: impl Into<String>) -> Self {
        Self { reason: Some(reason.into()), ..self.clone() }
    }

    /// The same client, in whose calls the server sees this trace.
    #[must_use]
    pub fn traced(&self, asked_in: TraceParent) -> Self {
        Self { asked_in: Some(asked_in), ..self.clone() }
    }
}

/// Without the token.
impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("url", &self.url).finish_non_exhaustive()
    }
}
