//! Laws about the registry of replicas.

use std::time::Duration;

use super::{Subject, replica};
use crate::{Author, ReplicaId, ReplicaStatus, Revision, testing::ManualClock};

/// And everyone who watches sees all of them, with what they last told.
pub async fn a_replica_is_registered_once_and_counted_each_time(store: Subject, clock: ManualClock) {
    let first = store.watch(&replica(1)).await.unwrap();
    clock.advance(Duration::from_secs(5));
    store.watch(&replica(2)).await.unwrap();
    clock.advance(Duration::from_secs(5));
    let told = ReplicaStatus { running: 9, handlers: Vec::new(), runners: Vec::new(), ..replica(1) };
    let watch = store.watch(&told).await.unwrap();
    assert_eq!(store.replicas().await.unwrap(), watch.replicas);
    let shown: Vec<_> = watch.replicas.iter().map(|replica| (replica.status.clone(), replica.heartbeat)).collect();
    assert_eq!(shown, [(told, 1), (replica(2), 0)]);
    let (one, two) = (&watch.replicas[0], &watch.replicas[1]);
    assert_eq!((one.registered_at, one.seen_at), (first.now, watch.now));
    assert!(two.registered_at > one.registered_at && two.seen_at < one.seen_at);
    assert!(!one.draining && !two.draining);
}

/// So that nobody ends a replica that told of itself meanwhile, and a replica that was away too long knows it.
pub async fn a_replica_ends_only_under_the_heartbeat_that_was_seen_and_stays_ended(store: Subject, _: ManualClock) {
    store.watch(&replica(1)).await.unwrap();
    store.watch(&replica(1)).await.unwrap();
    assert!(!store.end_replica(ReplicaId(1), 0).await.unwrap());
    assert!(!store.end_replica(ReplicaId(2), 0).await.unwrap());
    assert!(store.end_replica(ReplicaId(1), 1).await.unwrap());
    assert!(!store.end_replica(ReplicaId(1), 1).await.unwrap());
    let watch = store.watch(&replica(1)).await.unwrap();
    assert!(watch.replicas.is_empty());
    assert!(store.replicas().await.unwrap().is_empty());
}

/// By which locks tell whose they are.
pub async fn a_store_has_one_id_for_ever(store: Subject, _: ManualClock) {
    let id = store.watch(&replica(1)).await.unwrap().store_id;
    assert_eq!(store.watch(&replica(2)).await.unwrap().store_id, id);
    assert_ne!(id.0, 0);
}

/// It learns of it when it looks.
pub async fn a_replica_is_asked_to_drain_while_it_lives(store: Subject, _: ManualClock) {
    assert!(!store.drain_replica(ReplicaId(1), true, &Author::code()).await.unwrap());
    store.watch(&replica(1)).await.unwrap();
    for draining in [true, false] {
        assert!(store.drain_replica(ReplicaId(1), draining, &Author::code()).await.unwrap());
        let watch = store.watch(&replica(1)).await.unwrap();
        assert_eq!(watch.replicas[0].draining, draining);
        let look = store.look(Revision(0), &[]).await.unwrap();
        assert_eq!(look.draining.contains(&ReplicaId(1)), draining);
    }
    store.drain_replica(ReplicaId(1), true, &Author::code()).await.unwrap();
    let heartbeat = store.replicas().await.unwrap()[0].heartbeat;
    store.end_replica(ReplicaId(1), heartbeat).await.unwrap();
    assert!(store.look(Revision(0), &[]).await.unwrap().draining.is_empty());
}
