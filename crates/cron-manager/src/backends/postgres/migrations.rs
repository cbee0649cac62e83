//! Which form the tables have, and how they get the newest.

use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};

use super::{error::from_sqlx, schema::Schema};
use crate::{Error, ErrorKind, Result};

/// A step that brings the tables one version further. It is never changed once released; only new ones are added.
pub(super) struct Migration {
    /// What it does, as a template of [`Schema::sql`].
    pub(super) sql: &'static str,
    /// The oldest version whose programs still work on the tables after it. In a rolling deploy the previous version does for a
    /// while, so this is at most the version before, except after a step that was announced.
    pub(super) oldest_program: i32,
}

/// All steps. A program's version is their number.
pub(super) const MIGRATIONS: &[Migration] = &[
    Migration { sql: include_str!("migrations/0001_ledger.sql"), oldest_program: 1 },
    // Its skips have reasons that the version before cannot read.
    Migration { sql: include_str!("migrations/0002_locks.sql"), oldest_program: 2 },
    Migration { sql: include_str!("migrations/0003_access.sql"), oldest_program: 2 },
    Migration { sql: include_str!("migrations/0004_observe.sql"), oldest_program: 2 },
    // The version before runs jobs while they are switched off or paused, and cannot read the reasons of their skips.
    Migration { sql: include_str!("migrations/0005_control.sql"), oldest_program: 5 },
    // The version before takes every job for an inline one; it has no handler by the name of another.
    Migration { sql: include_str!("migrations/0006_jobs.sql"), oldest_program: 5 },
    Migration { sql: include_str!("migrations/0007_finish.sql"), oldest_program: 5 },
    // The version before starts runs in blackouts, and cannot read the reason of their skips.
    Migration { sql: include_str!("migrations/0008_calendars.sql"), oldest_program: 8 },
];

/// The form of the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Form {
    version: i32,
    oldest_program: i32,
}

/// Brings the tables to the last of `steps`, unless they are there already, or further and still of use to this program.
///
/// Errors: failed precondition when the tables are of no use to this program, or this user may not change them.
pub(super) async fn migrate(on: &mut PgConnection, schema: &Schema, steps: &[Migration]) -> Result<()> {
    let known = i32::try_from(steps.len()).unwrap_or(i32::MAX);
    let form = step(on, schema, steps, known).await.map_err(from_sqlx)?;
    check(form, known, schema)
}

/// Asks for tables that this program can use as they are.
///
/// Errors: not found when there are none; failed precondition when they are of another version, and of no use to this program.
pub(super) async fn require(on: &mut PgConnection, schema: &Schema, steps: &[Migration]) -> Result<()> {
    let known = i32::try_from(steps.len()).unwrap_or(i32::MAX);
    let form = {
        let mut looking = on.begin().await.map_err(from_sqlx)?;
        form(&mut looking, schema).await.map_err(from_sqlx)?
    };
    match form {
        None => Err(Error::not_found(format!("the schema {} with the tables", schema.name()))),
        Some(form) if form.version < known => {
            let message = format!(
                "the tables in schema {} have version {}, older than this program's {known}; start it once to migrate them",
                schema.name(),
                form.version
            );
            Err(Error::new(ErrorKind::FailedPrecondition, message))
        }
        Some(form) => check(form, known, schema),
    }
}

/// Takes the steps that are missing, one process at a time. All in transactions, also what only looks: so it goes through a
/// pooler.
async fn step(on: &mut PgConnection, schema: &Schema, steps: &[Migration], known: i32) -> sqlx::Result<Form> {
    // Who needs to change nothing needs no right to, and waits for nobody. In a transaction of its own, since one that has
    // looked before the lock would go by its memory of the catalogue after it.
    let mut looking = on.begin().await?;
    if let Some(form) = form(&mut looking, schema).await?.filter(|form| form.version >= known) {
        return Ok(form);
    }
    looking.rollback().await?;
    let mut changing = on.begin().await?;
    let lock = "SELECT pg_advisory_xact_lock(hashtextextended('cron-manager migrates ' || $1, 0))";
    sqlx::query(lock).bind(schema.name()).persistent(false).execute(&mut *changing).await?;
    let form = form(&mut changing, schema).await?.unwrap_or(Form { version: 0, oldest_program: 0 });
    if form.version >= known {
        return Ok(form);
    }
    create(&mut changing, schema).await?;
    let missing = steps.iter().skip(usize::try_from(form.version).unwrap_or(0));
    let mut oldest_program = form.oldest_program;
    for step in missing {
        sqlx::raw_sql(schema.sql(step.sql)).execute(&mut *changing).await?;
        oldest_program = oldest_program.max(step.oldest_program);
    }
    let form = Form { version: known, oldest_program };
    write(&mut changing, schema, form).await?;
    changing.commit().await?;
    tracing::info!(schema = schema.name(), version = known, "the tables were brought up to date");
    Ok(form)
}

/// `None`: there are no tables of ours.
async fn form(on: &mut PgConnection, schema: &Schema) -> sqlx::Result<Option<Form>> {
    // Not `to_regclass`, which may answer from what this session remembers.
    let there = "SELECT EXISTS (SELECT FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace \
                 WHERE n.nspname = $1 AND c.relname = 'cron_schema')";
    let there: bool = sqlx::query_scalar(there).bind(schema.name()).persistent(false).fetch_one(&mut *on).await?;
    if !there {
        return Ok(None);
    }
    let sql = schema.sql("SELECT version, oldest_program FROM @cron_schema");
    let row = sqlx::query(sql).persistent(false).fetch_optional(on).await?;
    row.map(|row| Ok(Form { version: row.try_get(0)?, oldest_program: row.try_get(1)? })).transpose()
}

