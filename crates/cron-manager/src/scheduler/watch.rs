//! Watch: be one of the service's replicas, see who else is, and find out who is dead.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{
    Replica,
    counters::{Counter, Counters},
    replica::Phase,
    share::Share,
};
use crate::{
    Hold, RegisteredReplica, ReplicaId, ReplicaStatus, Result, StoreId,
    contracts::{Running, Watch},
};

/// How many watches another replica may miss before it is given up for dead.
const MISSED: u32 = 3;

/// This replica's place in the registry.
#[derive(Clone, Copy)]
pub(super) struct Membership {
    pub(super) id: ReplicaId,
    /// Which store it is registered in.
    pub(super) store_id: StoreId,
    /// Since when it is registered, by the store's clock.
    pub(super) since: Timestamp,
    /// How often it was counted; `None` before it is registered.
    pub(super) heartbeat: Option<i64>,
}

impl Membership {
    pub(super) fn new(id: ReplicaId, store_id: StoreId) -> Self {
        Self { id, store_id, since: Timestamp::MIN, heartbeat: None }
    }
}

/// What this replica has seen of the others.
struct Seen {
    runs: Counters<Hold>,
    replicas: Counters<ReplicaId>,
}

impl Replica {
    /// Watches the others until this replica stops; then leaves.
    pub(super) async fn keep_watching(self: Arc<Self>) {
        let mut seen = Seen { runs: Counters::new(), replicas: Counters::new() };
        loop {
            let soon = seen.runs.shortest_wait(self.tuning.rescue_grace);
            let wait = self.jitter(soon.min(self.tuning.rescue_every));
            tokio::select! {
                biased;
                () = self.reached(Phase::Stopped) => return self.leave().await,
                () = self.clock.sleep_until(self.clock.elapsed() + wait) => {}
            }
            if self.is_stopping() {
                continue;
            }
            if let Err(error) = self.look_around(&mut seen).await {
                tracing::warn!(%error, "the other replicas could not be watched");
                // They may have been cut off as well.
                seen.runs.forget();
                seen.replicas.forget();
            }
        }
    }

    /// Becomes one of the service's replicas; under a new id when the others have given this one up for dead.
    pub(super) async fn join(&self) -> Result<()> {
        let watch = self.store.watch(&self.status()).await?;
        self.take_note(&watch);
        Ok(())
    }

    pub(super) fn has_joined(&self) -> bool {
        self.membership.lock().heartbeat.is_some()
    }

    async fn look_around(&self, seen: &mut Seen) -> Result<()> {
        let watch = self.store.watch(&self.status()).await?;
        self.take_note(&watch);
        let now = self.clock.elapsed();
        let grace = self.tuning.rescue_grace;
        let others = watch.running.iter().filter(|run| !self.active.contains(run.hold));
        let counter = |run: &Running| Counter { of: run.hold, count: run.heartbeat, ttl: run.ttl };
        let dead = seen.runs.read(others.map(counter), now, grace);
        let ttl = self.tuning.rescue_every * MISSED;
        let counter = |replica: &RegisteredReplica| Counter { of: replica.status.id, count: replica.heartbeat, ttl };
        let gone = seen.replicas.read(watch.replicas.iter().map(counter), now, grace);
        // One page that cannot be read must not keep dead replicas in the registry.
        let rescued = self.rescue(&watch.running, &dead).await;
        self.end_all(&gone).await?;
        rescued
    }

    async fn end_all(&self, gone: &[Counter<ReplicaId>]) -> Result<()> {
        for replica in gone {
            if self.store.end_replica(replica.of, replica.count).await? {
                tracing::warn!(replica_id = %replica.of, "a replica has stopped answering; the others take over its share");
            }
        }
        Ok(())
    }

    /// Learns who is there, and whether this replica still is.
    fn take_note(&self, watch: &Watch) {
        self.store_time.observe(watch.now, self.clock.elapsed());
        let mut membership = self.membership.lock();
        match watch.replicas.iter().find(|replica| replica.status.id == membership.id) {
            Some(me) => {
                membership.store_id = watch.store_id;
                (membership.since, membership.heartbeat) = (me.registered_at, Some(me.heartbeat));
            }
            None => {
                let new = Membership::new(ReplicaId(self.random()), watch.store_id);
                tracing::warn!(replica_id = %membership.id, new_id = %new.id, "the other replicas took this one for dead; it goes on under a new id");
                *membership = new;
            }
        }
        *self.share.write() = Share::new(&watch.replicas);
    }

    /// Tells the others that this replica plans no more.
    async fn leave(&self) {
        let membership = *self.membership.lock();
        if let Some(heartbeat) = membership.heartbeat
            && let Err(error) = self.store.end_replica(membership.id, heartbeat).await
        {
            tracing::warn!(%error, "the other replicas could not be told of the end");
        }
        self.left.send_replace(true);
    }

    fn status(&self) -> ReplicaStatus {
        let mut handlers: Vec<_> = self.handlers.read().keys().cloned().collect();
        handlers.sort_unstable();
        let mut runners: Vec<_> = self.runners.keys().cloned().collect();
        runners.sort_unstable();
        ReplicaStatus {
            id: self.id(),
            version: self.version.clone(),
            host: self.host.clone(),
            handlers,
            runners,
            running: u32::try_from(self.active.executing()).unwrap_or(u32::MAX),
            clock_skew: self.clock_skew(),
        }
    }

    /// How far this machine's wall clock is ahead of the store's; nothing before the store has answered.
    fn clock_skew(&self) -> SignedDuration {
        let store = self.store_time.at(self.clock.elapsed());
        if store == Timestamp::MIN {
            return SignedDuration::ZERO;
        }
        let skew = self.clock.now().duration_since(store);
        SignedDuration::from_micros(i64::try_from(skew.as_micros()).unwrap_or(i64::MAX))
    }
}
