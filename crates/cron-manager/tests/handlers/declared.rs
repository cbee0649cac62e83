//! Jobs declared by the attribute, and by the builder.

use std::time::Duration;

use cron_manager::{
    CalendarFields, CatchUp, CronConfig, CronConfigFields, CronManager, Ctx, DeclaredJob, ErrorKind, Events,
    LockPolicy, Overlap, Schedule, State, Tick, cron_job, domain::schedule::DstGap, jobs, schedules,
};
use serde_json::json;

use crate::service::{Service, instant};

#[derive(serde::Deserialize)]
struct Shop {
    shop: u64,
}

#[cron_job(
    name = "doSomething",
    schedule = EVERY_5_MINUTES,
    timezone = "Europe/Berlin",
    dst_gap = Skip,
    distributed,
    ttl = 20,
    timeout = "90s",
    jitter = "5s",
    start_deadline = "2m",
    catch_up = None,
    overlap = Skip,
    on_abandoned = Report,
    lock = Require,
    lock_at_least_for = "10s",
    context = r#"{"shop": 7}"#,
    enabled = false,
)]
async fn everything(Ctx(context): Ctx<Shop>, Tick(due): Tick, events: Events) {
    events.push(format!("shop {} up to {due}", context.shop));
}

const PERIOD: Duration = Duration::from_secs(10);
const CONTEXT: &str = r#"{"shop": 8, "distributed": true}"#;

#[cron_job(every = crate::declared::PERIOD, context = CONTEXT, distributed = false)]
async fn look_around(events: Events, Ctx(context): Ctx<Shop>) {
    events.push(context.shop);
}

#[cron_job(every = "10s", calendars = ["closed", "holidays"])]
async fn kept_back() {}

#[cron_job(schedule = EVERY_YEAR)]
async fn five_fields() {}

#[cron_job(schedule = "0 25 * * *")]
async fn at_25() {}

#[cron_job(schedule = schedules::EVERY_YEAR, timezone = "Europe/Berlon")]
async fn in_berlon() {}

#[cron_job(name = "doSomething")]
async fn something_else() {}

const NIGHTLY: &str = "0 3 * * *";

#[cron_job(name = "by-a-constant", schedule = NIGHTLY)]
async fn by_a_constant() {}

#[cron_job]
async fn needs_a_state(_: State<Shop>) {}

async fn declared<J: DeclaredJob>() -> cron_manager::Result<CronConfig> {
    Service::new().await.manager.declare([J::DECLARATION]).await.map(|mut configs| configs.remove(0))
}

fn cron(expression: &str, zone: &str, gap: DstGap) -> Option<Schedule> {
    Some(Schedule::cron(expression, zone, gap).unwrap())
}

