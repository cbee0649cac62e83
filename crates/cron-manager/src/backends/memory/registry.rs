//! The registry of replicas.

use std::mem;

use jiff::Timestamp;

use crate::{RegisteredReplica, ReplicaId, ReplicaStatus};

/// The live replicas, in the order of their registration, and the ids of those that have ended.
#[derive(Default)]
pub(super) struct Registry {
    live: Vec<RegisteredReplica>,
    ended: Vec<ReplicaId>,
}

impl Registry {
    pub(super) fn watch(&mut self, me: &ReplicaStatus, now: Timestamp) {
        if self.ended.contains(&me.id) {
            return;
        }
        if let Some(known) = self.get_mut(me.id) {
            (known.status, known.seen_at) = (me.clone(), now);
            known.heartbeat += 1;
        } else {
            self.live.push(RegisteredReplica {
                status: me.clone(),
                registered_at: now,
                seen_at: now,
                heartbeat: 0,
                draining: false,
            });
        }
    }

    pub(super) fn end(&mut self, id: ReplicaId, heartbeat: i64) -> bool {
        let found = self.live.iter().position(|replica| replica.status.id == id && replica.heartbeat == heartbeat);
        if let Some(place) = found {
            self.live.remove(place);
            self.ended.push(id);
        }
        found.is_some()
    }

    /// Whether that changes anything; `None`: there is no such live replica.
    pub(super) fn drain(&mut self, id: ReplicaId, draining: bool) -> Option<bool> {
        self.get_mut(id).map(|replica| mem::replace(&mut replica.draining, draining) != draining)
    }

    pub(super) fn all(&self) -> &[RegisteredReplica] {
        &self.live
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = ReplicaId> {
        self.live.iter().map(|replica| replica.status.id)
    }

    /// `None`: it has ended, or never registered.
    pub(super) fn registered_at(&self, id: ReplicaId) -> Option<Timestamp> {
        self.live.iter().find(|replica| replica.status.id == id).map(|replica| replica.registered_at)
    }

    fn get_mut(&mut self, id: ReplicaId) -> Option<&mut RegisteredReplica> {
        self.live.iter_mut().find(|replica| replica.status.id == id)
    }
}
