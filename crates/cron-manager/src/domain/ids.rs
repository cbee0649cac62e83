//! Names and numbers that tell things apart.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

macro_rules! number {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number! {
    /// The id of a config; 1 and up.
    CronConfigId(i32)
}
number! {
    /// The id of a run; 1 and up, 0 while the run is not stored yet.
    RunId(i64)
}
number! {
    /// Rises by one each time a run of a page starts. What a run writes elsewhere can carry it, so that a
    /// late writer is refused (Kleppmann, "How to do distributed locking", 2016).
    Fence(i64)
}
number! {
    /// A place in the sequence of all edits of all configs.
    Revision(i64)
}
number! {
    /// A random value per claim, by which a replica that lost the reply finds what it claimed.
    ClaimToken(i64)
}

number! {
    /// The id of a token; 1 and up.
    TokenId(i64)
}
number! {
    /// The id of a record of the audit; 1 and up.
    AuditId(i64)
}
number! {
    /// The id of a calendar; 1 and up.
    CalendarId(i32)
}

macro_rules! random {
    ($(#[$doc:meta])* $name:ident, $field:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:016x}", self.0)
            }
        }

        impl FromStr for $name {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self> {
                u64::from_str_radix(text, 16)
                    .map(Self)
                    .map_err(|_| Error::invalid($field, "an id is up to 16 hexadecimal digits"))
            }
        }
    };
}

random! {
    /// One process of the service: a random value, new at each start.
    ReplicaId, "replicaId"
}
random! {
    /// One store: a random value, given when it was made, by which locks tell whose they are.
    StoreId, "storeId"
}

/// One page of the ledger: a config's, where its ticks run once in the service; or one replica's *lane* of it, where
/// every replica runs each tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PageId {
    /// The config.
    pub config_id: CronConfigId,
    /// The replica whose lane it is; `None`: the service's page.
    pub lane: Option<ReplicaId>,
}

impl From<CronConfigId> for PageId {
    /// The service's page.
    fn from(config_id: CronConfigId) -> Self {
        Self { config_id, lane: None }
    }
}

/// The name that joins a config and its handler: 1 to 128 of `[A-Za-z0-9_.:-]`.
///
/// ```
/// use cron_manager::JobName;
///
/// assert!("send-invoices".parse::<JobName>().is_ok());
/// assert!("send invoices".parse::<JobName>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobName(Arc<str>);

impl JobName {
    /// The longest name, in characters.
    pub const MAX: usize = 128;

    /// Checks `text`; the error names the field `name`.
    pub fn new(text: &str) -> Result<Self> {
        if text.is_empty() || text.len() > Self::MAX {
            return Err(Error::invalid(
                "name",
                format!("a name has 1 to {} characters, this has {}", Self::MAX, text.len()),
            ));
        }
        match text.chars().find(|c| !Self::allows(*c)) {
            Some(c) => {
                Err(Error::invalid("name", format!("{c:?} is not allowed in a name; use letters, digits and _ . : -")))
            }
            None => Ok(Self(text.into())),
        }
    }

    /// Whether a name may hold `c`.
    pub fn allows(c: char) -> bool {
        c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | ':' | '-')
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for JobName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for JobName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::new(text)
    }
}

impl std::borrow::Borrow<str> for JobName {
    fn borrow(&self) -> &str {
        &self.0
    }
}
