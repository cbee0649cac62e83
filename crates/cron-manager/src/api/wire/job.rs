//! What a config's runs do.

use super::{
    Misfit,
    scalar::{show_word, word},
};
use crate::{CommandFields, CronConfigFields, HttpFields, JobType, QueryFields, api::proto};

/// A job, without its secrets.
pub(super) fn show_job(job: &JobType) -> proto::CronConfig {
    let shown = proto::CronConfig { job_type: Some(job.kind().to_string()), ..proto::CronConfig::default() };
    match job {
        JobType::Inline => shown,
        JobType::Http(job) => {
            let method = Some(show_word(job.method));
            let headers = job.shown_headers().into_iter().collect();
            proto::CronConfig { http: Some(proto::HttpJob { url: Some(job.url.clone()), method, headers }), ..shown }
        }
        JobType::Command(job) => {
            proto::CronConfig { command: Some(proto::CommandJob { name: Some(job.name.clone()) }), ..shown }
        }
        JobType::Query(job) => {
            let query = proto::QueryJob { connection: Some(job.connection.clone()), sql: None };
            proto::CronConfig { query: Some(query), ..shown }
        }
    }
}

/// `fields` with what is said of a job.
pub(super) fn with_job(fields: CronConfigFields, given: &proto::CronConfig) -> Result<CronConfigFields, Misfit> {
    let http = given.http.clone().map(http).transpose()?;
    Ok(CronConfigFields {
        job_type: given.job_type.clone().map(|text| word("jobType", text)).transpose()?,
        http,
        command: given.command.clone().map(|job| CommandFields { name: job.name }),
        query: given.query.clone().map(|job| QueryFields { connection: job.connection, sql: job.sql }),
        ..fields
    })
}

fn http(job: proto::HttpJob) -> Result<HttpFields, Misfit> {
    Ok(HttpFields {
        url: job.url,
        method: job.method.map(|text| word("http.method", text)).transpose()?,
        headers: Some(job.headers.into_iter().collect())
            .filter(|headers: &std::collections::BTreeMap<_, _>| !headers.is_empty()),
    })
}
