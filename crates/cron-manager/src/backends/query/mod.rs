//! Jobs that run a statement on a PostgreSQL that the operator of the server has listed.
//!
//! Who may write configs writes the statement, so it is run as a login that may do no more than what its writers may: what a statement could
//! undo (`RESET ROLE`, `set_config`) leads back to that login. Each run has a connection of its own, which is closed after it.
//!
//! | file | does |
//! |---|---|
//! | `session` | connects, refuses logins with too many rights, runs one statement in a transaction |
//! | `ending` | ends the run in that transaction, where the connection leads to the store's own database |
//! | `rows` | makes JSON of what comes back |

mod ending;
mod rows;
mod session;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use serde_json::Value;

use crate::{
    ActiveRun, Error, Handler, HandlerResult, JobType, ListedConnection, QueryJob, Result,
    contracts::{Clock, Home, Sealer},
};
use session::Session;

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(10);
/// How much longer than its own limit a statement is waited for.
const SLACK: Duration = Duration::from_secs(5);
/// How long a commit may take: others wait for it where the run ends in it. With [`STOP`] no longer than a run that was told to stop has left.
const COMMIT: Duration = Duration::from_secs(3);
/// How long a statement may take to end that was told to.
const STOP: Duration = Duration::from_secs(2);

/// Runs statements on one listed connection.
pub struct QueryRunner {
    connection: ListedConnection,
    sealer: Arc<dyn Sealer>,
    clock: Arc<dyn Clock>,
    home: Option<Home>,
}

impl QueryRunner {
    /// A runner of statements that `sealer` opens. `home` is that of the store whose runs they are ([`Store::home`](crate::contracts::Store::home)).
    ///
    /// Errors: invalid argument (`connections`), without the URL.
    pub fn new(
        connection: ListedConnection,
        sealer: Arc<dyn Sealer>,
        clock: Arc<dyn Clock>,
        home: Option<Home>,
    ) -> Result<Self> {
        connection.check()?;
        if session::options(&connection.url).is_none() {
            return Err(Error::invalid("connections", "the URL is not one of a PostgreSQL"));
        }
        ending::check(&connection, home.as_ref()).map_err(|why| Error::invalid("connections", why))?;
        Ok(Self { connection, sealer, clock, home })
    }

    async fn run(&self, job: &QueryJob, run: &ActiveRun) -> HandlerResult {
        let place = QueryJob::place(run.config().name.as_str(), &job.connection);
        let sql =
            self.sealer.open(&job.sql, &place).map_err(|error| format!("the statement cannot be read: {error}"))?;
        let connect = session::connect(&self.connection, self.home.as_ref());
        let mut session = tokio::select! {
            session = connect => session?,
            why = run.stopped() => return Err(format!("{why} before there was a connection")),
            () = self.after(CONNECT) => return Err(no_connection()),
        };
        let why = tokio::select! {
            worked = session.work(&sql, &self.connection, run) => match worked {
                Ok(value) => return self.commit(session, value, run).await,
                Err(error) => return Err(error),
            },
            why = run.stopped() => why.to_string(),
            () = self.after(self.connection.statement_timeout + SLACK) => "no answer within the connection's statement_timeout".into(),
        };
        self.end(session).await;
        Err(format!("{why}: the statement was ended, and what it did taken back"))
    }

    /// Goes on when the run is told to stop: it would not be known any more what was kept.
    async fn commit(&self, mut session: Session, value: Value, run: &ActiveRun) -> HandlerResult {
        let why = tokio::select! {
            committed = session.commit() => match committed {
                Ok(()) => return Ok(value),
                Err(error) => error,
            },
            () = self.after(COMMIT) => format!("no answer to COMMIT within {} s", COMMIT.as_secs()),
        };
        self.end(session).await;
        // The store knows better where the run ended in the transaction: then nobody gets to read this.
        let kept = if run.is_ending() { "was taken back" } else { "may have been kept" };
        Err(format!("{why}: what the statement did {kept}"))
    }

    /// Closing the connection would not be noticed before the statement ends by itself.
    async fn end(&self, session: Session) {
        let backend = session.backend();
        drop(session);
        tokio::select! {
            () = session::end(&self.connection, backend) => {}
            () = self.after(STOP) => {}
        }
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

/// Whether statements could be run on a connection: it answers, its login may do no more than statements should, and no less than to end runs
/// where it leads to the store's own database, which is at `home`; its role is there.
///
/// Errors: a text that says why not, without the URL.
pub async fn check(connection: &ListedConnection, home: Option<&Home>, clock: &dyn Clock) -> Result<(), String> {
    ending::check(connection, home)?;
    let asked = async {
        let mut session = session::connect(connection, home).await?;
        session.probe(connection).await
    };
    tokio::select! {
        answer = asked => answer,
        () = clock.sleep_until(clock.elapsed() + CONNECT) => Err(no_connection()),
    }
}

fn no_connection() -> String {
    format!("no connection within {} s", CONNECT.as_secs())
}
