//! Jobs that call a URL.
//!
//! Who may write configs names the URL, so a call must not reach what only this machine can: its name is resolved once, all its addresses
//! are checked, and the connection goes to one of those that were. No proxy of the environment is asked, and no redirect is followed.
//!
//! | file | does |
//! |---|---|
//! | `address` | knows which addresses are public |
//! | `resolve` | finds a name's addresses, and refuses those that must not be called |
//! | `connect` | connects to one of them |
//! | `headers` | opens the values of secret headers |
//! | `request`, `answer` | say what is sent, and what becomes of the answer |

mod address;
mod answer;
mod connect;
mod headers;
mod request;
mod resolve;

use std::{future::pending, sync::Arc, time::Duration};

use async_trait::async_trait;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use url::Url;

pub use resolve::{Resolve, SystemResolver};

use crate::{
    ActiveRun, Error, Handler, HandlerResult, HttpJob, JobType, Result,
    contracts::{Clock, Sealer},
};

/// How long connecting may take, names and encryption included.
const CONNECT: Duration = Duration::from_secs(10);
/// How long a call may take, when the config has no timeout.
const CALL: Duration = Duration::from_secs(5 * 60);
/// The largest head of an answer, in bytes.
const HEAD: usize = 16 * 1024;

/// Calls the URLs of [`HttpJob`]s.
pub struct HttpRunner {
    clock: Arc<dyn Clock>,
    resolver: Arc<dyn Resolve>,
    tls: Arc<ClientConfig>,
    allow_private: bool,
    sealer: Option<Arc<dyn Sealer>>,
}

impl HttpRunner {
    /// A runner that calls public addresses alone, and trusts the certificates of Mozilla's list.
    ///
    /// Errors: internal, when the cryptography of this build does not fit together.
    pub fn new(clock: Arc<dyn Clock>) -> Result<Self> {
        let tls = connect::trusting(connect::public_roots());
        let tls = tls.map_err(|error| Error::internal("no encrypted connections can be made").with_source(error))?;
        Ok(Self { clock, resolver: Arc::new(SystemResolver), tls, allow_private: false, sealer: None })
    }

    /// Whether it also calls this machine and closed networks.
    #[must_use]
    pub fn allow_private_addresses(self, allow: bool) -> Self {
        Self { allow_private: allow, ..self }
    }

    /// Who opens the values of secret headers; without one, jobs that have such headers fail.
    #[must_use]
    pub fn sealer(self, sealer: Option<Arc<dyn Sealer>>) -> Self {
        Self { sealer, ..self }
    }

    /// Who finds the addresses of names.
    #[must_use]
    pub fn resolver(self, resolver: Arc<dyn Resolve>) -> Self {
        Self { resolver, ..self }
    }

    async fn run(&self, job: &HttpJob, run: &ActiveRun) -> HandlerResult {
        let url = Url::parse(&job.url).map_err(|error| format!("the URL cannot be read: {error}"))?;
        let headers = headers::opened(job, run.config().name.as_str(), self.sealer.as_deref())?;
        let request = request::request(&url, job.method, &headers, run)?;
        let row = run.run();
        tracing::debug!(job = %row.name, run_id = %row.id, trace_id = row.outgoing_trace().trace_id(), host = url.host_str(), "a URL is called");
        let connect = async {
            let addresses = resolve::addresses(&url, &*self.resolver, self.allow_private).await?;
            connect::connect(&url, &addresses, &self.tls).await
        };
        let stream = tokio::select! {
            connected = connect => connected?,
            () = self.after(CONNECT) => return Err(format!("no connection within {} s", CONNECT.as_secs())),
        };
        let (mut sender, connection) = http1::Builder::new()
            .max_buf_size(HEAD)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| format!("no request can be sent: {error}"))?;
        // What is wrong with the connection is told to the exchange, too.
        let carry = async {
            let _ = connection.await;
            pending().await
        };
        let exchange = async {
            let answer = sender.send_request(request).await;
            answer::judge(answer.map_err(|error| format!("no answer: {}", chain(&error)))?).await
        };
        tokio::select! {
            result = exchange => result,
            never = carry => never,
        }
    }

    async fn after(&self, length: Duration) {
        self.clock.sleep_until(self.clock.elapsed() + length).await;
    }
}

#[async_trait]
impl Handler for HttpRunner {
    async fn call(&self, run: ActiveRun) -> HandlerResult {
        let JobType::Http(job) = &run.config().job_type else {
            return Err(format!("a job of the type {} is not a URL to call", run.config().job_type.kind()));
        };
        let limit = async {
            match run.timeout() {
                Some(_) => pending().await,
                None => self.after(CALL).await,
            }
        };
        // What is dropped closes its connection.
        tokio::select! {
            biased;
            why = run.stopped() => Err(format!("{why} before the answer came")),
            () = limit => Err(format!("no answer within {} s, which is the limit where the config has no timeout", CALL.as_secs())),
            result = self.run(job, &run) => result,
        }
    }
}

/// An error with what caused it.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
