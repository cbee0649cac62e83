//! Replicas.

use super::scalar::show_time;
use crate::{RegisteredReplica, api::proto};

pub(crate) fn show_replica(replica: &RegisteredReplica) -> proto::Replica {
    let status = &replica.status;
    let skew = status.clock_skew;
    proto::Replica {
        id: status.id.to_string(),
        version: status.version.clone(),
        host: status.host.clone(),
        handlers: status.handlers.iter().map(ToString::to_string).collect(),
        running: status.running.try_into().unwrap_or(i32::MAX),
        clock_skew: Some(prost_types::Duration { seconds: skew.as_secs(), nanos: skew.subsec_nanos() }),
        registered_at: Some(show_time(replica.registered_at)),
        seen_at: Some(show_time(replica.seen_at)),
        draining: replica.draining,
        runners: status.runners.iter().map(ToString::to_string).collect(),
    }
}
