//! Methods of runs: the ledger.

use futures_util::{Stream, StreamExt};
use tonic::Status;

use crate::{
    CronManager, RunId,
    api::{
        proto,
        wire::{Page, run_query, show_event, show_run, show_update},
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

pub(super) async fn follow(
    manager: &CronManager,
    asked: proto::FollowCronJobRequest,
) -> Result<impl Stream<Item = Result<proto::CronJobUpdate, Status>> + Send + use<>, Status> {
    // What is not there is an error and no stream.
    manager.cron_run(RunId(asked.id)).await?;
    Ok(manager.follow(RunId(asked.id)).map(|update| Ok(show_update(update?))))
}

pub(super) async fn watch(
    manager: &CronManager,
    _asked: proto::WatchCronJobsRequest,
) -> Result<impl Stream<Item = Result<proto::WatchEvent, Status>> + Send + use<>, Status> {
    Ok(manager.watch().map(|event| Ok(show_event(event))))
}
