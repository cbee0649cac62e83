//! Changing what a config's runs do.

use super::{
    CommandFields, CommandJob, HttpFields, HttpJob, JobKind, JobType, QueryFields, QueryJob, query::check_beginning,
};
use crate::{Error, ErrorKind, JobName, Result};

/// What a caller says of a job.
pub(crate) struct JobChange<'a> {
    pub(crate) kind: Option<JobKind>,
    pub(crate) http: Option<&'a HttpFields>,
    pub(crate) command: Option<&'a CommandFields>,
    pub(crate) query: Option<&'a QueryFields>,
    /// Whether the job gets another name.
    pub(crate) renamed: bool,
}

impl JobChange<'_> {
    /// `old` with what is said in place of its own. Without a type, what is said tells it.
    ///
    /// Errors: invalid argument, which names the field; failed precondition: a statement that nobody has sealed.
    pub(crate) fn of(&self, old: JobType) -> Result<JobType> {
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
            JobKind::Http => self.http(old),
            JobKind::Command => self.command(old),
            JobKind::Query => self.query(old),
        }
    }

    fn http(&self, old: JobType) -> Result<JobType> {
        match (self.http, old) {
            (None, JobType::Http(job)) => Ok(JobType::Http(job)),
            (fields, old) => {
                let old = if let JobType::Http(job) = old { Some(job) } else { None };
                HttpJob::changed(fields.unwrap_or(&HttpFields::default()), old).map(JobType::Http)
            }
        }
    }

    fn command(&self, old: JobType) -> Result<JobType> {
        match (self.command.and_then(|fields| fields.name.as_deref()), old) {
            (None, JobType::Command(job)) => Ok(JobType::Command(job)),
            (None, _) => Err(Error::invalid("command.name", "a command job needs the name of a command")),
            (Some(name), _) => Ok(JobType::Command(CommandJob { name: checked("command.name", name)? })),
        }
    }

    fn query(&self, old: JobType) -> Result<JobType> {
        let fields = self.query.cloned().unwrap_or_default();
        let old = if let JobType::Query(job) = old { Some(job) } else { None };
        let (old_connection, old_sql) = old.map(|job| (job.connection, job.sql)).unzip();
        let connection = match fields.connection {
            Some(name) => checked("query.connection", &name)?,
            None => old_connection
                .clone()
                .ok_or_else(|| Error::invalid("query.connection", "a query job needs the name of a connection"))?,
        };
        if let Some(sql) = &fields.sql {
            check_sql(sql)?;
        }
        // What is stored is bound to its place.
        let stays = !self.renamed && fields.sql.is_none() && old_connection.as_ref() == Some(&connection);
        let sql = match (fields.sealed, old_sql) {
            (Some(sealed), _) => sealed,
            (None, Some(sealed)) if stays => sealed,
            (None, None) if fields.sql.is_none() => {
                return Err(Error::invalid("query.sql", "a query job needs a statement"));
            }
            (None, _) => return Err(no_key()),
        };
        Ok(JobType::Query(QueryJob { connection, sql }))
    }
}

fn no_key() -> Error {
    let message = "query.sql: statements are kept encrypted, and this program has no key; set encryption_keys \
                   (CRON_MANAGER_ENCRYPTION_KEYS) to ID:KEY, where KEY is 32 random bytes in base64";
    Error::new(ErrorKind::FailedPrecondition, message)
}

fn check_sql(sql: &str) -> Result<()> {
    const LONGEST: usize = 64 * 1024;
    let wrong = |why: String| Err(Error::invalid("query.sql", why));
    match sql {
        _ if sql.trim().is_empty() => wrong("the statement is empty".into()),
        _ if sql.len() > LONGEST => wrong(format!("the statement has {} bytes; at most {LONGEST} fit", sql.len())),
        _ if sql.contains('\0') => wrong("the statement has a NUL in it".into()),
        _ => check_beginning(sql).or_else(wrong),
    }
}

/// A name by which the operator of the server lists something.
fn checked(field: &'static str, name: &str) -> Result<String> {
    match JobName::new(name) {
        Ok(name) => Ok(name.to_string()),
        Err(error) => Err(Error::invalid(field, error.message())),
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::{CronConfig, CronConfigFields, domain::Sealed};

    fn http(url: &str) -> CronConfigFields {
        let http = HttpFields { url: Some(url.into()), ..HttpFields::default() };
        CronConfigFields { http: Some(http), ..CronConfigFields::default() }
    }

    fn command(name: &str) -> CronConfigFields {
        let command = CommandFields { name: Some(name.into()) };
        CronConfigFields { command: Some(command), ..CronConfigFields::default() }
    }

    fn query(connection: &str, sealed: Option<&str>) -> CronConfigFields {
        let sealed = sealed.map(|text| Sealed(text.into()));
        let query = QueryFields { connection: Some(connection.into()), sql: Some("SELECT 1".into()), sealed };
        CronConfigFields { query: Some(query), ..CronConfigFields::default() }
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
