//! What the people who run a service settle about it: flag before environment before file before default, and for each value
//! where it was found.
//!
//! | file | does |
//! |---|---|
//! | `table`, `http`, `client` | say once what each setting is |
//! | `load` | looks through the layers |
//! | `file` | reads a settings file |
//! | `listed` | reads what a settings file lists for jobs to name |
//! | `found` | remembers where each value was found |
//! | `secret_url` | keeps a URL and shows it without its secrets |

mod client;
mod file;
mod found;
mod http;
mod listed;
mod load;
mod secret_url;
mod table;

use std::{collections::BTreeMap, fmt, path::PathBuf};

pub use client::{ClientSettings, SecretText};
pub use found::{Found, Shown, Source};
pub use http::HttpSettings;
pub use load::Sources;
pub use secret_url::SecretUrl;
pub use table::{Kind, SETTINGS, Setting};

use crate::{EncryptionKeys, ListedCommand, ListedConnection};

/// What the people who run a service settle about it.
///
/// ```
/// use cron_manager::Settings;
///
/// let settings = Settings { cron_manager: false, database_url: Some("postgres://me:hush@db/jobs".into()), ..Settings::default() };
/// let shown: Vec<String> = settings.shown().map(|setting| setting.to_string()).collect();
/// assert_eq!(shown[..2], ["cron_manager = false (code)", "database_url = postgres://***@db/jobs (code)"]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Whether this process runs anything; the original library's `cronManager`.
    pub cron_manager: bool,
    /// Where configs and the ledger are kept.
    pub database_url: Option<SecretUrl>,
    /// The PostgreSQL schema of the tables.
    pub database_schema: String,
    /// The Redis that keeps the locks.
    pub redis_url: Option<SecretUrl>,
    /// What the names of the locks in Redis begin with.
    pub redis_prefix: String,
    /// Where the HTTP face listens, `HOST:PORT`.
    pub listen: String,
    /// Who may ask the HTTP face, and for how much.
    pub http: HttpSettings,
    /// How a running server is asked.
    pub client: ClientSettings,
    /// The folder of the program's embedded database.
    pub data_dir: Option<PathBuf>,
    /// How many runs may be live here at once.
    pub concurrency: usize,
    /// Whether jobs that call a URL may call this machine and closed networks, too.
    pub http_allow_private_addresses: bool,
    /// The commands that jobs can name; only a settings file lists them.
    pub commands: BTreeMap<String, ListedCommand>,
    /// The databases that jobs can name; only a settings file lists them.
    pub connections: BTreeMap<String, ListedConnection>,
    /// The keys by which statements of jobs are kept secret from the store.
    pub encryption_keys: Option<EncryptionKeys>,
    /// Where these values were found; nothing for settings that were made in code.
    pub found: Found,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            cron_manager: true,
            database_url: None,
            database_schema: "cron_manager".into(),
            redis_url: None,
            redis_prefix: "cron-lock-".into(),
            listen: "127.0.0.1:8787".into(),
            http: HttpSettings::default(),
            client: ClientSettings::default(),
            data_dir: None,
            concurrency: 1_000,
            http_allow_private_addresses: false,
            commands: BTreeMap::new(),
            connections: BTreeMap::new(),
            encryption_keys: None,
            found: Found::default(),
        }
    }
}

impl Settings {
    /// The settings of this process, by its environment and the settings files of this machine.
    ///
    /// Errors: invalid argument: a value, a file or a key in it is wrong; the message names the place and the mend, and no secret.
    pub fn load() -> crate::Result<Self> {
        Self::load_with(&Sources::of_this_process())
    }

    /// The settings that these sources give; besides them, only the files they name are looked at.
    ///
    /// Errors: as [`Settings::load`].
    pub fn load_with(sources: &Sources) -> crate::Result<Self> {
        load::load(sources)
    }

    /// All settings in the order of [`SETTINGS`], for people to read: without secrets.
    pub fn shown(&self) -> impl Iterator<Item = Shown> {
        SETTINGS.iter().map(|setting| Shown {
            name: setting.name,
            value: setting.shown(self),
            source: self.found.source(setting, self),
        })
    }

    /// Where the value of the setting called `name` comes from; [`Source::Default`] when there is none of that name.
    pub fn source(&self, name: &str) -> Source {
        let setting = SETTINGS.iter().find(|setting| setting.name == name);
        setting.map_or(Source::Default, |setting| self.found.source(setting, self))
    }
}

/// One line for each setting, without secrets.
impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shown().try_for_each(|setting| writeln!(f, "{setting}"))
    }
}
