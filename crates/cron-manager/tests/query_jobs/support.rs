//! A database with logins of few rights, and runs of statements on it.

use std::{
    env,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use cron_manager::{
    ActiveRun, ClaimToken, CronConfigFields, Fence, Handler, HandlerResult, ListedConnection, QueryFields, QueryJob,
    ReplicaId,
    backends::{query::QueryRunner, sealing::KeyRing, system::SystemClock},
    contracts::Sealer,
    domain::ledger::{Claimant, Page, Place},
};
use jiff::Timestamp;
use servers::Postgres;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

/// The URL of the server that all tests share: the one of the environment, or one that ends with this process.
pub(crate) fn url() -> String {
    static OWN: OnceLock<Mutex<Postgres>> = OnceLock::new();
    let own = || OWN.get_or_init(|| Mutex::new(Postgres::fast().unwrap())).lock().unwrap().url();
    env::var("CRON_MANAGER_TEST_POSTGRES_URL").unwrap_or_else(|_| own())
}

/// A login of few rights with a schema of its own, and a role that it may take on.
pub(crate) struct Login {
    pub(crate) name: String,
    pub(crate) role: String,
}

impl Login {
    /// One whose schema has a table `notes (note text)`.
    pub(crate) async fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("query_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let role = format!("{name}_role");
        let sql = format!(
            "CREATE ROLE {role}; CREATE ROLE {name} LOGIN IN ROLE {role}; CREATE SCHEMA {name} AUTHORIZATION {name}; \
             GRANT USAGE ON SCHEMA {name} TO {role}; CREATE TABLE {name}.notes (note text); \
             ALTER TABLE {name}.notes OWNER TO {name}; GRANT SELECT ON {name}.notes TO {role}; \
             CREATE TABLE {name}.secrets (secret text); ALTER ROLE {name} SET search_path = {name}"
        );
        Self::admin(&sql).await;
        Self { name, role }
    }

    /// Says something as the owner of the server.
    pub(crate) async fn admin(sql: &str) {
        Self::say(&mut Self::connect().await, sql).await;
    }

    /// A session as the owner of the server.
    pub(crate) async fn connect() -> PgConnection {
        PgConnection::connect(&url()).await.unwrap()
    }

    /// Says something in a session.
    pub(crate) async fn say(connection: &mut PgConnection, sql: &str) {
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(connection).await.unwrap();
    }

    /// Asks as the owner of the server.
    pub(crate) async fn ask(sql: &str) -> Option<String> {
        let mut connection = PgConnection::connect(&url()).await.unwrap();
        sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_one(&mut connection).await.unwrap()
    }

    pub(crate) async fn notes(&self) -> Option<String> {
        Self::ask(&format!("SELECT string_agg(note, ',' ORDER BY note) FROM {}.notes", self.name)).await
    }

    pub(crate) fn connection(&self) -> ListedConnection {
        ListedConnection::from(url().replace("postgres@", &format!("{}@", self.name)))
    }

    /// Runs a statement as this login.
    pub(crate) async fn run(&self, sql: &str) -> HandlerResult {
        run(self.connection(), sql).await
    }
}

/// The owner of the server, who may do too much.
pub(crate) fn superuser() -> ListedConnection {
    url().into()
}

pub(crate) fn key(id: &str, byte: u8) -> String {
    format!("{id}:{}", STANDARD.encode([byte; 32]))
}

pub(crate) fn keys() -> Arc<dyn Sealer> {
    Arc::new(KeyRing::new(&key("a", 1).into()).unwrap())
}

/// A claimed run of a statement on the connection `listed`; the check of how a statement begins is left out, as for one that somebody with a
/// way into the store has written.
pub(crate) fn claimed(sql: &str) -> ActiveRun {
    let now: Timestamp = "2025-06-01T12:00:00Z".parse().unwrap();
    let place = QueryJob::place("job", "listed");
    let seals = [(place.clone(), keys().seal(sql, &place).unwrap())].into();
    let query = QueryFields { connection: Some("listed".into()), sql: Some("SELECT 1".into()) };
    let fields = CronConfigFields { query: Some(query), seals, ..CronConfigFields::named("job").enabled(true) };
    let config = fields.create(now).unwrap();
    let place = Place { fence: Fence(6), ..Place::begun(now) };
    let mut page = Page::new(now, config.clone(), place, Vec::new());
    let place = page.record_tick(now);
    assert!(page.start(place, Claimant { replica_id: ReplicaId(1), token: ClaimToken(2) }));
    ActiveRun::new(page.row(place).clone(), Arc::new(config), None, Arc::default())
}

pub(crate) fn runner(connection: ListedConnection) -> QueryRunner {
    QueryRunner::new(connection, keys(), Arc::new(SystemClock), None).unwrap()
}

pub(crate) async fn run(connection: ListedConnection, sql: &str) -> HandlerResult {
    runner(connection).call(claimed(sql)).await
}

pub(crate) fn quick(connection: ListedConnection) -> ListedConnection {
    ListedConnection { statement_timeout: Duration::from_millis(200), ..connection }
}
