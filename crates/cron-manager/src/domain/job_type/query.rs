//! Jobs that run a statement.

use serde::{Deserialize, Serialize};

/// A statement on a database, which is named as the operator of the server has listed it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueryJob {
    /// 1 to 128 of `[A-Za-z0-9_.:-]`.
    pub connection: String,
    /// The statement.
    pub sql: Sealed,
}

/// An encrypted text: the id of its key, a colon, and what only the holder of the key can read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sealed(pub String);

impl QueryJob {
    /// What the sealed text is bound to, so that it is of no use in another place: the job's name and its connection.
    pub fn place(name: &str, connection: &str) -> String {
        // Neither can hold a line break.
        format!("query\n{name}\n{connection}")
    }
}
