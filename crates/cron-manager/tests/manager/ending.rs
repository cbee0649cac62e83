//! Runs that end in the transaction of their work: here, in a write of their handler's own.

use std::sync::Arc;

use cron_manager::{
    ActiveRun, CronConfigId, CronRun, HandlerResult, Outcome, RunState,
    contracts::{Busy, Finish, Pages, Store},
    domain::ledger::Page,
    scheduler::Activity,
};
use serde_json::{Value, json};

use crate::service::{Service, seconds};

/// What a handler does when its end was written.
#[derive(Clone, Copy)]
enum Then {
    Returns,
    Fails,
    GoesOn,
}

impl Then {
    async fn go(self) -> HandlerResult {
        match self {
            Self::Returns => Ok(json!("not this")),
            Self::Fails => Err("the reply to COMMIT was lost".into()),
            Self::GoesOn => std::future::pending().await,
        }
    }
}

async fn write(store: &dyn Store, run: &ActiveRun, outcome: Outcome) {
    let finish = Finish { hold: run.run().hold().unwrap(), outcome };
    assert_eq!(store.finish(&[finish]).await.unwrap(), [run.run().id]);
}

/// Triggers a job and lets a minute pass: what was told of its end, and its row.
async fn triggered(service: &Service, id: CronConfigId) -> (Vec<Outcome>, CronRun) {
    let mut activity = service.manager.activity();
    service.manager.start();
    service.manager.trigger(id).await.unwrap();
    service.pass(seconds(60)).await;
    let mut ends = Vec::new();
    while let Ok(event) = activity.try_recv() {
        if let Activity::Ended(_, outcome) = event {
            ends.push(outcome);
        }
    }
    (ends, service.runs(id).await.remove(0))
}

#[tokio::test]
async fn a_run_that_ended_with_its_work_is_told_of_as_the_store_has_it() {
    for then in [Then::Returns, Then::Fails, Then::GoesOn] {
        let service = Service::new().await;
        let store = Arc::clone(&service.store);
        let handler = move |run: ActiveRun| {
            let store = Arc::clone(&store);
            async move {
                run.event("worked");
                run.log("hello");
                let outcome = run.ending(json!({"sent": 3}));
                write(&*store, &run, outcome).await;
                then.go().await
            }
        };
        let config = service.manager.job("work").run(handler).await.unwrap();
        let (ends, row) = triggered(&service, config.id).await;
        let result = Some(r#"["worked",{"sent":3}]"#);
        assert_eq!((row.state, row.result.as_deref(), row.error.as_deref()), (RunState::Succeeded, result, None));
        let [end] = &ends[..] else { panic!("{ends:?}") };
        assert_eq!((end.state, end.result.as_deref(), end.error.as_deref()), (RunState::Succeeded, result, None));
        assert_eq!(end.log.as_deref(), Some("hello\n"));
        let counted = service.manager.metrics().await;
        assert!(counted.contains("cron_manager_job_runs_total{job=\"work\",outcome=\"succeeded\"} 1\n"), "{counted}");
    }
}

/// So it is when the reply to a finish was lost, and it is sent once more.
#[tokio::test]
async fn a_finish_that_was_written_already_is_told_of_once() {
    let service = Service::new().await;
    let store = Arc::clone(&service.store);
    let handler = move |run: ActiveRun| {
        let store = Arc::clone(&store);
        async move {
            write(&*store, &run, Outcome::new(RunState::Succeeded)).await;
            Ok::<_, String>(())
        }
    };
    let config = service.manager.job("work").run(handler).await.unwrap();
    let (ends, row) = triggered(&service, config.id).await;
    assert_eq!((row.state, ends), (RunState::Succeeded, vec![Outcome::new(RunState::Succeeded)]));
    let counted = service.manager.metrics().await;
    assert!(counted.contains("cron_manager_job_runs_total{job=\"work\",outcome=\"succeeded\"} 1\n"), "{counted}");
}

#[tokio::test]
async fn a_success_that_the_transaction_did_not_keep_is_none() {
    for then in [Then::Returns, Then::Fails, Then::GoesOn] {
        let service = Service::new().await;
        let handler = move |run: ActiveRun| async move {
            run.ending(Value::Null);
            then.go().await
        };
        let config = service.manager.job("work").run(handler).await.unwrap();
        let (ends, row) = triggered(&service, config.id).await;
        let error = match then {
            Then::Returns => "the transaction of its work was not kept",
            Then::Fails => "the reply to COMMIT was lost",
            Then::GoesOn => "the hold on the run was lost",
        };
        assert_eq!((row.state, row.error.as_deref()), (RunState::Failed, Some(error)));
        assert_eq!(ends.iter().map(|end| end.state).collect::<Vec<_>>(), [RunState::Failed]);
    }
}

#[tokio::test]
async fn no_heartbeat_waits_for_the_transaction_that_ends_a_run() {
    let service = Service::new().await;
    let handler = |run: ActiveRun| async move {
        run.ending(Value::Null);
        Then::GoesOn.go().await
    };
    let ending = service.manager.job("ending").run(handler).await.unwrap();
    let other = service.manager.job("other").run(async || Then::GoesOn.go().await).await.unwrap();
    service.manager.start();
    for config in [&ending, &other] {
        service.manager.trigger(config.id).await.unwrap();
    }
    service.pass(seconds(25)).await;
    assert_eq!(service.runs(ending.id).await[0].heartbeat, 0);
    assert_eq!(service.runs(other.id).await[0].heartbeat, 2);
}

#[tokio::test]
async fn a_run_that_others_have_ended_is_not_told_of() {
    let service = Service::new().await;
    let store = Arc::clone(&service.store);
    let handler = move |run: ActiveRun| {
        let store = Arc::clone(&store);
        async move {
            run.ending(Value::Null);
            let abandon = |pages: &mut [Page]| {
                assert!(pages[0].abandon(run.run().hold().unwrap(), 0, "gone".into()));
                Ok(())
            };
            let page = [run.run().page_id()];
            store.transact(Pages::Of(&page), Busy::Wait, &abandon).await.unwrap();
            Err::<(), _>("the hold on the run was lost")
        }
    };
    let config = service.manager.job("work").run(handler).await.unwrap();
    let (_, row) = triggered(&service, config.id).await;
    assert_eq!((row.state, row.error.as_deref()), (RunState::Abandoned, Some("gone")));
    let counted = service.manager.metrics().await;
    for outcome in ["succeeded", "failed", "abandoned"] {
        let series = format!("cron_manager_job_runs_total{{job=\"work\",outcome=\"{outcome}\"}} 0\n");
        assert!(counted.contains(&series), "who has ended it counts it: {counted}");
    }
}
