//! Opening the store.

use std::{sync::Arc, time::Duration};

use futures_util::future::{Either, select};
use sqlx::{
    ConnectOptions, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use super::{
    error::from_sqlx,
    line::Line,
    migrations::{self, MIGRATIONS},
    options::PostgresOptions,
    schema::Schema,
    store::PostgresStore,
};
use crate::{
    Error, Result,
    contracts::{Clock, Home},
};

/// How long to wait for a connection of a pool, making a new one included.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// How long opening may take; another replica may be at the migrations.
const OPEN_TIMEOUT: Duration = Duration::from_secs(60);

impl PostgresStore {
    /// Opens the store in a database, and brings its tables up to date; it makes the schema when absent. Several replicas may do so
    /// at once.
    ///
    /// `clock` limits how long calls wait, in this process; all that is written is dated by the server's clock.
    ///
    /// Errors: invalid argument (`databaseUrl`, `schema`); failed precondition when the server does not let the user in, the user
    /// lacks a right, or the tables are of a version that this program cannot use; unavailable when the server does not answer.
    pub async fn open(options: impl Into<PostgresOptions>, clock: Arc<dyn Clock>) -> Result<Self> {
        Self::open_for(options.into(), clock, Purpose::Use).await
    }

    /// Opens an existing store to read it. Nothing is made or changed, and all that writes is refused; behind a pooler, by the rights of
    /// the user alone.
    ///
    /// Errors: as [`Self::open`]; not found when the schema or its tables are not there; failed precondition when the tables are of an older version.
    pub async fn open_read_only(options: impl Into<PostgresOptions>, clock: Arc<dyn Clock>) -> Result<Self> {
        Self::open_for(options.into(), clock, Purpose::Read).await
    }

    async fn open_for(options: PostgresOptions, clock: Arc<dyn Clock>, purpose: Purpose) -> Result<Self> {
        let (schema, connect) = (Arc::new(Schema::new(&options.schema)?), options.connect()?);
        let connect = match purpose {
            Purpose::Read if !options.pooler() => connect.options([("default_transaction_read_only", "on")]),
            _ => connect,
        };
        let opening = Box::pin(async {
            let mut connection = first(&connect).await?;
            match purpose {
                Purpose::Use => migrations::migrate(&mut connection, &schema, MIGRATIONS).await?,
                Purpose::Read => migrations::require(&mut connection, &schema, MIGRATIONS).await?,
            }
            home(&mut connection, &schema).await
        });
        let home = match select(opening, clock.sleep_until(clock.elapsed() + OPEN_TIMEOUT)).await {
            Either::Left((opened, _)) => opened?,
            Either::Right(_) => return Err(Error::unavailable("PostgreSQL does not answer in time")),
        };
        let line = |connections: u32| {
            let pool = pool(connections, connect.clone());
            Line::new(pool, Arc::clone(&clock), Arc::clone(&schema), options.pooler())
        };
        Ok(Self::new(line(options.connections), line(options.vital_connections), connect.clone(), home))
    }
}

/// What a store is opened for.
#[derive(Clone, Copy)]
enum Purpose {
    /// To work with it, on tables that are brought up to date.
    Use,
    /// To read what is there.
    Read,
}

async fn first(connect: &PgConnectOptions) -> Result<PgConnection> {
    connect.connect().await.map_err(|error| {
        let error = from_sqlx(error);
        tracing::debug!(%error, host = connect.get_host(), port = connect.get_port(), "PostgreSQL was not reached");
        error
    })
}

async fn home(on: &mut PgConnection, schema: &Schema) -> Result<Home> {
    let id = sqlx::query_scalar(schema.sql("SELECT id FROM @cron_store")).persistent(false).fetch_one(on).await;
    Ok(Home { store_id: id.map_err(from_sqlx)?, schema: schema.name().to_owned() })
}

fn pool(connections: u32, connect: PgConnectOptions) -> PgPool {
    PgPoolOptions::new()
        .max_connections(connections.max(1))
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        .connect_lazy_with(connect)
}
