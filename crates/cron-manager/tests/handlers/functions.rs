//! Which functions are handlers, and what becomes of what they return.

use std::fmt;

use async_trait::async_trait;
use cron_manager::{ActiveRun, Events, Handler, HandlerResult, RunState, Tick};
use serde_json::{Value, json};

use crate::service::{Service, ran, result};

#[tokio::test]
async fn functions_closures_and_handlers_can_do_a_job_with_up_to_eight_arguments() {
    struct Own;
    #[async_trait]
    impl Handler for Own {
        async fn call(&self, _run: ActiveRun) -> HandlerResult {
            Ok(json!("own"))
        }
    }
    async fn function(_: Tick) -> Result<&'static str, String> {
        Ok("function")
    }
    type T = Tick;
    assert_eq!(result(&ran(Own).await), json!("own"));
    assert_eq!(result(&ran(function).await), json!("function"));
    assert_eq!(result(&ran(|| async { Ok::<_, String>(0) }).await), json!(0));
    assert_eq!(result(&ran(async |_: T| Ok::<_, String>(1)).await), json!(1));
    assert_eq!(result(&ran(async |_: T, _: T| Ok::<_, String>(2)).await), json!(2));
    assert_eq!(result(&ran(async |_: T, _: T, _: T| Ok::<_, String>(3)).await), json!(3));
    assert_eq!(result(&ran(async |_: T, _: T, _: T, _: T| Ok::<_, String>(4)).await), json!(4));
    assert_eq!(result(&ran(async |_: T, _: T, _: T, _: T, _: T| Ok::<_, String>(5)).await), json!(5));
    assert_eq!(result(&ran(async |_: T, _: T, _: T, _: T, _: T, _: T| Ok::<_, String>(6)).await), json!(6));
    assert_eq!(result(&ran(async |_: T, _: T, _: T, _: T, _: T, _: T, _: T| Ok::<_, String>(7)).await), json!(7));
    let eight = async |_: T, _: T, _: T, _: T, _: T, _: T, _: T, _: T| Ok::<_, String>(8);
    assert_eq!(result(&ran(eight).await), json!(8));
}

#[tokio::test]
async fn a_function_that_returns_nothing_leaves_only_its_events() {
    assert_eq!(ran(|| async {}).await.result, None);
    assert_eq!(result(&ran(|events: Events| async move { events.push(7) }).await), json!([7]));
}

#[tokio::test]
async fn a_closure_is_cloned_for_each_call() {
    let service = Service::new().await;
    let mut calls = 0;
    let counting = move || {
        calls += 1;
        async move { Ok::<_, String>(calls) }
    };
    service.first_run(json!({}), counting).await;
    service.pass(10).await;
    let results: Vec<Value> = service.runs().await.iter().map(result).collect();
    assert_eq!(results, [1, 1]);
}

#[tokio::test]
async fn an_error_that_can_tell_its_causes_does() {
    struct Chain;
    impl fmt::Display for Chain {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(if f.alternate() { "not sent: no paper" } else { "not sent" })
        }
    }
    let run = ran(|| async { Err::<(), _>(Chain) }).await;
    assert_eq!((run.state, run.error.as_deref()), (RunState::Failed, Some("not sent: no paper")));
}

#[tokio::test]
async fn an_error_whose_text_is_a_json_array_leaves_its_elements_as_events() {
    let run = ran(|events: Events| async move {
        events.push("begun");
        Err::<(), _>(json!([{"shop": 7}, "no paper"]).to_string())
    });
    let run = run.await;
    assert_eq!(run.state, RunState::Failed);
    assert_eq!(run.result.as_deref(), Some(r#"["begun",{"shop":7},"no paper"]"#));
    assert_eq!(run.error.as_deref(), Some("the handler failed with 2 events, which are in its result"));
}
