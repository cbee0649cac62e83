//! A shutdown lets runs end, and loses nothing.

use cron_manager::{ActiveRun, RunState, Stop};
use serde_json::json;

use crate::service::{Service, held, quiet, seconds};

/// db-scheduler#365: the heartbeat stops during a graceful shutdown, and somebody else runs the job again.
#[tokio::test]
async fn heartbeats_go_on_while_a_run_drains() {
    let service = Service::new().await;
    let (handler, gate) = held();
    let job = service.manager.job("slow").every(seconds(10)).context(json!({"ttl": 3}));
    let config = job.run(handler).await.unwrap();
    service.manager.start();
    service.pass(seconds(10)).await;
    let manager = service.manager.clone();
    let ended = tokio::spawn(async move { manager.shutdown(seconds(60)).await });
    service.pass(seconds(40)).await;
    let run = service.runs(config.id).await.remove(0);
    assert_eq!(run.state, RunState::Running);
    assert!(run.heartbeat >= 30, "{} heartbeats", run.heartbeat);
    assert_eq!(service.runs(config.id).await.len(), 1, "nothing is planned any more");
    gate.notify_one();
    service.pass(seconds(1)).await;
    ended.await.unwrap();
    assert_eq!(service.runs(config.id).await[0].state, RunState::Succeeded);
}

#[tokio::test]
async fn a_run_that_outlasts_the_grace_period_is_told_to_stop_and_recorded_as_cancelled() {
    let service = Service::new().await;
    let obeys = |run: ActiveRun| async move {
        run.event("begun");
        assert_eq!(run.stopped().await, Stop::ShutDown);
        Err::<(), _>("stopped half way")
    };
    let config = service.manager.job("obeys").every(seconds(10)).run(obeys).await.unwrap();
    service.manager.start();
    service.pass(seconds(10)).await;
    let manager = service.manager.clone();
    let ended = tokio::spawn(async move { manager.shutdown(seconds(5)).await });
    service.pass(seconds(6)).await;
    ended.await.unwrap();
    let run = service.runs(config.id).await.remove(0);
    assert_eq!((run.state, run.error.as_deref()), (RunState::Cancelled, Some("stopped half way")));
    assert_eq!(run.result.as_deref(), Some(r#"["begun"]"#));
}

#[tokio::test]
async fn a_manager_that_was_never_started_shuts_down_at_once() {
    let service = Service::new().await;
    service.manager.shutdown(seconds(60)).await;
}

#[tokio::test]
async fn ticks_after_the_shutdown_belong_to_whoever_comes_next() {
    let service = Service::new().await;
    let config =
        service.manager.job("next").every(seconds(10)).distributed(true).run(crate::service::done()).await.unwrap();
    service.manager.start();
    service.pass(seconds(10)).await;
    service.manager.shutdown(seconds(0)).await;
    service.pass(seconds(10)).await;
    assert_eq!(service.runs(config.id).await.len(), 1);
    let back = service.another().await;
    back.manager.job("next").run(crate::service::done()).await.unwrap();
    back.manager.start();
    quiet().await;
    assert_eq!(back.states(config.id).await, [(RunState::Succeeded, 1); 2]);
}
