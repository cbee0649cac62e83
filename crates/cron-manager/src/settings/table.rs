//! What each setting is, said once.

use std::ffi::{OsStr, OsString};

use super::{SecretUrl, Settings, client, http, secret_url::MASK};

/// How a value is written in a settings file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `true` or `false`.
    Switch,
    /// A whole number.
    Count,
    /// A text in quotes.
    Text,
    /// A text in quotes, of which nothing is shown.
    Secret,
}

/// What a setting is.
#[derive(Debug)]
pub struct Setting {
    /// Its name in a settings file.
    pub name: &'static str,
    /// Its environment variable.
    pub variable: &'static str,
    /// Its flag, without the dashes.
    pub flag: &'static str,
    /// What its value is called in help.
    pub value: &'static str,
    /// What it is about, in one line.
    pub about: &'static str,
    /// What counts when it has no value.
    pub unset: &'static str,
    /// How it is written in a settings file.
    pub kind: Kind,
    /// Whether its value may hold a secret; then a file with the value can be named by the variable with `_FILE` behind it.
    pub secret: bool,
    /// Reads the value, or says what is wrong with it, without repeating a secret.
    pub(super) take: fn(&mut Settings, &OsStr) -> Result<(), String>,
    /// The value as it could be read again.
    pub(super) text: fn(&Settings) -> Option<OsString>,
}

/// All settings.
pub const SETTINGS: &[Setting] = &[
    Setting {
        name: "cron_manager",
        variable: "CRON_MANAGER",
        flag: "cron-manager",
        value: "BOOL",
        about: "Whether this process runs anything; false: it plans and runs nothing, and answers all the same",
        unset: "",
        kind: Kind::Switch,
        secret: false,
        take: |settings, value| switch(text(value)?).map(|on| settings.cron_manager = on),
        text: |settings| Some(settings.cron_manager.to_string().into()),
    },
    Setting {
        name: "database_url",
        variable: "DATABASE_URL",
        flag: "database-url",
        value: "URL",
        about: "Where configs and the ledger are kept: postgres://USER:PASSWORD@HOST/DATABASE, for several replicas, or sqlite:FILE",
        unset: "the embedded database in data_dir",
        kind: Kind::Text,
        secret: true,
        take: |settings, value| {
            url(value, "postgres://USER:PASSWORD@HOST/DATABASE").map(|url| settings.database_url = Some(url))
        },
        text: |settings| settings.database_url.as_ref().map(|url| url.expose().into()),
    },
    Setting {
        name: "database_schema",
        variable: "CRON_MANAGER_DATABASE_SCHEMA",
        flag: "database-schema",
        value: "NAME",
        about: "The PostgreSQL schema of the tables",
        unset: "",
        kind: Kind::Text,
        secret: false,
        take: |settings, value| text(value).map(|schema| settings.database_schema = schema.into()),
        text: |settings| Some(settings.database_schema.clone().into()),
    },
    Setting {
        name: "redis_url",
        variable: "REDIS_URL",
        flag: "redis-url",
        value: "URL",
        about: "The Redis that keeps the locks: redis://USER:PASSWORD@HOST",
        unset: "no Redis",
        kind: Kind::Text,
        secret: true,
        take: |settings, value| url(value, "redis://USER:PASSWORD@HOST").map(|url| settings.redis_url = Some(url)),
        text: |settings| settings.redis_url.as_ref().map(|url| url.expose().into()),
    },
    Setting {
        name: "redis_prefix",
        variable: "CRON_MANAGER_REDIS_PREFIX",
        flag: "redis-prefix",
        value: "TEXT",
        about: "What the names of the locks in Redis begin with",
        unset: "",
        kind: Kind::Text,
        secret: false,
        take: |settings, value| text(value).map(|prefix| settings.redis_prefix = prefix.into()),
        text: |settings| Some(settings.redis_prefix.clone().into()),
    },
    Setting {
        name: "listen",
        variable: "CRON_MANAGER_LISTEN",
        flag: "listen",
        value: "ADDR",
        about: "Where the HTTP face listens; other machines reach it only with a token and TLS, port 0 takes a free one",
        unset: "",
        kind: Kind::Text,
        secret: false,
        take: |settings, value| address(text(value)?).map(|address| settings.listen = address.into()),
        text: |settings| Some(settings.listen.clone().into()),
    },
    Setting {
        name: "data_dir",
        variable: "CRON_MANAGER_DATA_DIR",
        flag: "data-dir",
        value: "DIR",
        about: "Where the embedded database lies",
        unset: "$XDG_DATA_HOME/cron-manager, or ~/.local/share/cron-manager",
        kind: Kind::Text,
        secret: false,
        take: |settings, value| {
            settings.data_dir = Some(value.into());
            Ok(())
        },
        text: |settings| settings.data_dir.as_ref().map(|folder| folder.clone().into()),
    },
    Setting {
        name: "concurrency",
        variable: "CRON_MANAGER_CONCURRENCY",
        flag: "concurrency",
        value: "N",
        about: "How many runs may be live in this process at once; calls of foreign timers are not held back",
        unset: "",
        kind: Kind::Count,
        secret: false,
        take: |settings, value| count(text(value)?).map(|concurrency| settings.concurrency = concurrency),
        text: |settings| Some(settings.concurrency.to_string().into()),
    },
    Setting {
        name: "http_allow_private_addresses",
        variable: "CRON_MANAGER_HTTP_ALLOW_PRIVATE_ADDRESSES",
        flag: "http-allow-private-addresses",
        value: "BOOL",
        about: "Whether jobs that call a URL may call this machine and closed networks, too",
        unset: "",
        kind: Kind::Switch,
        secret: false,
        take: |settings, value| switch(text(value)?).map(|on| settings.http_allow_private_addresses = on),
        text: |settings| Some(settings.http_allow_private_addresses.to_string().into()),
    },
    Setting {
        name: "encryption_keys",
        variable: "CRON_MANAGER_ENCRYPTION_KEYS",
        flag: "encryption-keys",
        value: "ID:KEY,…",
        about: "The keys by which statements and secret headers of jobs are kept secret from the store, each 32 random bytes in base64; the \
                first one encrypts, all decrypt",
        unset: "no query jobs, no secret headers",
        kind: Kind::Secret,
        secret: true,
        take: |settings, value| text(value).map(|keys| settings.encryption_keys = Some(keys.into())),
        text: |settings| settings.encryption_keys.as_ref().map(|keys| keys.expose().into()),
    },
    http::SERVICE,
    http::PROTO,
    http::TOKEN,
    http::ALLOWED_ORIGINS,
    http::TLS_CERT,
    http::TLS_KEY,
    http::INSECURE,
    http::MAX_BODY,
    http::MAX_HEAD,
    http::HEAD_TIMEOUT,
    http::BODY_TIMEOUT,
    http::MAX_CONNECTIONS,
    http::MAX_REQUESTS,
    http::MAX_STREAMS,
    client::SERVER,
    client::SERVER_CA,
];

