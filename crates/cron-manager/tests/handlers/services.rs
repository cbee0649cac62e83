//! What the service hands to its handlers.

use std::sync::atomic::{AtomicU32, Ordering};

use cron_manager::{Config, CronManager, ErrorKind, RunState, State};
use serde_json::json;

use crate::service::{Service, result};

struct Settings {
    sender: &'static str,
}

#[derive(Default)]
struct Sent(AtomicU32);

#[tokio::test]
async fn the_configuration_and_states_are_found_by_their_types() {
    let service = Service::with(|builder| {
        let config = builder.config(Settings { sender: "office" });
        config.state(Sent::default()).state(Settings { sender: "state" }).state("text")
    });
    let service = service.await;
    let handler = async |config: Config<Settings>, state: State<Settings>, sent: State<Sent>, text: State<&str>| {
        let before = sent.0.0.fetch_add(1, Ordering::Relaxed);
        Ok::<_, String>(json!([config.sender, state.sender, before, *text.clone()]))
    };
    service.first_run(json!({}), handler).await;
    service.pass(10).await;
    let results: Vec<_> = service.runs().await.iter().map(result).collect();
    assert_eq!(results, [json!(["office", "state", 0, "text"]), json!(["office", "state", 1, "text"])]);
}

#[tokio::test]
async fn of_two_values_of_one_type_the_later_counts() {
    let service = Service::with(|builder| builder.state(1_u8).state(2_u8)).await;
    let run = service.first_run(json!({}), async |state: State<u8>| Ok::<_, String>(*state)).await;
    assert_eq!((run.state, result(&run)), (RunState::Succeeded, json!(2)));
}

#[tokio::test]
async fn what_a_handler_takes_and_the_service_lacks_is_found_when_the_job_is_registered() {
    let manager = CronManager::builder().state(Settings { sender: "state" }).build().await.unwrap();
    let takes_config = manager.job("takes-config").run(async |_: State<Settings>, _: Config<Settings>| {});
    let (error, line) = (takes_config.await.unwrap_err(), line!() - 1);
    assert_eq!(error.kind(), ErrorKind::FailedPrecondition);
    let text = error.to_string();
    let place = format!("job takes-config ({}:{line}): the handler takes Config<", file!());
    assert!(text.starts_with(&place), "{text}");
    assert!(
        text.contains("services::Settings>") && text.ends_with("hand it to the builder by `.config(value)`"),
        "{text}"
    );
    let error = manager.job("takes-state").run(async |_: State<Sent>| {}).await.unwrap_err();
    assert!(error.to_string().contains("State<handlers::services::Sent>"), "{error}");
    let missing = manager.cron_config_named("takes-state").await.unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::NotFound, "a job that is refused leaves no config");
}
