//! Share: which replica acts first on a tick.

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
    time::Duration,
};

use jiff::Timestamp;

use crate::{CronConfig, CronConfigId, JobName, RegisteredReplica, ReplicaId};

/// How much longer each replica waits than the one before it in the order of a tick.
const STEP: Duration = Duration::from_millis(250);
/// The longest wait of a replica that could run the tick.
const LONGEST: Duration = Duration::from_millis(1_000);
/// How long a replica that cannot run the tick leaves it to those that can.
const OTHERS_FIRST: Duration = Duration::from_secs(5);

/// The live replicas as this one knows them. It may be out of date: it decides who tries first, never who may.
#[derive(Default)]
pub(super) struct Share {
    members: Vec<Member>,
}

struct Member {
    id: ReplicaId,
    draining: bool,
    handlers: HashSet<JobName>,
    runners: HashSet<String>,
}

impl Member {
    fn can_run(&self, config: &CronConfig) -> bool {
        match config.job_type.runner() {
            None => self.handlers.contains(&config.name),
            Some(runner) => self.runners.contains(&runner),
        }
    }
}

impl Share {
    pub(super) fn new(replicas: &[RegisteredReplica]) -> Self {
        let member = |replica: &RegisteredReplica| Member {
            id: replica.status.id,
            draining: replica.draining,
            handlers: replica.status.handlers.iter().cloned().collect(),
            runners: replica.status.runners.iter().cloned().collect(),
        };
        Self { members: replicas.iter().map(member).collect() }
    }

    /// Whether some live replica can run it.
    pub(super) fn can_run(&self, config: &CronConfig) -> bool {
        self.members.iter().any(|member| member.can_run(config))
    }

    /// How long `me` leaves what is due at `at` to the replicas that come before it. Each tick has its own order (rendezvous
    /// hashing, Thaler and Ravishankar 1998), so that all have an equal share in the long run.
    pub(super) fn delay(&self, me: ReplicaId, config: &CronConfig, at: Timestamp) -> Duration {
        let able = |member: &&Member| !member.draining && member.can_run(config);
        let (mut any, mut mine) = (false, false);
        for member in self.members.iter().filter(able) {
            (any, mine) = (true, mine || member.id == me);
        }
        if any && !mine {
            return OTHERS_FIRST;
        }
        let weight_of_mine = weight(me, config.id, at);
        let before = |member: &&Member| able(member) && weight(member.id, config.id, at) > weight_of_mine;
        let rank = self.members.iter().filter(before).count();
        (STEP * u32::try_from(rank).unwrap_or(u32::MAX)).min(LONGEST)
    }

    /// How long a replica without room leaves a tick to others.
    pub(super) fn without_room(&self) -> Duration {
        if self.members.len() > 1 { OTHERS_FIRST } else { Duration::ZERO }
    }
}

fn weight(id: ReplicaId, config_id: CronConfigId, at: Timestamp) -> u64 {
    let mut hasher = DefaultHasher::new();
    (id, config_id, at).hash(&mut hasher);
    hasher.finish()
}
