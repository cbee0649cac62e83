//! Cancelling runs.

use std::time::Duration;

use cron_manager::{Cancellation, ErrorKind, RunId, RunState, SkipReason, Stop};

use crate::service::{Service, done, held, quiet, seconds};

async fn ended(service: &Service, id: RunId) -> (RunState, Option<SkipReason>) {
    let run = service.manager.cron_run(id).await.unwrap();
    (run.state, run.reason)
}

#[tokio::test]
async fn a_run_that_waits_is_skipped_when_it_is_cancelled() {
    let service = Service::new().await;
    let config = service.manager.job("waits").distributed(true).run(done()).await.unwrap();
    let asked = service.manager.trigger(config.id).await.unwrap();
    let cancelled = service.manager.cancel(asked.id).await.unwrap();
    assert_eq!((cancelled.state, cancelled.reason), (RunState::Skipped, Some(SkipReason::Cancelled)));
    service.manager.start();
    service.pass(seconds(2)).await;
    assert_eq!(ended(&service, asked.id).await, (RunState::Skipped, Some(SkipReason::Cancelled)));
    let over = service.manager.cancel(asked.id).await.unwrap_err();
    assert_eq!(over.kind(), ErrorKind::FailedPrecondition);
    let nobody = service.manager.cancel(RunId(99)).await.unwrap_err();
    assert_eq!(nobody.kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn a_run_on_another_replica_is_told_to_stop_and_ends_as_cancelled() {
    let (service, other) = {
        let service = Service::new().await;
        let other = service.another().await;
        (service, other)
    };
    let obeys = async |cancellation: Cancellation| match cancellation.cancelled().await {
        Stop::Cancelled => Ok::<_, String>("stopped in time"),
        why => Err(format!("{why:?}")),
    };
    let config = other.manager.job("long").every(seconds(60)).distributed(true).run(obeys).await.unwrap();
    other.manager.start();
    service.pass(seconds(60)).await;
    let run = service.runs(config.id).await.remove(0);
    assert_eq!(run.state, RunState::Running);
    let told = service.manager.cancel(run.id).await.unwrap();
    assert!(told.cancelling && told.state == RunState::Running);
    quiet().await;
    let run = service.manager.cron_run(run.id).await.unwrap();
    assert_eq!((run.state, run.result.as_deref()), (RunState::Cancelled, Some("\"stopped in time\"")));
    service.assert_balanced(config.id).await;
}

#[tokio::test]
async fn a_handler_that_goes_on_after_it_was_cancelled_is_dropped_and_the_next_tick_runs() {
    let service = Service::new().await;
    let (handler, gate) = held();
    let config = service.manager.job("deaf").every(seconds(60)).distributed(true).run(handler).await.unwrap();
    service.manager.start();
    service.pass(seconds(60)).await;
    let run = service.runs(config.id).await.remove(0);
    service.manager.cancel(run.id).await.unwrap();
    service.manager.cancel(run.id).await.unwrap();
    service.pass(seconds(6)).await;
    let run = service.manager.cron_run(run.id).await.unwrap();
    assert_eq!(run.state, RunState::Cancelled);
    assert!(run.error.unwrap().contains("dropped"));
    gate.notify_one();
    service.pass(seconds(60)).await;
    assert_eq!(ended(&service, service.runs(config.id).await[1].id).await, (RunState::Succeeded, None));
}

#[tokio::test]
async fn a_replica_that_shuts_down_still_hears_of_a_cancellation_by_its_heartbeat() {
    let service = Service::new().await;
    let obeys = async |cancellation: Cancellation| {
        cancellation.cancelled().await;
    };
    let job = service.manager.job("long").every(seconds(60)).distributed(true).ttl(seconds(3));
    let config = job.run(obeys).await.unwrap();
    service.manager.start();
    service.pass(seconds(60)).await;
    let run = service.runs(config.id).await.remove(0);
    let stopping = tokio::spawn({
        let manager = service.manager.clone();
        async move { manager.shutdown(seconds(600)).await }
    });
    quiet().await;
    let other = service.another().await;
    other.manager.cancel(run.id).await.unwrap();
    service.pass(Duration::from_millis(1_250)).await;
    assert_eq!(ended(&service, run.id).await, (RunState::Cancelled, None));
    service.pass(seconds(1)).await;
    stopping.await.unwrap();
}
