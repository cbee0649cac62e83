//! Routes of runs: the ledger.

use axum::{extract::State, http::Uri};
use serde_json::json;

use super::{
    super::wire::show_run,
    Answer, json,
    page::Page,
    params::{Id, Params, id},
};
use crate::{CronConfigId, CronManager, RunId, RunState, SkipReason, manager::RunQuery};

const FILTERS: &[&str] = &["configId", "state", "reason", "from", "to", "pageSize", "pageToken"];

pub(super) async fn list(State(manager): State<CronManager>, uri: Uri) -> Answer {
    let params = Params::of(&uri, FILTERS)?;
    let page = Page::of(&uri, &params)?;
    let query = RunQuery {
        config_id: params.parsed("configId", "the id of a config")?.map(CronConfigId),
        state: params.read("state", "a state of a run", RunState::from_word)?,
        reason: params.read("reason", "a reason to skip a tick", SkipReason::from_word)?,
        from: params.parsed("from", "an RFC 3339 time")?,
        to: params.parsed("to", "an RFC 3339 time")?,
        before: page.after.map(RunId),
        limit: page.limit(),
    };
    let runs = manager.cron_runs(&query).await?;
    Ok(json(&page.show("cronJobs", &runs, show_run, |run| run.id.0)))
}

pub(super) async fn get(State(manager): State<CronManager>, Id(text): Id, uri: Uri) -> Answer {
    Params::of(&uri, &[])?;
    Ok(json(&show_run(&manager.cron_run(id(&text).map(RunId)?).await?)))
}

pub(super) async fn log(State(manager): State<CronManager>, Id(text): Id, uri: Uri) -> Answer {
    Params::of(&uri, &[])?;
    Ok(json(&json!({"log": manager.cron_run_log(id(&text).map(RunId)?).await?})))
}
