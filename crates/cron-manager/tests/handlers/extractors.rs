//! What a handler may take.

use std::{sync::Arc, time::Duration};

use cron_manager::{
    ActiveRun, Attempt, Cancellation, Context, CronRun, Ctx, ErrorKind, Events, Fence, FromRun, IdempotencyKey,
    Progress, ProgressReport, RunState, Stop, Tick, Window,
};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::service::{Service, instant, ran, result};

#[derive(Deserialize, Serialize)]
struct Shop {
    shop: u64,
    #[serde(default)]
    sender: Option<String>,
}

#[tokio::test]
async fn each_argument_is_what_its_type_says() {
    async fn handler(
        Ctx(context): Ctx<Shop>,
        row: CronRun,
        window: Window,
        Tick(due): Tick,
        Attempt(attempt): Attempt,
        fence: Fence,
        IdempotencyKey(key): IdempotencyKey,
    ) -> Result<serde_json::Value, String> {
        assert_eq!(window, Window { start: None, end: due });
        Ok(json!([context.shop, row.id, due, attempt, fence, key, row.idempotency_key()]))
    }
    let run = Service::new().await.first_run(json!({"shop": 7}), handler).await;
    let key = "1/2026-03-01T12:00:10Z";
    assert_eq!(result(&run), json!([7, 1, "2026-03-01T12:00:10Z", 1, 1, key, key]));
    let untyped = async |context: Context| Ok::<_, String>(context.as_str().to_owned());
    let run = Service::new().await.first_run(json!({"z": 1, "a": 2}), untyped).await;
    assert_eq!(result(&run), json!(r#"{"z":1,"a":2}"#));
}

#[tokio::test]
async fn a_later_tick_has_a_window_that_begins_at_the_one_before() {
    let service = Service::new().await;
    let windows = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&windows);
    service.first_run(json!({}), async move |window: Window| seen.lock().push(window)).await;
    service.pass(10).await;
    let (first, second) = (instant("2026-03-01T12:00:10Z"), instant("2026-03-01T12:00:20Z"));
    assert_eq!(*windows.lock(), [Window { start: None, end: first }, Window { start: Some(first), end: second }]);
}

#[tokio::test]
async fn a_context_that_does_not_fit_fails_the_run_with_the_fields_name_and_the_function_is_not_called() {
    for (context, field) in [
        (json!({"shop": "seven"}), "shop: invalid type"),
        (json!({"shop": 7, "sender": 1}), "sender: invalid type"),
        (json!({}), "missing field `shop`"),
    ] {
        let handler = |events: Events, _: Ctx<Shop>| async move { events.push("called") };
        let run = Service::new().await.first_run(context, handler).await;
        assert_eq!((run.state, &run.result), (RunState::Failed, &None));
        let error = run.error.unwrap();
        assert!(error.starts_with("context: ") && error.contains(field), "{error}");
    }
}

#[tokio::test]
async fn an_argument_of_the_users_own_is_taken_or_fails_the_run() {
    struct Even(i64);
    impl FromRun for Even {
        fn from_run(run: &ActiveRun) -> cron_manager::Result<Self> {
            match run.run().due_at.as_second() / 10 {
                tick if tick % 2 == 0 => Ok(Self(tick)),
                _ => Err(cron_manager::Error::new(ErrorKind::FailedPrecondition, "an odd tick")),
            }
        }
    }
    let service = Service::new().await;
    service.first_run(json!({}), |Even(tick): Even| async move { Ok::<_, String>(tick) }).await;
    service.pass(10).await;
    let mut ended: Vec<_> = service.runs().await.into_iter().map(|run| (run.state, run.error)).collect();
    ended.sort_by_key(|(state, _)| *state == RunState::Failed);
    assert_eq!(ended, [(RunState::Succeeded, None), (RunState::Failed, Some("an odd tick".to_owned()))]);
}

#[tokio::test]
async fn the_newest_progress_can_be_read_from_the_run() {
    let run = ran(|run: ActiveRun, progress: Progress| async move {
        assert_eq!(run.progress(), None);
        progress.set(0.25, "a quarter");
        progress.set(0.5, "half");
        assert_eq!(run.progress(), Some(ProgressReport { fraction: 0.5, text: "half".into() }));
    });
    assert_eq!(run.await.error, None);
}

#[tokio::test]
async fn a_handler_that_waits_for_its_cancellation_learns_why() {
    let service = Service::new().await;
    let job = service.manager.job("slow").every(Duration::from_secs(10)).timeout(Duration::from_secs(3));
    let handler = async |cancellation: Cancellation, events: Events| {
        assert!(!cancellation.is_cancelled());
        let why = cancellation.cancelled().await;
        assert!(cancellation.is_cancelled() && why == Stop::TimedOut);
        events.push("told");
    };
    job.run(handler).await.unwrap();
    service.manager.start();
    service.pass(14).await;
    let run = service.runs().await.remove(0);
    assert_eq!((run.state, run.result.as_deref()), (RunState::TimedOut, Some(r#"["told"]"#)));
}
