//! Where the database is, and how to use it.

use sqlx::{ConnectOptions, postgres::PgConnectOptions};

use crate::{Error, Result};

/// Where the database is, and how to use it.
///
/// ```
/// use cron_manager::backends::postgres::PostgresOptions;
///
/// let options = PostgresOptions { schema: "billing_cron".into(), ..PostgresOptions::from("postgres://db.example/billing") };
/// assert_eq!(options.connections, 8);
/// ```
#[derive(Clone)]
pub struct PostgresOptions {
    /// `postgres://USER:PASSWORD@HOST:PORT/DATABASE`. What it leaves out comes from `PGHOST`, `PGPASSWORD` and their like, and from
    /// `~/.pgpass`. Behind a pooler that gives a connection to each transaction, add `?statement-cache-capacity=0`.
    pub url: String,
    /// The schema for the tables; `cron_manager` by default. A lowercase name that needs no quotes.
    pub schema: String,
    /// The most connections for turns and for the API; 8 by default.
    pub connections: u32,
    /// The most connections for heartbeats, ends of runs and rescue, which a burst of other work must not hold up; 2 by default.
    pub vital_connections: u32,
}

impl<T: Into<String>> From<T> for PostgresOptions {
    /// The database at a URL.
    fn from(url: T) -> Self {
        Self { url: url.into(), schema: "cron_manager".into(), connections: 8, vital_connections: 2 }
    }
}

/// What may follow the `?` of a URL, as sqlx reads it. It would write others into the log with their values, which may be secret.
const PARAMETERS: [&str; 19] = [
    "application_name",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "port",
    "ssl-ca",
    "ssl-cert",
    "ssl-key",
    "ssl-mode",
    "ssl-root-cert",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "statement-cache-capacity",
    "user",
    "options[",
];

impl PostgresOptions {
    /// How to connect.
    ///
    /// Errors: invalid argument (`databaseUrl`), without the URL, which may hold a password.
    pub(super) fn connect(&self) -> Result<PgConnectOptions> {
        if let Some(name) = self.parameters().map(|(name, _)| name).find(|name| !is_known(name)) {
            return Err(Error::invalid("databaseUrl", format!("PostgreSQL URLs have no parameter {name:?}")));
        }
        if !self.url.starts_with("postgres://") && !self.url.starts_with("postgresql://") {
            return Err(Error::invalid("databaseUrl", "write postgres://USER:PASSWORD@HOST:PORT/DATABASE"));
        }
        let options: PgConnectOptions = self
            .url
            .parse()
            .map_err(|error| Error::invalid("databaseUrl", "not a PostgreSQL URL").with_source(error))?;
        let name = options.get_application_name().unwrap_or("cron-manager").to_owned();
        // Poolers refuse startup parameters that they do not know; we read no floats.
        let options = options.application_name(&name).extra_float_digits(None).disable_statement_logging();
        if self.pooler() {
            return Ok(options);
        }
        // A plan that was kept while the tables were small reads all of them when they have grown. A batch pays for its own plan.
        Ok(options.options([("plan_cache_mode", "force_custom_plan")]))
    }

    /// Whether a pooler gives a connection of its own to each transaction.
    pub(super) fn pooler(&self) -> bool {
        self.parameters().any(|parameter| parameter == ("statement-cache-capacity", "0"))
    }

    fn parameters(&self) -> impl Iterator<Item = (&str, &str)> {
        let query = self.url.split_once('?').map_or("", |(_, query)| query);
        query.split('&').filter(|part| !part.is_empty()).map(|part| part.split_once('=').unwrap_or((part, "")))
    }
}

fn is_known(name: &str) -> bool {
    PARAMETERS.contains(&name) || name.starts_with("options[") || name.starts_with("options%5B")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_url_is_refused_and_not_repeated() {
        for url in [
            "mysql://u:secret@h/d",
            "postgres://u:secret@h:port/d",
            "postgres://u:secret@h/d?sslmode=secret",
            "postgres://u@h/d?pasword=secret",
            "postgres://u:secret@[h/d",
        ] {
            let error = PostgresOptions::from(url).connect().err().unwrap();
            assert_eq!(error.field(), Some("databaseUrl"), "{url}");
            assert!(!format!("{error} {error:?}").contains("secret") || url.contains("sslmode"), "{error:?}");
        }
    }

    #[test]
    fn a_pooler_is_known_by_the_url() {
        let pooler = |url: &str| PostgresOptions::from(url).pooler();
        assert!(pooler("postgres://h/d?sslmode=disable&statement-cache-capacity=0"));
        assert!(!pooler("postgres://h/d?statement-cache-capacity=10"));
        assert!(!pooler("postgres://h/d"));
    }
}
