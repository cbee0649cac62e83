//! Laws of [`Spawn`].

use std::sync::Arc;

use tokio::sync::oneshot;

use super::super::ManualClock;
use crate::contracts::Spawn;

/// Makes the tests; the factory returns a spawner.
#[macro_export]
macro_rules! spawn_laws {
    ($make:path) => {
        $crate::laws!(spawn, $make; a_spawned_future_runs_to_its_end_by_itself, spawning_returns_before_the_future_has_ended, a_spawned_future_may_spawn);
    };
}

/// Nobody has to wait for it.
pub async fn a_spawned_future_runs_to_its_end_by_itself(spawn: Arc<dyn Spawn>, _: ManualClock) {
    let (done, ended) = oneshot::channel();
    spawn.spawn(Box::pin(async move {
        done.send(()).unwrap();
    }));
    ended.await.unwrap();
}

/// A future that waits for its spawner does not stop it.
pub async fn spawning_returns_before_the_future_has_ended(spawn: Arc<dyn Spawn>, _: ManualClock) {
    let (go, gate) = oneshot::channel();
    let (done, ended) = oneshot::channel();
    spawn.spawn(Box::pin(async move {
        gate.await.unwrap();
        done.send(()).unwrap();
    }));
    go.send(()).unwrap();
    ended.await.unwrap();
}

/// Also from inside.
pub async fn a_spawned_future_may_spawn(spawn: Arc<dyn Spawn>, _: ManualClock) {
    let (done, ended) = oneshot::channel();
    let inner = Arc::clone(&spawn);
    spawn.spawn(Box::pin(async move {
        inner.spawn(Box::pin(async move { done.send(()).unwrap() }));
    }));
    ended.await.unwrap();
}
