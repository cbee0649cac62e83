//! A store in the database that its statements work in.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use cron_manager::{
    ActiveRun, Author, ClaimToken, CronConfigFields, CronRun, Handler, HandlerResult, ListedConnection, Outcome,
    PageId, QueryFields, QueryJob, ReplicaId,
    backends::{
        postgres::{PostgresOptions, PostgresStore},
        query::QueryRunner,
        system::SystemClock,
    },
    contracts::{Busy, Home, Pages, Store},
    domain::ledger::{Claimant, Page},
};
use jiff::Timestamp;
use sqlx::{AssertSqlSafe, PgConnection};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::support::{Login, keys, url};

/// Nobody could guess it.
pub(crate) const TOKEN: i64 = 0x0123_4567_89ab_cdef;

/// A store in a schema of its own, and a login that may end its runs.
pub(crate) struct Own {
    pub(crate) store: Arc<PostgresStore>,
    pub(crate) schema: String,
    pub(crate) login: Login,
}

impl Own {
    pub(crate) async fn new() -> Self {
        let own = Self::without_rights().await;
        Login::admin(&own.grants()).await;
        own
    }

    pub(crate) async fn without_rights() -> Self {
        let login = Login::new().await;
        let schema = format!("store_{}", login.name);
        let options = PostgresOptions { schema: schema.clone(), ..PostgresOptions::from(url()) };
        let store = Arc::new(PostgresStore::open(options, Arc::new(SystemClock)).await.unwrap());
        Self { store, schema, login }
    }

    /// The two rights that the login needs, as an error names them.
    pub(crate) fn grants(&self) -> String {
        let (schema, name) = (&self.schema, &self.login.name);
        format!("GRANT USAGE ON SCHEMA {schema} TO {name}; GRANT EXECUTE ON FUNCTION {schema}.cron_finish TO {name}")
    }

    pub(crate) fn home(&self) -> Home {
        self.store.home().unwrap().clone()
    }

    /// A run of a statement, claimed just now.
    pub(crate) async fn claimed(&self, sql: &str) -> ActiveRun {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("job-{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let place = QueryJob::place(&name, "listed");
        let seals = [(place.clone(), keys().seal(sql, &place).unwrap())].into();
        let query = QueryFields { connection: Some("listed".into()), sql: Some("SELECT 1".into()) };
        let fields = CronConfigFields { query: Some(query), seals, ..CronConfigFields::named(name).enabled(true) };
        let config = self.store.create(fields.create(Timestamp::UNIX_EPOCH).unwrap(), &Author::code()).await.unwrap();
        let start = |pages: &mut [Page]| {
            let place = pages[0].record_tick(pages[0].now());
            let claimant = Claimant { replica_id: ReplicaId(7), token: ClaimToken(TOKEN) };
            assert!(pages[0].start(place, claimant));
            Ok(())
        };
        self.change(config.id.into(), &start).await;
        let run = self.store.claimed(ClaimToken(TOKEN)).await.unwrap();
        let run = run.into_iter().find(|run| run.config_id == config.id).unwrap();
        ActiveRun::new(run, Arc::new(config), None, Arc::default())
    }

    pub(crate) async fn change(
        &self,
        page: PageId,
        change: &(dyn Fn(&mut [Page]) -> cron_manager::Result<()> + Send + Sync),
    ) {
        self.store.transact(Pages::Of(&[page]), Busy::Wait, change).await.unwrap();
    }

    pub(crate) fn runner(&self, connection: ListedConnection) -> QueryRunner {
        QueryRunner::new(connection, keys(), Arc::new(SystemClock), Some(self.home())).unwrap()
    }

    /// Runs a statement as the login: what the handler returned, and the row as it then stands.
    pub(crate) async fn run(&self, sql: &str) -> (HandlerResult, CronRun) {
        self.run_on(self.login.connection(), sql).await
    }

    pub(crate) async fn run_on(&self, connection: ListedConnection, sql: &str) -> (HandlerResult, CronRun) {
        let run = self.claimed(sql).await;
        let result = self.runner(connection).call(run.clone()).await;
        (result, self.row(&run).await)
    }

    pub(crate) async fn row(&self, run: &ActiveRun) -> CronRun {
        self.store.run(run.run().id).await.unwrap().unwrap()
    }
}

/// Ends a run in the transaction of its work, as a handler in code does; nothing: it is not held like this any more.
pub(crate) async fn call(schema: &str, on: &mut PgConnection, run: &ActiveRun, outcome: &Outcome) -> Option<String> {
    let row = run.run();
    let sql = AssertSqlSafe(format!("SELECT {schema}.cron_finish($1, $2, $3, $4, $5, $6, $7, $8)"));
    let query = sqlx::query_scalar(sql)
        .bind(row.id.0)
        .bind(row.replica_id.unwrap().to_string())
        .bind(row.fence.0)
        .bind(row.token.0)
        .bind(outcome.result.as_deref())
        .bind(outcome.log.as_deref())
        .bind(i64::try_from(outcome.log_start).unwrap())
        .bind(outcome.truncated);
    query.fetch_one(on).await.unwrap()
}

/// What becomes of a COMMIT on its way.
#[derive(Clone, Copy)]
pub(crate) enum Commit {
    /// It does not arrive.
    Lost,
    /// It arrives, and its reply does not.
    Unanswered,
}

/// The same login by a way on which COMMITs, or the replies to them, are lost.
pub(crate) async fn by_a_bad_way(connection: ListedConnection, commit: Commit) -> ListedConnection {
    let server: SocketAddr = address(&connection.url).parse().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let way = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(carry(client, TcpStream::connect(server).await.unwrap(), commit));
        }
    });
    ListedConnection { url: connection.url.replace(&server.to_string(), &way.to_string()), ..connection }
}

fn address(url: &str) -> &str {
    let (_, place) = url.split_once('@').unwrap();
    place.split_once('/').unwrap().0
}

/// Carries what both say, until the client says COMMIT.
async fn carry(mut client: TcpStream, mut server: TcpStream, commit: Commit) {
    let (mut said, mut answered) = (vec![0; 65_536], vec![0; 65_536]);
    loop {
        tokio::select! {
            read = client.read(&mut said) => {
                let Ok(length @ 1..) = read else { return };
                let said = &said[..length];
                if !said.windows(7).any(|part| part == b"COMMIT\0") {
                    server.write_all(said).await.unwrap();
                } else if let Commit::Unanswered = commit {
                    server.write_all(said).await.unwrap();
                    assert!(server.read(&mut answered).await.unwrap() > 0);
                    return;
                } else {
                    return;
                }
            }
            read = server.read(&mut answered) => {
                let Ok(length @ 1..) = read else { return };
                client.write_all(&answered[..length]).await.unwrap();
            }
        }
    }
}
