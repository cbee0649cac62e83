//! The health of the service, as gRPC asks for it: whether what it needs answers.

use std::time::Duration;

use futures_util::{Stream, StreamExt, stream};
use tonic::{Request, Response, Status, codegen::BoxStream};
use tonic_health::pb::{
    HealthCheckRequest, HealthCheckResponse,
    health_check_response::ServingStatus,
    health_server::{Health, HealthServer},
};

use crate::{CronManager, api::proto::cron_manager_server::SERVICE_NAME};

/// How often a watched health is asked for anew.
const EVERY: Duration = Duration::from_secs(5);

/// The service `grpc.health.v1.Health` of `manager`: it serves when it is ready.
pub(super) fn service(manager: CronManager) -> HealthServer<impl Health> {
    HealthServer::new(Readiness { manager })
}

#[derive(Clone)]
struct Readiness {
    manager: CronManager,
}

impl Readiness {
    async fn status(&self) -> HealthCheckResponse {
        let ready = self.manager.readiness().await.is_ready();
        let status = if ready { ServingStatus::Serving } else { ServingStatus::NotServing };
        HealthCheckResponse { status: status.into() }
    }

    /// The health now, and then each time it changes.
    fn changes(self) -> impl Stream<Item = HealthCheckResponse> {
        stream::unfold((self, None), |(this, last)| async move {
            let clock = this.manager.clock();
            loop {
                let status = this.status().await;
                if last.as_ref() != Some(&status) {
                    return Some((status, (this, Some(status))));
                }
                clock.sleep_until(clock.elapsed() + EVERY).await;
            }
        })
    }
}

/// Whether a request is about us: by our name, or about the whole server.
fn is_ours(request: &HealthCheckRequest) -> bool {
    request.service.is_empty() || request.service == SERVICE_NAME
}

#[tonic::async_trait]
impl Health for Readiness {
    type WatchStream = BoxStream<HealthCheckResponse>;

    async fn check(&self, request: Request<HealthCheckRequest>) -> Result<Response<HealthCheckResponse>, Status> {
        if !is_ours(request.get_ref()) {
            return Err(Status::not_found("no such service here"));
        }
        Ok(Response::new(self.status().await))
    }

    async fn watch(&self, request: Request<HealthCheckRequest>) -> Result<Response<Self::WatchStream>, Status> {
        if is_ours(request.get_ref()) {
            return Ok(Response::new(self.clone().changes().map(Ok).boxed()));
        }
        let unknown = HealthCheckResponse { status: ServingStatus::ServiceUnknown.into() };
        // An unknown service may come to be known, says the protocol: the stream stays open.
        Ok(Response::new(stream::iter([Ok(unknown)]).chain(stream::pending()).boxed()))
    }
}
