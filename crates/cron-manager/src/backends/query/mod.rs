//! Jobs that run a statement on a PostgreSQL that the operator of the server has listed.
//!
//! Who may write configs writes the statement, so it is run as a login that may do no more than what its writers may: what a statement could
//! undo (`RESET ROLE`, `set_config`) leads back to that login. Each run has a connection of its own, which is closed after it.
//!
//! | file | does |
//! |---|---|
//! | `session` | connects, refuses logins with too many rights, runs one statement in a transaction |
//! | `rows` | makes JSON of what comes back |

mod rows;
mod session;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use tracing::{instrument::WithSubscriber, subscriber::NoSubscriber};

use crate::{
    ActiveRun, Error, Handler, HandlerResult, JobType, ListedConnection, QueryJob, Result,
    contracts::{Clock, Sealer},
};
use session::Session;

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(10);
/// How much longer than its own limit a statement is waited for.
const SLACK: Duration = Duration::from_secs(5);
/// How long a statement may take to end that was told to.
const STOP: Duration = Duration::from_secs(2);

/// Runs statements on one listed connection.
pub struct QueryRunner {
    connection: ListedConnection,
    sealer: Arc<dyn Sealer>,
    clock: Arc<dyn Clock>,
}

impl QueryRunner {
    /// A runner of statements that `sealer` opens.
    ///
    /// Errors: invalid argument (`connections`), without the URL.
    pub fn new(connection: ListedConnection, sealer: Arc<dyn Sealer>, clock: Arc<dyn Clock>) -> Result<Self> {
        connection.check()?;
        if session::options(&connection.url).is_none() {
            return Err(Error::invalid("connections", "the URL is not one of a PostgreSQL"));
        }
        Ok(Self { connection, sealer, clock })
    }

    async fn run(&self, job: &QueryJob, run: &ActiveRun) -> HandlerResult {
        let place = QueryJob::place(run.config().name.as_str(), &job.connection);
        let sql =
            self.sealer.open(&job.sql, &place).map_err(|error| format!("the statement cannot be read: {error}"))?;
        let connect = session::connect(&self.connection);
        let mut session = tokio::select! {
            session = connect => session?,
            why = run.stopped() => return Err(format!("{why} before there was a connection")),
            () = self.after(CONNECT) => return Err(format!("no connection within {} s", CONNECT.as_secs())),
        };
        let backend = session.backend();
        let ended = tokio::select! {
            result = session.run(&sql, &self.connection) => return result,
            why = run.stopped() => why.to_string(),
            () = self.after(self.connection.statement_timeout + SLACK) => "no answer within the connection's statement_timeout".into(),
        };
        // Closing the connection would not be noticed before the statement ends by itself.
        drop(session);
        tokio::select! {
            () = session::end(&self.connection, backend) => {}
            () = self.after(STOP) => {}
        }
        Err(format!("{ended}: the statement was ended, and what it did taken back"))
    }

    async fn after(&self, length: Duration) {
        self.clock.sleep_until(self.clock.elapsed() + length).await;
    }
}

#[async_trait]
impl Handler for QueryRunner {
    async fn call(&self, run: ActiveRun) -> HandlerResult {
        match &run.config().job_type {
            JobType::Query(job) => self.run(job, &run).await,
            other => Err(format!("a job of the type {} is not a statement to run", other.kind())),
        }
    }
}

impl Session {
    async fn run(&mut self, sql: &str, connection: &ListedConnection) -> HandlerResult {
        // The driver would log the notices that a statement raises, and they may quote it.
        let run = self.statement(sql, connection).with_subscriber(NoSubscriber::new());
        run.await.map_err(|error| session::told(&error))
    }
}