impl Setting {
    /// The variable that names a file with the value, for a secret.
    pub fn file_variable(&self) -> Option<String> {
        self.secret.then(|| format!("{}_FILE", self.variable))
    }

    /// The default value, or what counts without one.
    pub fn default_text(&self) -> String {
        self.shown(&Settings::default()).unwrap_or_else(|| self.unset.to_owned())
    }

    /// Whether anything of a value is hidden when it is shown.
    pub(super) fn hides(&self, value: &str) -> bool {
        let mut settings = Settings::default();
        (self.take)(&mut settings, value.as_ref()).is_ok() && self.shown(&settings).as_deref() != Some(value)
    }

    /// Its value, without secrets.
    pub(super) fn shown(&self, settings: &Settings) -> Option<String> {
        let text = (self.text)(settings)?.to_string_lossy().into_owned();
        Some(match (self.kind, self.secret) {
            (Kind::Secret, _) => MASK.to_owned(),
            (_, true) => SecretUrl::from(text).to_string(),
            (_, false) => text,
        })
    }
}

pub(super) fn text(value: &OsStr) -> Result<&str, String> {
    value.to_str().ok_or_else(|| "is no UTF-8".to_owned())
}

pub(super) fn switch(value: &str) -> Result<bool, String> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "on" | "yes" | "1" => Ok(true),
        "false" | "off" | "no" | "0" => Ok(false),
        _ => Err(format!("`{value}` is neither true nor false")),
    }
}

pub(super) fn count(value: &str) -> Result<usize, String> {
    match value.parse() {
        Ok(0) | Err(_) => Err(format!("`{value}` is no whole number of 1 or more")),
        Ok(count) => Ok(count),
    }
}

fn address(value: &str) -> Result<&str, String> {
    match value.rsplit_once(':') {
        Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok() => Ok(value),
        _ => Err(format!("`{value}` is no address to listen on; write one such as {}", Settings::default().listen)),
    }
}

fn url(value: &OsStr, example: &str) -> Result<SecretUrl, String> {
    let url = SecretUrl::from(text(value)?);
    if url.scheme().is_some() { Ok(url) } else { Err(format!("is no URL; write one such as {example}")) }
}
