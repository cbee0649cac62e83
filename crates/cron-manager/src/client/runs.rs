//! Runs: read them, follow them.

use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use jiff::Timestamp;

use super::{Client, error, pages, proto};
use crate::{CronConfigId, Error, ReplicaId, Result, RunId, RunState, SkipReason, api::wire::show_time};

/// Which runs to list.
#[derive(Clone, Debug, Default)]
pub struct RunFilter {
    /// Only of this config.
    pub config_id: Option<CronConfigId>,
    /// Only in this state.
    pub state: Option<RunState>,
    /// Only skipped for this reason.
    pub reason: Option<SkipReason>,
    /// Only due at or after this instant.
    pub from: Option<Timestamp>,
    /// Only due before this instant.
    pub to: Option<Timestamp>,
}

impl Client {
    /// Runs, newest first, page by page.
    pub fn cron_runs(&self, filter: &RunFilter) -> impl Stream<Item = Result<proto::CronJob>> + Send + use<> {
        let client = self.clone();
        let asked = proto::ListCronJobsRequest {
            config_id: filter.config_id.map(|id| id.0),
            state: filter.state.map_or_else(String::new, |state| state.to_string()),
            reason: filter.reason.map_or_else(String::new, |reason| reason.to_string()),
            from: filter.from.map(show_time),
            to: filter.to.map(show_time),
            page_size: pages::PAGE,
            page_token: String::new(),
        };
        pages::rows(move |page_token| {
            let (client, asked) = (client.clone(), proto::ListCronJobsRequest { page_token, ..asked.clone() });
            async move {
                let ask = |mut grpc: super::call::Grpc, asked| async move { grpc.list_cron_jobs(asked).await };
                let page = client.read(asked, ask).await?;
                Ok((page.cron_jobs, page.next_page_token))
            }
        })
    }

    /// One run.
    ///
    /// Errors: not found.
    pub async fn cron_run(&self, id: RunId) -> Result<proto::CronJob> {
        let asked = proto::GetCronJobRequest { id: id.0 };
        self.read(asked, |mut grpc, asked| async move { grpc.get_cron_job(asked).await }).await
    }

    /// What a run has logged so far.
    ///
    /// Errors: not found.
    pub async fn cron_run_log(&self, id: RunId) -> Result<String> {
        let asked = proto::GetCronJobLogRequest { id: id.0 };
        let answer = self.read(asked, |mut grpc, asked| async move { grpc.get_cron_job_log(asked).await }).await?;
        Ok(answer.log)
    }

    /// Follows a run, from its log so far to its end. After an error the stream ends.
    ///
    /// Errors: not found; unavailable.
    pub fn follow(&self, id: RunId) -> impl Stream<Item = Result<proto::CronJobUpdate>> + Send + use<> {
        let client = self.clone();
        let opened = async move {
            let asked = proto::FollowCronJobRequest { id: id.0 };
            let ask = |mut grpc: super::call::Grpc, asked| async move { grpc.follow_cron_job(asked).await };
            let updates = client.read(asked, ask).await?;
            Ok::<_, Error>(updates.map_err(move |status| error::of(&status, &client.url)))
        };
        until_error(stream::once(opened).try_flatten())
    }

    /// Watches all runs, from now on. After an error the stream ends.
    ///
    /// Errors: unavailable.
    pub fn watch(&self) -> impl Stream<Item = Result<proto::WatchEvent>> + Send + use<> {
        let client = self.clone();
        let opened = async move {
            let ask = |mut grpc: super::call::Grpc, asked| async move { grpc.watch_cron_jobs(asked).await };
            let events = client.read(proto::WatchCronJobsRequest {}, ask).await?;
            Ok::<_, Error>(events.map_err(move |status| error::of(&status, &client.url)))
        };
        until_error(stream::once(opened).try_flatten())
    }

    /// The live replicas, in the order of their registration.
    pub async fn replicas(&self) -> Result<Vec<proto::Replica>> {
        let asked = proto::ListReplicasRequest {};
        let answer = self.read(asked, |mut grpc, asked| async move { grpc.list_replicas(asked).await }).await?;
        Ok(answer.replicas)
    }

    /// Asks a replica to start nothing more, or takes that back.
    ///
    /// Errors: not found.
    pub async fn drain_replica(&self, id: ReplicaId, draining: bool) -> Result<()> {
        let asked = proto::DrainReplicaRequest { id: id.to_string(), draining: Some(draining) };
        self.write(asked, |mut grpc, asked| async move { grpc.drain_replica(asked).await }).await?;
        Ok(())
    }
}

/// The items up to the first error, and that.
fn until_error<T: Send>(items: impl Stream<Item = Result<T>> + Send) -> impl Stream<Item = Result<T>> + Send {
    items.scan(false, |is_over, item| {
        let given = (!*is_over).then_some(item);
        *is_over |= given.as_ref().is_some_and(Result::is_err);
        std::future::ready(given)
    })
}