/// `CREATE SCHEMA IF NOT EXISTS` asks for the right to create one also where it is there.
async fn create(on: &mut PgConnection, schema: &Schema) -> sqlx::Result<()> {
    let there = "SELECT to_regnamespace($1) IS NOT NULL";
    let there: bool = sqlx::query_scalar(there).bind(schema.name()).persistent(false).fetch_one(&mut *on).await?;
    if !there {
        let sql = AssertSqlSafe(format!("CREATE SCHEMA IF NOT EXISTS \"{}\"", schema.name()));
        sqlx::raw_sql(sql).execute(on).await?;
    }
    Ok(())
}

async fn write(on: &mut PgConnection, schema: &Schema, form: Form) -> sqlx::Result<()> {
    let sql = schema.sql(
        "INSERT INTO @cron_schema (id, version, oldest_program) VALUES (1, $1, $2) \
         ON CONFLICT (id) DO UPDATE SET version = excluded.version, oldest_program = excluded.oldest_program",
    );
    let query = sqlx::query(sql).bind(form.version).bind(form.oldest_program).persistent(false);
    query.execute(on).await.map(drop)
}

fn check(form: Form, known: i32, schema: &Schema) -> Result<()> {
    if form.oldest_program <= known {
        if form.version > known {
            tracing::info!(schema = schema.name(), version = form.version, "the tables are of a newer version");
        }
        return Ok(());
    }
    let message = format!(
        "the tables in schema {} have version {}, which programs of version {} and newer can use; this one has version {known}: \
         start a newer version of the program",
        schema.name(),
        form.version,
        form.oldest_program
    );
    Err(Error::new(ErrorKind::FailedPrecondition, message))
}

#[cfg(test)]
mod tests {
    use std::env;

    use sqlx::Executor;

    use super::*;

    const STEPS: [Migration; 3] = [
        Migration {
            sql: "CREATE TABLE @cron_schema (id integer PRIMARY KEY, version integer, oldest_program integer)",
            oldest_program: 1,
        },
        Migration { sql: "CREATE TABLE @kept (n integer); INSERT INTO @kept VALUES (1)", oldest_program: 1 },
        Migration { sql: "ALTER TABLE @kept ADD COLUMN more text", oldest_program: 2 },
    ];
    const FAILS: Migration = Migration { sql: "CREATE TABLE @lost (n integer); SELECT 1 / 0", oldest_program: 1 };

    /// A server of the environment, or one that ends with the test.
    struct Server {
        url: String,
        _own: Option<servers::Postgres>,
    }

    impl Server {
        fn new() -> Self {
            env::var("CRON_MANAGER_TEST_POSTGRES_URL").map(|url| Self { url, _own: None }).unwrap_or_else(|_| {
                let own = servers::Postgres::fast().unwrap();
                Self { url: own.url(), _own: Some(own) }
            })
        }

        /// A schema that is not there, and a connection.
        async fn schema(&self, name: &str) -> (PgConnection, Schema) {
            let mut on = PgConnection::connect(&self.url).await.unwrap();
            let schema = Schema::new(&format!("test_steps_{name}_{}", std::process::id())).unwrap();
            drop_schema(&mut on, &schema).await;
            (on, schema)
        }
    }

    async fn drop_schema(on: &mut PgConnection, schema: &Schema) {
        on.execute(AssertSqlSafe(format!("DROP SCHEMA IF EXISTS {} CASCADE", schema.name()))).await.unwrap();
    }

    async fn version(on: &mut PgConnection, schema: &Schema) -> Option<(i32, i32)> {
        form(on, schema).await.unwrap().map(|form| (form.version, form.oldest_program))
    }

    #[tokio::test]
    async fn only_missing_steps_are_taken_and_what_is_there_is_kept() {
        let server = Server::new();
        let (mut on, schema) = server.schema("missing").await;
        for known in 1..=STEPS.len() {
            migrate(&mut on, &schema, &STEPS[..known]).await.unwrap();
        }
        assert_eq!(version(&mut on, &schema).await, Some((3, 2)));
        let kept: sqlx::Result<i64> =
            sqlx::query_scalar(schema.sql("SELECT count(*) FROM @kept")).fetch_one(&mut on).await;
        assert_eq!(kept.unwrap(), 1);
        // The version before still runs; the one before that does not.
        migrate(&mut on, &schema, &STEPS[..2]).await.unwrap();
        let error = migrate(&mut on, &schema, &STEPS[..1]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::FailedPrecondition);
        assert_eq!(version(&mut on, &schema).await, Some((3, 2)));
        drop_schema(&mut on, &schema).await;
    }

    #[tokio::test]
    async fn a_step_that_fails_takes_all_back() {
        let server = Server::new();
        let (mut on, schema) = server.schema("failing").await;
        migrate(&mut on, &schema, &STEPS[..1]).await.unwrap();
        let [first, second, _] = STEPS;
        assert!(migrate(&mut on, &schema, &[first, second, FAILS]).await.is_err());
        assert_eq!(version(&mut on, &schema).await, Some((1, 1)));
        migrate(&mut on, &schema, &STEPS).await.unwrap();
        drop_schema(&mut on, &schema).await;
    }
}
