//! Methods of runs: the ledger.

use tonic::Status;

use crate::{
    CronManager, RunId,
    api::{
        proto,
        wire::{Page, run_query, show_run},
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
