//! What a config's runs do.

mod change;
mod fields;
mod headers;
mod http;
mod listed;
mod query;
mod secret;

use serde::{Deserialize, Serialize};

pub(super) use change::JobChange;
pub use fields::{CommandFields, HttpFields, QueryFields};
pub use http::{HttpJob, HttpMethod};
pub use listed::{ListedCommand, ListedConnection};
pub use query::QueryJob;
pub use secret::{Sealed, Seals, Secret};
pub(crate) use secret::{Unsealed, UnsealedText};

use crate::{Error, JobName, Result};

/// What a config's runs do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum JobType {
    /// They call the handler that the service's code has for the job's name.
    #[default]
    Inline,
    /// They call a URL.
    Http(HttpJob),
    /// They run a command that the operator of the server has listed.
    Command(CommandJob),
    /// They run a statement on a database that the operator of the server has listed.
    Query(QueryJob),
}

/// A type of job, without what is said of one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobKind {
    /// [`JobType::Inline`].
    #[default]
    Inline,
    /// [`JobType::Http`].
    Http,
    /// [`JobType::Command`].
    Command,
    /// [`JobType::Query`].
    Query,
}

impl JobKind {
    /// All kinds.
    pub const ALL: &[Self] = &[Self::Inline, Self::Http, Self::Command, Self::Query];

    /// The word on the wire and in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inline => "inline",
            Self::Http => "http",
            Self::Command => "command",
            Self::Query => "query",
        }
    }
}

impl std::fmt::Display for JobKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A command, by the name under which the operator of the server has listed it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandJob {
    /// 1 to 128 of `[A-Za-z0-9_.:-]`.
    pub name: String,
}

impl JobType {
    /// Which type it is.
    pub fn kind(&self) -> JobKind {
        match self {
            Self::Inline => JobKind::Inline,
            Self::Http(_) => JobKind::Http,
            Self::Command(_) => JobKind::Command,
            Self::Query(_) => JobKind::Query,
        }
    }

    /// What a replica must have to run it: `http`, `command:NAME` or `query:CONNECTION`. `None`: a handler for the job's name.
    pub fn runner(&self) -> Option<String> {
        match self {
            Self::Inline => None,
            Self::Http(_) => Some("http".into()),
            Self::Command(command) => Some(format!("command:{}", command.name)),
            Self::Query(query) => Some(format!("query:{}", query.connection)),
        }
    }

    /// What of the job of that name is secret.
    pub fn secrets(&self, name: &JobName) -> Vec<Secret> {
        match self {
            Self::Inline | Self::Command(_) => Vec::new(),
            Self::Http(job) => job.secrets(name).into_values().collect(),
            Self::Query(job) => vec![job.secret(name)],
        }
    }

    /// What is said of it, as a store keeps it: JSON, secrets sealed. `None`: nothing.
    pub fn details(&self) -> Option<String> {
        match self {
            Self::Inline => None,
            Self::Http(job) => serde_json::to_string(job).ok(),
            Self::Command(job) => serde_json::to_string(job).ok(),
            Self::Query(job) => serde_json::to_string(job).ok(),
        }
    }

    /// The job that [`Self::kind`] and [`Self::details`] are of.
    ///
    /// Errors: internal, for what this program does not know.
    pub fn from_parts(kind: &str, details: Option<&str>) -> Result<Self> {
        let details = details.unwrap_or("null");
        let read = match kind {
            "inline" => return Ok(Self::Inline),
            "http" => serde_json::from_str(details).map(Self::Http),
            "command" => serde_json::from_str(details).map(Self::Command),
            "query" => serde_json::from_str(details).map(Self::Query),
            _ => return Err(Error::internal(format!("{kind:?} is not a job type that this program knows"))),
        };
        // Not the error itself: it may quote what it could not read, and that may be secret.
        read.map_err(|_| Error::internal(format!("what is said of this {kind} job cannot be read")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_read_back_from_its_parts() {
        let http = HttpJob {
            url: "https://a.example/b".into(),
            method: HttpMethod::Put,
            headers: [("a".into(), "b".into())].into(),
            secrets: [("x-api-key".into(), Sealed("1:abc".into()))].into(),
        };
        let jobs = [
            JobType::Inline,
            JobType::Http(http),
            JobType::Command(CommandJob { name: "backup".into() }),
            JobType::Query(QueryJob { connection: "reports".into(), sql: Sealed("1:abc".into()) }),
        ];
        for job in jobs {
            let details = job.details();
            assert_eq!(JobType::from_parts(job.kind().as_str(), details.as_deref()).unwrap(), job);
        }
        assert!(JobType::from_parts("grpc", None).is_err());
        let error = JobType::from_parts("http", Some(r#"{"url": "hush"}"#)).unwrap_err();
        assert!(!error.to_string().contains("hush"), "{error}");
    }

    #[test]
    fn the_word_of_a_kind_is_that_of_the_wire() {
        for kind in JobKind::ALL {
            assert_eq!(serde_json::json!(kind), kind.as_str());
        }
    }
}
