//! Methods of runs: the ledger.

use futures_util::{Stream, StreamExt};
use serde_json::Value;
use tonic::Status;

use crate::{
    CronConfigId, CronManager, RunId, TriggerFields,
    api::{
        proto,
        wire::{Misfit, Page, needed_time, run_query, show_event, show_run, show_update},
    },
};

pub(super) async fn list(
    manager: &CronManager,
    mut asked: proto::ListCronJobsRequest,
) -> Result<proto::ListCronJobsResponse, Status> {
    let (size, token) = (std::mem::take(&mut asked.page_size), std::mem::take(&mut asked.page_token));
    let page = Page::new("cron_jobs", &asked, size, &token)?;
    let runs = manager.cron_runs(&run_query(asked, &page)?).await?;
    let (cron_jobs, next_page_token) = page.show(&runs, show_run, |run| run.id.0);
    Ok(proto::ListCronJobsResponse { cron_jobs, next_page_token })
}

pub(super) async fn get(manager: &CronManager, asked: proto::GetCronJobRequest) -> Result<proto::CronJob, Status> {
    Ok(show_run(&manager.cron_run(RunId(asked.id)).await?))
}

pub(super) async fn log(
    manager: &CronManager,
    asked: proto::GetCronJobLogRequest,
) -> Result<proto::CronJobLog, Status> {
    Ok(proto::CronJobLog { log: manager.cron_run_log(RunId(asked.id)).await? })
}

pub(super) async fn trigger(
    manager: &CronManager,
    asked: proto::TriggerCronConfigRequest,
) -> Result<proto::CronJob, Status> {
    let context = asked.context.map(Value::String);
    let fields = TriggerFields { context, request_id: named(asked.request_id) };
    Ok(show_run(&manager.trigger_with(CronConfigId(asked.id), &fields).await?))
}

pub(super) async fn backfill(
    manager: &CronManager,
    asked: proto::BackfillCronConfigRequest,
) -> Result<proto::BackfillCronConfigResponse, Status> {
    const LIMIT: usize = 100;
    let limit = usize::try_from(asked.limit).map_err(|_| Misfit::new("limit", "must not be negative"))?;
    let limit = if limit == 0 { LIMIT } else { limit };
    let (from, to) = (needed_time("from", asked.from)?, needed_time("to", asked.to)?);
    let request_id = named(asked.request_id);
    let runs = manager.backfill(CronConfigId(asked.id), from, to, limit, request_id.as_deref()).await?;
    Ok(proto::BackfillCronConfigResponse { cron_jobs: runs.iter().map(show_run).collect() })
}

pub(super) async fn cancel(
    manager: &CronManager,
    asked: proto::CancelCronJobRequest,
) -> Result<proto::CronJob, Status> {
    Ok(show_run(&manager.cancel(RunId(asked.id)).await?))
}

pub(super) async fn retry(manager: &CronManager, asked: proto::RetryCronJobRequest) -> Result<proto::CronJob, Status> {
    Ok(show_run(&manager.retry(RunId(asked.id), named(asked.request_id).as_deref()).await?))
}

/// The caller's name for a request, if there is one.
fn named(request_id: String) -> Option<String> {
    Some(request_id).filter(|id| !id.is_empty())
}

pub(super) fn follow(
    manager: &CronManager,
    asked: &proto::FollowCronJobRequest,
) -> impl Stream<Item = Result<proto::CronJobUpdate, Status>> + Send + use<> {
    manager.follow(RunId(asked.id)).map(|update| Ok(show_update(update?)))
}

pub(super) fn watch(
    manager: &CronManager,
    _asked: &proto::WatchCronJobsRequest,
) -> impl Stream<Item = Result<proto::WatchEvent, Status>> + Send + use<> {
    manager.watch().map(|event| Ok(show_event(event)))
}
