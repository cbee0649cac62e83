//! What a caller writes about a job.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use super::{HttpMethod, headers};

/// What a caller sets of an [`HttpJob`](super::HttpJob). What is `None` keeps its value, or its default in a new job.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct HttpFields {
    /// `http` or `https`; at most 2 KiB, without user, password and fragment.
    pub url: Option<String>,
    /// POST in a new job.
    pub method: Option<HttpMethod>,
    /// All of them, in plain text. For one whose value is secret, `***` keeps the stored one; another is sealed before it is stored.
    pub headers: Option<BTreeMap<String, String>>,
}

impl HttpFields {
    /// Whether any of the headers may be secret.
    pub(in crate::domain) fn has_secrets(&self) -> bool {
        self.headers.iter().flatten().any(|(name, _)| headers::is_secret(name))
    }
}

/// Without the values of headers that may be secret.
impl fmt::Debug for HttpFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers = self.headers.as_ref().map(headers::masked);
        f.debug_struct("HttpFields")
            .field("url", &self.url)
            .field("method", &self.method)
            .field("headers", &headers)
            .finish()
    }
}

/// What a caller sets of a [`CommandJob`](super::CommandJob).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct CommandFields {
    /// The name under which the command is listed in the server's own settings file.
    pub name: Option<String>,
}

/// What a caller sets of a [`QueryJob`](super::QueryJob). What is `None` keeps its value.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct QueryFields {
    /// The name under which the database is listed in the server's own settings file.
    pub connection: Option<String>,
    /// One statement, in plain text; at most 64 KiB. It is sealed before it is stored.
    pub sql: Option<String>,
}

/// Without the statement.
impl fmt::Debug for QueryFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sql = self.sql.as_ref().map(|_| headers::MASK);
        f.debug_struct("QueryFields").field("connection", &self.connection).field("sql", &sql).finish()
    }
}
