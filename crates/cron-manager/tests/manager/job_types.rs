//! Jobs of other types than inline: who runs them, and what a change of the type does.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use cron_manager::{
    Author, Called, CommandFields, CronConfigFields, CronConfigId, CronManager, ErrorKind, Handler, IntoHandler,
    JobKind, Refusal, Role, RunState, SkipReason,
};
use serde_json::json;

use crate::service::{Service, done, held, name, quiet, seconds};

/// A command that is due every ten seconds, once in the service.
fn command(command: &str) -> CronConfigFields {
    let command = CommandFields { name: Some(command.into()) };
    let fields = CronConfigFields { command: Some(command), ..CronConfigFields::named("job") };
    fields.enabled(true).every(seconds(10)).context(json!({"distributed": true}))
}

async fn create(service: &Service, fields: CronConfigFields) -> CronConfigId {
    service.manager.create_cron_config(&fields).await.unwrap().id
}

/// A runner that counts its runs.
fn counting() -> (impl Handler, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    let handler = async move || {
        counter.fetch_add(1, Ordering::Relaxed);
    };
    (handler.into_handler(), count)
}

#[tokio::test]
async fn a_job_is_run_only_by_a_replica_that_has_its_runner() {
    let (runner, count) = counting();
    let able = Service::with_runner("command:backup", runner).await;
    // Neither another command nor a handler by the job's name will do.
    let (other, others) = counting();
    let unable = able.another_with_runner("command:other", other).await;
    unable.manager.job("job").run(done()).await.unwrap();
    let id = unable.manager.cron_config_named("job").await.unwrap().id;
    able.manager.update_cron_config(id, &command("backup"), None).await.unwrap();
    able.manager.start();
    unable.manager.start();
    able.pass(seconds(60)).await;
    let runs = able.runs(id).await;
    assert_eq!(runs.len(), 6);
    let by_able = |run: &cron_manager::CronRun| run.replica_id == Some(able.manager.replica_id());
    assert!(runs.iter().all(|run| run.state == RunState::Succeeded && by_able(run)));
    assert_eq!((count.load(Ordering::Relaxed), others.load(Ordering::Relaxed)), (6, 0));
    able.assert_balanced(id).await;
    let mut told: Vec<_> = able.manager.replicas().await.unwrap();
    told.sort_by_key(|replica| replica.status.runners.clone());
    let runners = told.into_iter().flat_map(|replica| replica.status.runners);
    // This build may have others of its own.
    let runners: Vec<_> = runners.filter(|runner| runner.starts_with("command:")).collect();
    assert_eq!(runners, ["command:backup", "command:other"]);
}

#[tokio::test]
async fn a_job_that_no_live_replica_can_run_is_skipped_as_no_handler() {
    let service = Service::new().await;
    let fields = CronConfigFields { start_deadline: Some(seconds(5)), ..command("backup") };
    let id = create(&service, fields).await;
    let lane = CronConfigFields { name: Some("lane".into()), context: Some(json!({})), ..command("backup") };
    let in_lane = create(&service, lane).await;
    // Handlers by their names are not asked.
    for name in ["job", "lane"] {
        service.manager.job(name).run(done()).await.unwrap();
    }
    service.manager.start();
    service.pass(seconds(60)).await;
    for id in [id, in_lane] {
        let runs = service.runs(id).await;
        assert!(runs.iter().any(|run| run.reason == Some(SkipReason::NoHandler)), "{runs:?}");
        assert!(runs.iter().all(|run| run.started_at.is_none()));
        service.assert_balanced(id).await;
    }
}

#[tokio::test]
async fn a_run_goes_on_as_the_type_it_was_claimed_with_and_the_next_one_is_of_the_new_type() {
    let (runner, gate) = held();
    let service = Service::with_runner("command:backup", runner).await;
    let id = create(&service, command("backup")).await;
    let (handler, count) = counting();
    service.manager.job("job").run(handler).await.unwrap();
    service.manager.start();
    service.pass(seconds(10)).await;
    assert_eq!(service.states(id).await, [(RunState::Running, 1)]);
    let inline = CronConfigFields { job_type: Some(JobKind::Inline), ..CronConfigFields::default() };
    service.manager.update_cron_config(id, &inline, None).await.unwrap();
    service.pass(seconds(1)).await;
    assert_eq!((service.states(id).await[0].0, count.load(Ordering::Relaxed)), (RunState::Running, 0));
    gate.notify_one();
    quiet().await;
    service.pass(seconds(10)).await;
    assert_eq!(service.states(id).await, [(RunState::Succeeded, 1), (RunState::Succeeded, 1)]);
    assert_eq!(count.load(Ordering::Relaxed), 1);
    service.assert_balanced(id).await;
}

#[tokio::test]
async fn a_foreign_timer_does_not_run_a_job_of_another_type() {
    let service = Service::new().await;
    let id = create(&service, command("backup")).await;
    service.manager.start();
    let call = async |manager: &CronManager| manager.handle_job("job", || async {}).await.unwrap();
    assert_eq!(call(&service.manager).await, Called::Refused(Refusal::OtherType));
    assert!(!service.manager.cron_config(id).await.unwrap().external);
    // One that was inline when this replica got to know it.
    let inline = CronConfigFields::named("job").enabled(true).context(json!({"distributed": true}));
    let inline = CronConfigFields { job_type: Some(JobKind::Inline), every: Some(seconds(0)), ..inline };
    service.manager.update_cron_config(id, &inline, None).await.unwrap();
    assert!(matches!(call(&service.manager).await, Called::Ran(..)));
    service.manager.update_cron_config(id, &command("backup"), None).await.unwrap();
    assert_eq!(call(&service.manager).await, Called::Refused(Refusal::OtherType));
    assert_eq!(service.manager.cron_config(id).await.unwrap().name, name("job"));
}

#[tokio::test]
async fn what_a_job_of_another_type_does_is_for_admins_to_say() {
    let service = Service::new().await;
    let operator = service.manager.by(Author::new("ada", Role::Operator));
    let refused = operator.create_cron_config(&command("backup")).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::PermissionDenied);
    let refused = operator.create_cron_config_once(&command("backup"), "one").await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::PermissionDenied);

    let id = create(&service, command("backup")).await;
    let inline = CronConfigFields { job_type: Some(JobKind::Inline), ..CronConfigFields::default() };
    for change in [command("erase"), inline] {
        let refused = operator.update_cron_config(id, &change, None).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::PermissionDenied);
    }
    assert_eq!(service.manager.cron_config(id).await.unwrap().version, 1, "nothing was changed");
    let every = CronConfigFields::default().every(seconds(20));
    assert_eq!(
        operator.update_cron_config(id, &every, None).await.unwrap().version,
        2,
        "when it runs is not what it does"
    );
    assert!(!operator.disable(id, None).await.unwrap().enabled);
    let inline = CronConfigFields::named("of-the-code").enabled(true);
    assert!(operator.create_cron_config(&inline).await.unwrap().enabled);
    assert_eq!(operator.query_text(id).await.unwrap_err().kind(), ErrorKind::PermissionDenied);
}
