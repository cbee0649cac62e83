//! Changing what a config's runs do.

use super::{CommandFields, CommandJob, HttpFields, HttpJob, JobKind, JobType, QueryFields, QueryJob, secret::Seal};
use crate::{Error, JobName, Result};

/// What a caller says of a job.
pub(crate) struct JobChange<'a> {
    pub(crate) kind: Option<JobKind>,
    pub(crate) http: Option<&'a HttpFields>,
    pub(crate) command: Option<&'a CommandFields>,
    pub(crate) query: Option<&'a QueryFields>,
    /// The job's name before the change, and after it: its secrets are bound to it.
    pub(crate) old_name: &'a JobName,
    pub(crate) name: &'a JobName,
}

impl JobChange<'_> {
    /// `old` with what is said in place of its own, and all its secrets as `seal` gives them. Without a type, what is said tells it.
    ///
    /// Errors: invalid argument, which names the field; those of `seal`.
    pub(crate) fn of(&self, old: JobType, seal: Seal<'_>) -> Result<JobType> {
        let given = [
            self.http.map(|_| JobKind::Http),
            self.command.map(|_| JobKind::Command),
            self.query.map(|_| JobKind::Query),
        ];
        let mut given = given.into_iter().flatten();
        let (said, more) = (given.next(), given.next());
        if more.is_some() {
            return Err(Error::invalid("jobType", "give one of http, command and query, not several"));
        }
        let kind = self.kind.or(said).unwrap_or_else(|| old.kind());
        if let Some(said) = said.filter(|said| *said != kind) {
            return Err(Error::invalid("jobType", format!("a job of the type {kind} has no `{said}`; leave it out")));
        }
        match kind {
            JobKind::Inline => Ok(JobType::Inline),
            JobKind::Command => self.command(old),
            JobKind::Http => {
                let old = if let JobType::Http(job) = old { Some((self.old_name, job)) } else { None };
                let none = HttpFields::default();
                HttpJob::changed(self.http.unwrap_or(&none), old, self.name, seal).map(JobType::Http)
            }
            JobKind::Query => {
                let old = if let JobType::Query(job) = old { Some((self.old_name, job)) } else { None };
                let none = QueryFields::default();
                QueryJob::changed(self.query.unwrap_or(&none), old, self.name, seal).map(JobType::Query)
            }
        }
    }

    fn command(&self, old: JobType) -> Result<JobType> {
        match (self.command.and_then(|fields| fields.name.as_deref()), old) {
            (None, JobType::Command(job)) => Ok(JobType::Command(job)),
            (None, _) => Err(Error::invalid("command.name", "a command job needs the name of a command")),
            (Some(name), _) => Ok(JobType::Command(CommandJob { name: listed("command.name", name)? })),
        }
    }
}

/// A name by which the operator of the server lists something.
pub(super) fn listed(field: &'static str, name: &str) -> Result<String> {
    match JobName::new(name) {
        Ok(name) => Ok(name.to_string()),
        Err(error) => Err(Error::invalid(field, error.message())),
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::{CronConfig, CronConfigFields, ErrorKind, domain::Sealed};

    fn http(url: &str) -> CronConfigFields {
        let http = HttpFields { url: Some(url.into()), ..HttpFields::default() };
        CronConfigFields { http: Some(http), ..CronConfigFields::default() }
    }

    fn command(name: &str) -> CronConfigFields {
        let command = CommandFields { name: Some(name.into()) };
        CronConfigFields { command: Some(command), ..CronConfigFields::default() }
    }

    fn query(connection: &str, sealed: Option<&str>) -> CronConfigFields {
        let query = QueryFields { connection: Some(connection.into()), sql: Some("SELECT 1".into()) };
        let seals = sealed.map(|text| (QueryJob::place("j", connection), Sealed(text.into()))).into_iter().collect();
        CronConfigFields { query: Some(query), seals, ..CronConfigFields::default() }
    }

    fn config(fields: CronConfigFields) -> Result<CronConfig> {
        CronConfigFields { name: Some("j".into()), ..fields }.create(Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn what_is_said_of_a_job_tells_its_type() {
        let kind = |fields| config(fields).unwrap().job_type.kind();
        assert_eq!(kind(CronConfigFields::default()), JobKind::Inline);
        assert_eq!(kind(http("http://a.example")), JobKind::Http);
        assert_eq!(kind(command("backup")), JobKind::Command);
        assert_eq!(kind(query("reports", Some("1:x"))), JobKind::Query);
    }

    #[test]
    fn what_does_not_fit_the_type_is_refused_with_its_field() {
        let field = |fields: CronConfigFields| config(fields).unwrap_err().field().unwrap().to_owned();
        let both = CronConfigFields { command: command("backup").command, ..http("http://a.example") };
        assert_eq!(field(both), "jobType");
        for kind in [JobKind::Inline, JobKind::Command] {
            assert_eq!(field(CronConfigFields { job_type: Some(kind), ..http("http://a.example") }), "jobType");
        }
        let bare = |kind| CronConfigFields { job_type: Some(kind), ..CronConfigFields::default() };
        assert_eq!(field(bare(JobKind::Http)), "http.url");
        assert_eq!(field(bare(JobKind::Command)), "command.name");
        assert_eq!(field(bare(JobKind::Query)), "query.connection");
        for name in ["", "; id", "$(id)", "a\nb", "../a", "a\0"] {
            assert_eq!(field(command(name)), "command.name", "{name:?}");
        }
    }

    #[test]
    fn a_change_keeps_what_it_does_not_name() {
        let stored = config(http("https://a.example/b")).unwrap();
        let put = HttpFields { method: Some(crate::domain::HttpMethod::Put), ..HttpFields::default() };
        let changed =
            CronConfigFields { http: Some(put), ..CronConfigFields::default() }.change(stored.clone()).unwrap();
        let JobType::Http(job) = &changed.job_type else { panic!("{:?}", changed.job_type) };
        assert_eq!((&*job.url, job.method.as_str()), ("https://a.example/b", "PUT"));
        let inline = CronConfigFields { job_type: Some(JobKind::Inline), ..CronConfigFields::default() };
        assert_eq!(inline.change(stored).unwrap().job_type, JobType::Inline);
    }

    #[test]
    fn a_statement_is_kept_only_sealed_and_only_in_its_place() {
        let refused = |result: Result<CronConfig>| {
            let error = result.unwrap_err();
            assert_eq!((error.kind(), error.field()), (ErrorKind::FailedPrecondition, Some("query.sql")));
            assert!(error.message().contains("CRON_MANAGER_ENCRYPTION_KEYS"), "{error}");
        };
        refused(config(query("reports", None)));
        let stored = config(query("reports", Some("1:x"))).unwrap();
        assert_eq!(CronConfigFields::default().change(stored.clone()).unwrap(), stored);
        refused(CronConfigFields::named("k").change(stored.clone()));
        let moved = QueryFields { connection: Some("other".into()), ..QueryFields::default() };
        refused(CronConfigFields { query: Some(moved), ..CronConfigFields::default() }.change(stored));
    }
}
