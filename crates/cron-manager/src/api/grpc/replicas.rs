//! Methods of replicas.

use tonic::Status;

use crate::{
    CronManager, Error,
    api::{proto, wire::show_replica},
};

pub(super) async fn list(
    manager: &CronManager,
    _asked: proto::ListReplicasRequest,
) -> Result<proto::ListReplicasResponse, Status> {
    let replicas = manager.replicas().await?;
    Ok(proto::ListReplicasResponse { replicas: replicas.iter().map(show_replica).collect() })
}

pub(super) async fn drain(
    manager: &CronManager,
    asked: proto::DrainReplicaRequest,
) -> Result<proto::DrainReplicaResponse, Status> {
    let id = asked.id.parse().map_err(|error: Error| Error::invalid("id", error.message()))?;
    manager.drain_replica(id, asked.draining.unwrap_or(true)).await?;
    Ok(proto::DrainReplicaResponse {})
}