#[tokio::test]
async fn what_the_attribute_says_is_what_the_config_becomes() {
    let config = declared::<everything>().await.unwrap();
    assert_eq!(config.name.as_str(), "doSomething");
    assert_eq!(config.schedule, cron("0 */5 * * * *", "Europe/Berlin", DstGap::Skip));
    assert_eq!(config.context.as_str(), r#"{"shop":7,"distributed":true,"ttl":20}"#);
    assert!(!config.enabled);
    let policy = &config.policy;
    assert_eq!((policy.catch_up, policy.overlap), (CatchUp::None, Overlap::Skip));
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    assert_eq!((policy.timeout, policy.jitter, policy.start_deadline), (seconds(90), seconds(5), seconds(120)));
    assert_eq!((policy.lock, policy.lock_at_least_for), (LockPolicy::Require, seconds(10)));
}

#[tokio::test]
async fn the_attribute_names_calendars_that_are_there() {
    let service = Service::new().await;
    let declare = async || service.manager.declare([kept_back::DECLARATION]).await;
    let error = declare().await.unwrap_err();
    assert_eq!((error.kind(), error.field()), (ErrorKind::InvalidArgument, Some("calendars[0]")));
    for name in ["closed", "holidays"] {
        service.manager.create_calendar(&CalendarFields::named(name)).await.unwrap();
    }
    let names: Vec<_> = declare().await.unwrap()[0].policy.calendars.iter().map(ToString::to_string).collect();
    assert_eq!(names, ["closed", "holidays"]);
}

#[tokio::test]
async fn a_schedule_is_named_by_the_library_or_by_a_constant_of_the_users() {
    let utc = |expression| cron(expression, "UTC", DstGap::default());
    assert_eq!(declared::<five_fields>().await.unwrap().schedule, utc("0 0 1 1 *"));
    assert_eq!(declared::<by_a_constant>().await.unwrap().schedule, utc(NIGHTLY));
    assert_eq!(schedules::ALL.len(), 83);
}

#[tokio::test]
async fn a_declared_job_runs_as_its_function_and_the_function_can_be_called() {
    let service = Service::new().await;
    let configs = service.manager.declare(jobs![look_around, five_fields,]).await.unwrap();
    assert_eq!(configs[0].name.as_str(), "look_around");
    assert!(configs[0].enabled && !configs[0].is_distributed(), "a key counts more than the context");
    service.manager.start();
    service.pass(15).await;
    assert_eq!(service.runs().await[0].result.as_deref(), Some("[8]"));

    let events = Events::default();
    everything(Ctx(Shop { shop: 9 }), Tick(instant("2026-03-01T12:00:00Z")), events.clone()).await;
    assert_eq!(events.all(), ["shop 9 up to 2026-03-01T12:00:00Z"]);
}

#[tokio::test]
async fn the_stored_config_counts_more_than_the_attribute() {
    let service = Service::new().await;
    let stored = CronConfigFields::named("five_fields").cron("30 4 * * *", "UTC");
    service.manager.create_cron_config(&stored).await.unwrap();
    let configs = service.manager.declare(jobs![five_fields]).await.unwrap();
    assert_eq!(configs[0].schedule, cron("30 4 * * *", "UTC", DstGap::default()));
}

/// Where the attribute of a function of this file stands.
fn place_of(function: &str) -> String {
    let before = include_str!("declared.rs").split(&format!("async fn {function}(")).next().unwrap();
    format!(
        "{}:{}",
        file!(),
        before.lines().enumerate().filter(|(_, line)| line.starts_with("#[cron_job")).last().unwrap().0 + 1
    )
}

#[tokio::test]
async fn a_declared_job_that_cannot_be_tells_its_name_the_place_of_its_attribute_and_the_mend() {
    let error = declared::<at_25>().await.unwrap_err();
    assert_eq!((error.kind(), error.field()), (ErrorKind::InvalidArgument, Some("cronExpression")));
    let text = error.to_string();
    let start = format!("job at_25 ({}): cronExpression: ", place_of("at_25"));
    assert!(text.starts_with(&start) && text.ends_with("\n0 25 * * *\n  ^^"), "{text}");

    let text = declared::<in_berlon>().await.unwrap_err().to_string();
    assert!(text.starts_with(&format!("job in_berlon ({}): timezone: ", place_of("in_berlon"))), "{text}");

    let error = declared::<needs_a_state>().await.unwrap_err();
    let start = format!("job needs_a_state ({}): the handler takes State<", place_of("needs_a_state"));
    assert_eq!(error.kind(), ErrorKind::FailedPrecondition);
    assert!(error.to_string().starts_with(&start), "{error}");
}

#[tokio::test]
async fn a_job_of_the_builder_that_cannot_be_tells_the_place_of_its_declaration() {
    let manager = CronManager::builder().build().await.unwrap();
    let job = manager.job("at-25");
    let place = format!("job at-25 ({}:{}): cronExpression: ", file!(), line!() - 1);
    let text = job.schedule("0 25 * * *").run(|| async {}).await.unwrap_err().to_string();
    assert!(text.starts_with(&place) && text.ends_with("\n0 25 * * *\n  ^^"), "{text}");
    let job = manager.job("no name").run(|| async {});
    assert!(job.await.unwrap_err().to_string().contains("name: ' ' is not allowed"));
    let nested = json!(r#"{"shop": 7}"#).to_string();
    let job = manager.job("nested").context(nested).distributed(true).run(|| async {});
    assert!(job.await.unwrap_err().to_string().contains("context: the context must be a JSON object"));
    let job = manager.job("context").context("[7]").distributed(true).run(|| async {});
    assert!(job.await.unwrap_err().to_string().contains("context: the context must be a JSON object"));
}

#[tokio::test]
async fn two_declared_jobs_of_one_name_are_refused_with_both_places_and_nothing_is_created() {
    let service = Service::new().await;
    let error = service.manager.declare(jobs![five_fields, everything, something_else]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    let (one, other) = (place_of("everything"), place_of("something_else"));
    assert_eq!(error.to_string(), format!("two jobs are called doSomething: {one} and {other}"));
    assert!(service.manager.cron_config_named("five_fields").await.is_err());
}

#[tokio::test]
async fn the_builders_keys_count_more_than_the_context_in_either_order() {
    let manager = CronManager::builder().build().await.unwrap();
    let context = async |name: &str, before: bool| {
        let job = manager.job(name);
        let context = json!({"z": 1, "distributed": false});
        let job = if before { job.distributed(true).context(context) } else { job.context(context).distributed(true) };
        job.ttl(Duration::from_millis(1_500)).run(|| async {}).await.unwrap().context.as_str().to_owned()
    };
    let expected = r#"{"z":1,"distributed":true,"ttl":1.5}"#;
    assert_eq!((context("one", true).await, context("other", false).await), (expected.into(), expected.into()));
}
