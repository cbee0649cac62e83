//! Values that look otherwise in a column than serde would write them: `#[serde(with = "column")]`.

use std::{fmt::Display, time::Duration};

use jiff::Timestamp;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{DeserializeOwned, Error as _},
    ser::Error as _,
};

use crate::{CalendarName, Context, JobName, ReplicaId};

/// A value and what stands for it in a column.
pub(super) trait Column: Sized {
    type Stored: Serialize + DeserializeOwned;

    fn store(&self) -> Result<Self::Stored, impl Display>;

    fn load(stored: Self::Stored) -> Result<Self, impl Display>;
}

pub(super) fn serialize<T: Column, S: Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error> {
    value.store().map_err(S::Error::custom)?.serialize(to)
}

pub(super) fn deserialize<'de, T: Column, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    T::load(T::Stored::deserialize(from)?).map_err(D::Error::custom)
}

/// 0 or 1.
impl Column for bool {
    type Stored = u8;

    fn store(&self) -> Result<u8, impl Display> {
        Ok::<_, String>(u8::from(*self))
    }

    fn load(stored: u8) -> Result<Self, impl Display> {
        Ok::<_, String>(stored != 0)
    }
}

/// Microseconds since the Unix epoch.
impl Column for Timestamp {
    type Stored = i64;

    fn store(&self) -> Result<i64, impl Display> {
        Ok::<_, String>(self.as_microsecond())
    }

    fn load(stored: i64) -> Result<Self, impl Display> {
        Self::from_microsecond(stored)
    }
}

/// Nanoseconds.
impl Column for Duration {
    type Stored = i64;

    fn store(&self) -> Result<i64, impl Display> {
        i64::try_from(self.as_nanos())
    }

    fn load(stored: i64) -> Result<Self, impl Display> {
        u64::try_from(stored).map(Self::from_nanos)
    }
}

impl Column for JobName {
    type Stored = String;

    fn store(&self) -> Result<String, impl Display> {
        Ok::<_, String>(self.to_string())
    }

    fn load(stored: String) -> Result<Self, impl Display> {
        stored.parse()
    }
}

/// As JSON text.
impl Column for Vec<CalendarName> {
    type Stored = String;

    fn store(&self) -> Result<String, impl Display> {
        serde_json::to_string(&self.iter().map(CalendarName::as_str).collect::<Vec<_>>())
    }

    fn load(stored: String) -> Result<Self, impl Display> {
        let names = serde_json::from_str::<Vec<String>>(&stored).map_err(|error| error.to_string())?;
        names.iter().map(|name| CalendarName::new(name).map_err(|error| error.to_string())).collect::<Result<_, _>>()
    }
}

/// Its JSON text.
impl Column for Context {
    type Stored = String;

    fn store(&self) -> Result<String, impl Display> {
        Ok::<_, String>(self.as_str().to_owned())
    }

    fn load(stored: String) -> Result<Self, impl Display> {
        Self::parse(&stored)
    }
}

/// 16 hexadecimal digits, as everywhere.
impl Column for ReplicaId {
    type Stored = String;

    fn store(&self) -> Result<String, impl Display> {
        Ok::<_, String>(self.to_string())
    }

    fn load(stored: String) -> Result<Self, impl Display> {
        stored.parse()
    }
}

impl<T: Column> Column for Option<T> {
    type Stored = Option<T::Stored>;

    fn store(&self) -> Result<Self::Stored, impl Display> {
        self.as_ref().map(T::store).transpose()
    }

    fn load(stored: Self::Stored) -> Result<Self, impl Display> {
        stored.map(T::load).transpose()
    }
}
