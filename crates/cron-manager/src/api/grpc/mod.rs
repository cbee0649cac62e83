//! The gRPC service.

mod access;
mod calendars;
mod configs;
mod control;
#[cfg(feature = "rest")]
mod health;
mod replicas;
mod runs;

use futures_util::StreamExt;
#[cfg(feature = "rest")]
use tonic::service::Routes;
use tonic::{Request, Response, Status, codegen::BoxStream};

use super::proto::{self, cron_manager_server};
use crate::{Author, CronManager};

/// The largest request, in bytes.
pub(super) const MAX_BYTES: usize = 1024 * 1024;

/// The service of `manager`, to mount in a tonic server of one's own. Who calls is that server's to find out: it puts an [`Author`] into the
/// extensions of a request, or the manager speaks for itself; what the author may is theirs to check, too.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> cron_manager::Result<()> {
/// use cron_manager::{CronManager, api::grpc};
///
/// let manager = CronManager::builder().build().await?;
/// let routes = tonic::service::Routes::new(grpc::service(manager));
/// # Ok(())
/// # }
/// ```
pub fn service(manager: CronManager) -> cron_manager_server::CronManagerServer<Api> {
    cron_manager_server::CronManagerServer::new(Api { manager }).max_decoding_message_size(MAX_BYTES)
}

/// The service with health beside it.
#[cfg(feature = "rest")]
pub(super) fn routes(manager: CronManager, max_body: usize) -> Routes {
    let mut routes = Routes::builder();
    routes
        .add_service(health::service(manager.clone()))
        .add_service(service(manager).max_decoding_message_size(max_body));
    routes.routes()
}

/// Reflection (v1 and v1alpha) of what `descriptors` and the health service describe.
#[cfg(feature = "rest")]
pub(super) fn reflection<'a>(descriptors: impl Iterator<Item = &'a [u8]> + Clone) -> Routes {
    let descriptors = descriptors.chain([tonic_health::pb::FILE_DESCRIPTOR_SET]);
    let builder = || {
        let none = tonic_reflection::server::Builder::configure();
        descriptors.clone().fold(none, |builder, set| builder.register_encoded_file_descriptor_set(set))
    };
    #[expect(clippy::expect_used, reason = "the build wrote the descriptors, or they were read before")]
    let (v1, v1alpha) = (
        builder().build_v1().expect("descriptors that were decoded before"),
        builder().build_v1alpha().expect("descriptors that were decoded before"),
    );
    let mut routes = Routes::builder();
    routes.add_service(v1).add_service(v1alpha);
    routes.routes()
}

/// Answers the calls of the service.
#[derive(Clone)]
pub struct Api {
    manager: CronManager,
}

impl Api {
    /// The manager, speaking for the caller where it is known who calls.
    fn manager<T>(&self, request: &Request<T>) -> CronManager {
        let manager = match request.extensions().get::<Author>() {
            Some(author) => self.manager.by(author.clone()),
            None => self.manager.clone(),
        };
        // One that is wrong is as none: whoever gets it begins a trace anew, says W3C's Trace Context.
        let asked_in = request.metadata().get("traceparent").and_then(|text| text.to_str().ok()?.parse().ok());
        asked_in.map_or(manager.clone(), |asked_in| manager.in_trace(asked_in))
    }
}

/// Every method: what it is asked, what it answers, and the function that does it.
macro_rules! methods {
    (
        $(call $name:ident: $request:ident -> $response:ident = $function:path;)*
        $(stream $stream_name:ident: $stream_request:ident -> $stream:ident of $item:ident = $stream_function:path;)*
    ) => {
        #[tonic::async_trait]
        impl cron_manager_server::CronManager for Api {
            $(async fn $name(&self, request: Request<proto::$request>) -> Result<Response<proto::$response>, Status> {
                $function(&self.manager(&request), request.into_inner()).await.map(Response::new)
            })*

            $(type $stream = BoxStream<proto::$item>;

            async fn $stream_name(
                &self,
                request: Request<proto::$stream_request>,
            ) -> Result<Response<Self::$stream>, Status> {
                let stream = $stream_function(&self.manager(&request), request.into_inner()).await?;
                Ok(Response::new(stream.boxed()))
            })*
        }
    };
}

