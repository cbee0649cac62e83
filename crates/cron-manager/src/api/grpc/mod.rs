//! The gRPC service.

mod configs;
#[cfg(feature = "rest")]
mod health;
mod replicas;
mod runs;

#[cfg(feature = "rest")]
use tonic::service::Routes;
use tonic::{Request, Response, Status};

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

/// The service with what its clients expect beside it: reflection (v1 and v1alpha), of `descriptors`, and health.
#[cfg(feature = "rest")]
pub(super) fn routes<'a>(manager: CronManager, descriptors: impl Iterator<Item = &'a [u8]> + Clone) -> Routes {
    let reflection = || {
        let none = tonic_reflection::server::Builder::configure();
        descriptors.clone().fold(none, |builder, set| builder.register_encoded_file_descriptor_set(set))
    };
    #[expect(clippy::expect_used, reason = "the build wrote the descriptors, or they were read before")]
    let (v1, v1alpha) = (
        reflection().build_v1().expect("descriptors that were decoded before"),
        reflection().build_v1alpha().expect("descriptors that were decoded before"),
    );
    let mut routes = Routes::builder();
    routes
        .add_service(health::service(manager.clone()))
        .add_service(service(manager))
        .add_service(v1)
        .add_service(v1alpha);
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
        match request.extensions().get::<Author>() {
            Some(author) => self.manager.by(author.clone()),
            None => self.manager.clone(),
        }
    }
}

/// Every method: what it is asked, what it answers, and the function that does it.
macro_rules! methods {
    ($($name:ident: $request:ident -> $response:ident = $function:path;)*) => {
        #[tonic::async_trait]
        impl cron_manager_server::CronManager for Api {
            $(async fn $name(&self, request: Request<proto::$request>) -> Result<Response<proto::$response>, Status> {
                $function(&self.manager(&request), request.into_inner()).await.map(Response::new)
            })*
        }
    };
}

methods! {
    create_cron_config: CreateCronConfigRequest -> CreateCronConfigResponse = configs::create;
    list_cron_configs: ListCronConfigsRequest -> ListCronConfigsResponse = configs::list;
    get_cron_config: GetCronConfigRequest -> CronConfig = configs::get;
    get_cron_config_by_name: GetCronConfigByNameRequest -> CronConfig = configs::get_by_name;
    update_cron_config: UpdateCronConfigRequest -> UpdateCronConfigResponse = configs::update;
    delete_cron_config: DeleteCronConfigRequest -> CronConfig = configs::delete;
    trigger_cron_config: TriggerCronConfigRequest -> CronJob = configs::trigger;
    list_cron_jobs: ListCronJobsRequest -> ListCronJobsResponse = runs::list;
    get_cron_job: GetCronJobRequest -> CronJob = runs::get;
    get_cron_job_log: GetCronJobLogRequest -> CronJobLog = runs::log;
    list_replicas: ListReplicasRequest -> ListReplicasResponse = replicas::list;
    drain_replica: DrainReplicaRequest -> DrainReplicaResponse = replicas::drain;
}
