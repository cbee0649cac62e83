//! Ask for runs outside the schedule, or for their end.

use jiff::Timestamp;
use serde_json::Value;

use super::{Client, call::Grpc, proto};
use crate::{CronConfigId, Result, RunId, api::wire::show_time, manager::TriggerFields};

impl Client {
    /// Asks for a run outside the schedule.
    ///
    /// Errors: not found, failed precondition (the config is disabled).
    pub async fn trigger(&self, id: CronConfigId) -> Result<proto::CronJob> {
        self.trigger_with(id, &TriggerFields::default()).await
    }

    /// The same with a context of its own, and a name for the request: the same one again gives the same run again.
    ///
    /// Errors: invalid argument (`context`, `requestId`), and as [`Self::trigger`].
    pub async fn trigger_with(&self, id: CronConfigId, fields: &TriggerFields) -> Result<proto::CronJob> {
        let text = |context: &Value| context.as_str().map_or_else(|| context.to_string(), ToOwned::to_owned);
        let asked = proto::TriggerCronConfigRequest {
            id: id.0,
            context: fields.context.as_ref().map(text),
            request_id: fields.request_id.clone().unwrap_or_default(),
        };
        let ask = |mut grpc: Grpc, asked| async move { grpc.trigger_cron_config(asked).await };
        self.write_once(fields.request_id.as_deref().unwrap_or_default(), asked, ask).await
    }

    /// Asks for a run again. The same request id again gives the same run again.
    ///
    /// Errors: not found, invalid argument (`requestId`), failed precondition (it has not ended, or the config is disabled).
    pub async fn retry(&self, id: RunId, request_id: Option<&str>) -> Result<proto::CronJob> {
        let request_id = request_id.unwrap_or_default();
        let asked = proto::RetryCronJobRequest { id: id.0, request_id: request_id.to_owned() };
        self.write_once(request_id, asked, |mut grpc, asked| async move { grpc.retry_cron_job(asked).await }).await
    }

    /// Asks for a run to end: one that waits never starts, one that runs is told.
    ///
    /// Errors: not found, failed precondition (it has ended).
    pub async fn cancel(&self, id: RunId) -> Result<proto::CronJob> {
        let asked = proto::CancelCronJobRequest { id: id.0 };
        self.write(asked, |mut grpc, asked| async move { grpc.cancel_cron_job(asked).await }).await
    }

    /// Asks for one run per instant of the schedule in [from, to). The same request id again gives the same runs again.
    ///
    /// Errors: not found; invalid argument (`from`, `to`, `limit`, `requestId`), also when there are more instants than `limit`; failed
    /// precondition (no schedule, or it is off).
    pub async fn backfill(
        &self,
        id: CronConfigId,
        from: Timestamp,
        to: Timestamp,
        limit: usize,
        request_id: Option<&str>,
    ) -> Result<Vec<proto::CronJob>> {
        let request_id = request_id.unwrap_or_default();
        let asked = proto::BackfillCronConfigRequest {
            id: id.0,
            from: Some(show_time(from)),
            to: Some(show_time(to)),
            limit: limit.try_into().unwrap_or(i32::MAX),
            request_id: request_id.to_owned(),
        };
        let ask = |mut grpc: Grpc, asked| async move { grpc.backfill_cron_config(asked).await };
        Ok(self.write_once(request_id, asked, ask).await?.cron_jobs)
    }
}