methods! {
    call create_cron_config: CreateCronConfigRequest -> CreateCronConfigResponse = configs::create;
    call list_cron_configs: ListCronConfigsRequest -> ListCronConfigsResponse = configs::list;
    call get_cron_config: GetCronConfigRequest -> CronConfig = configs::get;
    call get_cron_config_by_name: GetCronConfigByNameRequest -> CronConfig = configs::get_by_name;
    call update_cron_config: UpdateCronConfigRequest -> UpdateCronConfigResponse = configs::update;
    call delete_cron_config: DeleteCronConfigRequest -> CronConfig = configs::delete;
    call undelete_cron_config: UndeleteCronConfigRequest -> CronConfig = configs::undelete;
    call validate_cron_config: ValidateCronConfigRequest -> ValidateCronConfigResponse = configs::validate;
    call get_query_text: GetQueryTextRequest -> QueryText = configs::query_text;
    call reencrypt_cron_configs: ReencryptCronConfigsRequest -> ReencryptCronConfigsResponse = configs::reencrypt;
    call list_cron_config_versions: ListCronConfigVersionsRequest -> ListCronConfigVersionsResponse = configs::versions;
    call enable_cron_config: EnableCronConfigRequest -> CronConfig = control::enable;
    call disable_cron_config: DisableCronConfigRequest -> CronConfig = control::disable;
    call enable_all_cron_configs: EnableAllCronConfigsRequest -> EnableAllCronConfigsResponse = control::enable_all;
    call disable_all_cron_configs: DisableAllCronConfigsRequest -> DisableAllCronConfigsResponse = control::disable_all;
    call pause_cron_config: PauseCronConfigRequest -> CronConfig = control::pause;
    call resume_cron_config: ResumeCronConfigRequest -> CronConfig = control::resume;
    call trigger_cron_config: TriggerCronConfigRequest -> CronJob = runs::trigger;
    call backfill_cron_config: BackfillCronConfigRequest -> BackfillCronConfigResponse = runs::backfill;
    call cancel_cron_job: CancelCronJobRequest -> CronJob = runs::cancel;
    call retry_cron_job: RetryCronJobRequest -> CronJob = runs::retry;
    call get_control: GetControlRequest -> Control = control::get;
    call update_control: UpdateControlRequest -> Control = control::update;
    call create_calendar: CreateCalendarRequest -> Calendar = calendars::create;
    call list_calendars: ListCalendarsRequest -> ListCalendarsResponse = calendars::list;
    call get_calendar: GetCalendarRequest -> Calendar = calendars::get;
    call update_calendar: UpdateCalendarRequest -> Calendar = calendars::update;
    call delete_calendar: DeleteCalendarRequest -> Calendar = calendars::delete;
    call list_cron_jobs: ListCronJobsRequest -> ListCronJobsResponse = runs::list;
    call get_cron_job: GetCronJobRequest -> CronJob = runs::get;
    call get_cron_job_log: GetCronJobLogRequest -> CronJobLog = runs::log;
    call list_replicas: ListReplicasRequest -> ListReplicasResponse = replicas::list;
    call drain_replica: DrainReplicaRequest -> DrainReplicaResponse = replicas::drain;
    call list_audit_records: ListAuditRecordsRequest -> ListAuditRecordsResponse = access::list_records;
    call create_token: CreateTokenRequest -> CreateTokenResponse = access::create_token;
    call list_tokens: ListTokensRequest -> ListTokensResponse = access::list_tokens;
    call revoke_token: RevokeTokenRequest -> Token = access::revoke_token;

    stream follow_cron_job: FollowCronJobRequest -> FollowCronJobStream of CronJobUpdate = runs::follow;
    stream watch_cron_jobs: WatchCronJobsRequest -> WatchCronJobsStream of WatchEvent = runs::watch;
}
