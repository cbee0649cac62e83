//! What a manager can be asked, a server can be asked.

use cron_manager::{
    BlackoutFields, CalendarFields, CalendarId, Client, ControlFields, CronConfigFields, CronConfigId, ErrorKind,
    Events, Log, PauseFields, Role, RunId, RunState, TokenId, TriggerFields,
    client::{
        AuditFilter, ConfigFilter, RunFilter,
        proto::{CronJobUpdate, cron_job_update::Update, watch_event::Event},
    },
};
use futures_util::{StreamExt, TryStreamExt};
use serde_json::json;

use crate::support::Server;

fn fields(name: &str) -> CronConfigFields {
    CronConfigFields::named(name).cron("0 0 29 2 *", "UTC")
}

#[tokio::test]
async fn a_config_is_created_changed_read_and_deleted() {
    let server = Server::start().await;
    let client = server.client().await;
    let made = client.create_cron_config(&fields("j").context(json!({"z": 1, "a": 2}))).await.unwrap();
    assert_eq!((made.id(), made.name(), made.enabled(), made.context()), (1, "j", false, r#"{"z":1,"a":2}"#));
    let id = CronConfigId(made.id());
    let on = CronConfigFields::default().enabled(true);
    let changed = client.update_cron_config(id, &on, Some(made.etag())).await.unwrap();
    assert!(changed.enabled() && changed.etag() != made.etag());
    assert_eq!(changed.to_json()["context"], json!({"z": 1, "a": 2}));
    assert_eq!(client.cron_config(id).await.unwrap(), changed);
    assert_eq!(client.cron_config_named("j").await.unwrap(), changed);
    let stale = client.delete_cron_config(id, Some(made.etag())).await.unwrap_err();
    assert_eq!(stale.kind(), ErrorKind::Conflict);
    let gone = client.delete_cron_config(id, Some(changed.etag())).await.unwrap();
    assert!(gone.deleted_at.is_some());
    assert_eq!(client.cron_configs(&ConfigFilter::default()).count().await, 0);
    let all = ConfigFilter { show_deleted: true, ..ConfigFilter::default() };
    assert_eq!(client.cron_configs(&all).try_collect::<Vec<_>>().await.unwrap(), [gone]);
}

#[tokio::test]
async fn a_list_has_the_rows_of_all_pages_once() {
    let server = Server::start().await;
    for at in 0..205 {
        server.manager.create_cron_config(&fields(&format!("j{at}"))).await.unwrap();
    }
    let client = server.client().await;
    let names: Vec<_> = client
        .cron_configs(&ConfigFilter::default())
        .map_ok(|config| config.name.unwrap())
        .try_collect()
        .await
        .unwrap();
    assert_eq!(names, (0..205).map(|at| format!("j{at}")).collect::<Vec<_>>());
    assert_eq!(client.audit(&AuditFilter::default()).count().await, 205);
    let first = AuditFilter { config_id: Some(CronConfigId(1)), ..AuditFilter::default() };
    assert_eq!(client.audit(&first).count().await, 1);
}

#[tokio::test]
async fn an_error_has_kind_message_and_field_of_the_servers() {
    let server = Server::start().await;
    let client = server.client().await;
    let wrong = CronConfigFields { cron_expression: Some("61 * * * *".into()), ..fields("j") };
    let (theirs, ours) = (
        server.manager.create_cron_config(&wrong).await.unwrap_err(),
        client.create_cron_config(&wrong).await.unwrap_err(),
    );
    assert_eq!((ours.kind(), ours.field()), (ErrorKind::InvalidArgument, Some("cronExpression")));
    assert_eq!(ours.to_string(), theirs.to_string());
    assert_eq!(client.cron_config(CronConfigId(9)).await.unwrap_err().kind(), ErrorKind::NotFound);
    client.create_cron_config(&fields("j")).await.unwrap();
    assert_eq!(client.create_cron_config(&fields("j")).await.unwrap_err().kind(), ErrorKind::AlreadyExists);
    assert_eq!(client.trigger(CronConfigId(1)).await.unwrap_err().kind(), ErrorKind::FailedPrecondition);
    let followed: Vec<_> = client.follow(RunId(9)).collect().await;
    assert_eq!(followed.len(), 1);
    assert_eq!(followed[0].as_ref().unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn who_shows_no_token_or_a_wrong_one_is_told_so_and_nothing_else() {
    let server = Server::start().await;
    let nobody = Client::connect(&server.url()).await.unwrap();
    let wrong = Client::builder(&server.url()).token("a-token-of-nobody").build().await.unwrap();
    for client in [nobody, wrong] {
        let error = client.cron_config(CronConfigId(1)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthenticated, "{error}");
        assert!(!format!("{client:?}").contains("nobody"));
    }
}

#[tokio::test]
async fn a_token_lets_its_owner_do_what_the_role_may_until_it_is_taken_back() {
    let server = Server::start().await;
    let admin = server.client().await;
    let (token, secret) = admin.create_token("ada", Role::Viewer, None).await.unwrap();
    assert_eq!((token.name.as_str(), token.role.as_str()), ("ada", "viewer"));
    let viewer = Client::builder(&server.url()).token(secret.expose()).build().await.unwrap();
    assert_eq!(viewer.replicas().await.unwrap(), []);
    let refused = viewer.create_cron_config(&fields("j")).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::PermissionDenied);
    let revoked = admin.revoke_token(TokenId(token.id)).await.unwrap();
    assert_eq!(admin.tokens().await.unwrap(), [revoked]);
}

#[tokio::test]
async fn a_reason_is_in_the_audit_whatever_it_says() {
    let server = Server::start().await;
    let client = server.client().await;
    for reason in ["the shop öffnet, 100 %41", "so"] {
        client.because(reason).create_cron_config(&fields(&reason.len().to_string())).await.unwrap();
        let newest = client.audit(&AuditFilter::default()).boxed().try_next().await.unwrap().unwrap();
        assert_eq!(newest.reason(), reason);
    }
}

#[tokio::test]
async fn a_run_is_asked_for_followed_and_read() {
    let server = Server::open().await;
    let client = Client::connect(&server.url()).await.unwrap();
    let job = server.manager.job("j").schedule("0 0 29 2 *").run(|log: Log, events: Events| async move {
        log.line("working");
        events.push("done");
    });
    let config = job.await.unwrap();
    server.manager.start();
    let mut watched = Box::pin(client.watch());
    let ask_on = async {
        loop {
            let run = client.trigger(config.id).await.unwrap();
            client.follow(RunId(run.id)).try_collect::<Vec<_>>().await.unwrap();
        }
    };
    // It sees what happens after it began.
    let seen = tokio::select! {
        seen = watched.next() => seen.unwrap().unwrap(),
        () = ask_on => unreachable!("it asks on"),
    };
    assert!(matches!(seen.event.unwrap(), Event::Started(_) | Event::Ended(_)));
    let run = client.trigger(config.id).await.unwrap();
    let updates: Vec<_> = client.follow(RunId(run.id)).try_collect().await.unwrap();
    let text = |update: &CronJobUpdate| match update.update.as_ref().unwrap() {
        Update::Log(part) => part.text.clone(),
        _ => String::new(),
    };
    let log: String = updates.iter().map(text).collect();
    assert_eq!(log.trim_end(), "working");
    let read = client.cron_run(RunId(run.id)).await.unwrap();
    assert_eq!((read.state.as_str(), read.to_json()["result"].clone()), ("succeeded", json!(["done"])));
    assert_eq!(client.cron_run_log(RunId(run.id)).await.unwrap().trim_end(), "working");
    let succeeded = RunFilter { state: Some(RunState::Succeeded), ..RunFilter::default() };
    let runs: Vec<_> = client.cron_runs(&succeeded).try_collect().await.unwrap();
    assert!(runs.iter().any(|listed| listed.id == run.id));
    let replicas = client.replicas().await.unwrap();
    assert_eq!(replicas[0].handlers, ["j"]);
    client.drain_replica(replicas[0].id.parse().unwrap(), true).await.unwrap();
    assert!(client.replicas().await.unwrap()[0].draining);
}

#[tokio::test]
async fn a_config_is_switched_paused_and_brought_back() {
    let server = Server::start().await;
    let client = server.client().await;
    let made = client.create_cron_config_once(&fields("j"), "r").await.unwrap();
    assert_eq!(client.create_cron_config_once(&fields("j"), "r").await.unwrap(), made, "asked for once");
    let id = CronConfigId(made.id());
    assert!(client.enable(id, Some(made.etag())).await.unwrap().enabled());
    assert!(!client.disable(id, None).await.unwrap().enabled());
    assert_eq!((client.enable_all().await.unwrap(), client.enable_all().await.unwrap()), (1, 0));
    assert_eq!(client.disable_all().await.unwrap(), 1);
    let why = PauseFields { until: None, reason: Some("deploy".into()) };
    let paused = client.pause(id, &why, None).await.unwrap();
    assert_eq!(paused.to_json()["paused"]["reason"], "deploy");
    client.resume(id, Some(paused.etag())).await.unwrap();
    client.delete_cron_config(id, None).await.unwrap();
    assert!(client.undelete_cron_config(id, None).await.unwrap().deleted_at.is_none());
    let named = ConfigFilter { filter: "name = \"x*\"".into(), ..ConfigFilter::default() };
    assert_eq!(client.cron_configs(&named).count().await, 0);
    assert!(client.versions(id).count().await > 5);
    assert_eq!(client.reencrypt().await.unwrap_err().kind(), ErrorKind::FailedPrecondition, "there is no key");
    let off = client.update_control(&ControlFields::enabled(false), None).await.unwrap();
    assert_eq!(client.control().await.unwrap(), off);
    assert_eq!(off.to_json()["enabled"], false);
    let seen = client.validate(&fields("new"), 2).await.unwrap();
    assert_eq!((seen.next.len(), seen.timezone.as_str()), (2, "UTC"));
}

#[tokio::test]
async fn calendars_are_created_named_emptied_and_deleted() {
    let server = Server::start().await;
    let client = server.client().await;
    let closed = CalendarFields::named("closed").timezone("Europe/Berlin");
    let weekends = BlackoutFields::recurring("0 0 * * SAT", std::time::Duration::from_secs(172_800));
    let made = client.create_calendar(&closed.clone().blackouts([weekends])).await.unwrap();
    let id = CalendarId(made.id());
    assert_eq!(client.calendar(id).await.unwrap(), made);
    assert_eq!(client.calendars().try_collect::<Vec<_>>().await.unwrap(), std::slice::from_ref(&made));
    let naming = CronConfigFields { calendars: Some(vec!["closed".into()]), ..fields("j").enabled(true) };
    let config = CronConfigId(client.create_cron_config(&naming).await.unwrap().id());
    let used = client.delete_calendar(id, None).await.unwrap_err();
    assert_eq!(used.kind(), ErrorKind::FailedPrecondition);
    let emptied = client.update_calendar(id, &closed.blackouts([]), Some(made.etag())).await.unwrap();
    assert_eq!((emptied.blackouts.len(), emptied.timezone()), (0, "Europe/Berlin"));
    let none = CronConfigFields { calendars: Some(Vec::new()), ..CronConfigFields::default().enabled(false) };
    let config = client.update_cron_config(config, &none, None).await.unwrap();
    assert_eq!((config.calendars.len(), config.enabled(), config.cron_expression()), (0, false, "0 0 29 2 *"));
    assert_eq!(client.delete_calendar(id, Some(emptied.etag())).await.unwrap(), emptied);
    let wrong =
        client.create_calendar(&CalendarFields::named("c").blackouts([BlackoutFields::once("now", "then")])).await;
    assert_eq!(wrong.unwrap_err().field(), Some("blackouts[0].from"));
}

#[tokio::test]
async fn a_run_is_asked_for_once_and_cancelled() {
    let server = Server::start().await;
    let client = server.client().await;
    let id = CronConfigId(client.create_cron_config(&fields("j").enabled(true)).await.unwrap().id());
    let once = TriggerFields { context: Some(json!({"shop": 7})), request_id: Some("r".into()) };
    let run = client.trigger_with(id, &once).await.unwrap();
    assert_eq!(client.trigger_with(id, &once).await.unwrap(), run, "asked for once");
    assert_eq!(run.to_json()["context"], json!({"shop": 7}));
    assert_eq!(client.cancel(RunId(run.id)).await.unwrap().state, "skipped", "it never started");
    assert_eq!(client.retry(RunId(run.id), None).await.unwrap().retry_of, Some(run.id));
    let (from, to) = ("2016-01-01T00:00:00Z".parse().unwrap(), "2024-03-01T00:00:00Z".parse().unwrap());
    assert_eq!(client.backfill(id, from, to, 10, None).await.unwrap().len(), 3);
    let many = client.backfill(id, from, to, 2, None).await.unwrap_err();
    assert_eq!((many.kind(), many.field()), (ErrorKind::InvalidArgument, Some("to")), "{many}");
}
