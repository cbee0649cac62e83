//! How the values of secret headers are kept, and that none is sent that was not given for just this place.

use std::{sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use cron_manager::{
    Author, CronConfig, CronConfigFields, CronConfigId, CronManager, ErrorKind, Handler, HttpFields, HttpJob, JobType,
    Outcome, Sealed,
    backends::{memory::MemoryStore, sealing::KeyRing, system::SystemClock},
    contracts::{Sealer, Store},
    scheduler::Activity,
};

use crate::{
    server::Server,
    support::{open, run_of, to},
};

pub(crate) const OK: &str = "HTTP/1.1 204 No Content\r\n\r\n";
const HEADER: &str = "x-api-key";

pub(crate) fn key(id: &str, byte: u8) -> String {
    format!("{id}:{}", STANDARD.encode([byte; 32]))
}

pub(crate) fn ring(keys: &str) -> Arc<dyn Sealer> {
    Arc::new(KeyRing::new(&keys.into()).unwrap())
}

pub(crate) fn store() -> Arc<dyn Store> {
    Arc::new(MemoryStore::new(Arc::new(SystemClock)))
}

pub(crate) async fn manager(store: &Arc<dyn Store>, keys: &str) -> CronManager {
    let builder = CronManager::builder().store(Arc::clone(store)).http_allow_private_addresses(true);
    builder.encryption_keys(keys).build().await.unwrap()
}

/// A job that calls the URL with this value of a secret header, and one that is not secret.
pub(crate) fn with_secret(url: &str, value: &str) -> CronConfigFields {
    let headers = [("X-Api-Key", value), ("Accept", "text/plain")].map(|(name, value)| (name.into(), value.into()));
    let http = HttpFields { headers: Some(headers.into()), ..to(url) };
    CronConfigFields { http: Some(http), ..CronConfigFields::named("job").enabled(true) }
}

fn http(fields: HttpFields) -> CronConfigFields {
    CronConfigFields { http: Some(fields), ..CronConfigFields::default() }
}

pub(crate) fn job_of(config: &CronConfig) -> HttpJob {
    let JobType::Http(job) = &config.job_type else { panic!("{config:?}") };
    job.clone()
}

/// What becomes of a run that is asked for.
pub(crate) async fn outcome(manager: &CronManager, id: CronConfigId) -> Outcome {
    let mut activity = manager.activity();
    manager.start();
    manager.trigger(id).await.unwrap();
    loop {
        if let Activity::Ended(_, outcome) = activity.recv().await.unwrap() {
            return outcome;
        }
    }
}

#[tokio::test]
async fn a_secret_header_is_kept_sealed_and_sent_as_it_was_given() {
    let mut server = Server::saying(OK).await;
    let store = store();
    let manager = manager(&store, &key("a", 1)).await;
    let config = manager.create_cron_config(&with_secret(&server.url(), "hush")).await.unwrap();
    let stored = store.config(config.id).await.unwrap().unwrap();
    assert_eq!(stored, config);
    assert!(!format!("{stored:?} {:?}", stored.job_type.details()).contains("hush"));
    assert_eq!(job_of(&stored).headers, [("accept".to_owned(), "text/plain".to_owned())].into());
    assert_eq!(outcome(&manager, config.id).await.error, None);
    let request = server.request().await;
    assert!(request.contains("\r\nx-api-key: hush\r\n") && request.contains("\r\naccept: text/plain\r\n"), "{request}");
    manager.shutdown(Duration::ZERO).await;
}

#[tokio::test]
async fn a_secret_header_without_a_key_is_refused_with_its_field_and_the_mend() {
    let manager = CronManager::builder().store(store()).build().await.unwrap();
    let error = manager.create_cron_config(&with_secret("http://a.example", "hush")).await.unwrap_err();
    assert_eq!((error.kind(), error.field()), (ErrorKind::FailedPrecondition, Some("http.headers")));
    let text = format!("{error} {error:?}");
    assert!(text.contains(HEADER) && text.contains("CRON_MANAGER_ENCRYPTION_KEYS"), "{text}");
    assert!(!text.contains("hush"), "{text}");
    // The others need none.
    let headers = Some([("Accept".into(), "text/plain".into())].into());
    let plain = http(HttpFields { headers, ..to("http://a.example") });
    manager.create_cron_config(&CronConfigFields { name: Some("plain".into()), ..plain }).await.unwrap();
}

#[tokio::test]
async fn a_secret_follows_its_job_to_another_name_and_path() {
    let mut server = Server::saying(OK).await;
    let store = store();
    let manager = manager(&store, &key("a", 1)).await;
    let id = manager.create_cron_config(&with_secret(&server.url(), "hush")).await.unwrap().id;
    let path = to(&format!("http://{}/other", server.address));
    let back =
        |config: &CronConfig| HttpFields { headers: Some(job_of(config).shown_headers()), ..HttpFields::default() };
    let first = manager.cron_config(id).await.unwrap();
    for fields in [
        CronConfigFields::named("k"),
        http(path),
        http(back(&first)),
        CronConfigFields { name: Some("l".into()), ..http(back(&first)) },
    ] {
        let config = manager.update_cron_config(id, &fields, None).await.unwrap();
        assert_eq!(outcome(&manager, id).await.error, None, "{config:?}");
        assert!(server.request().await.contains("\r\nx-api-key: hush\r\n"));
    }
    let moved = manager.update_cron_config(id, &http(to("http://127.0.0.1:1/")), None).await.unwrap_err();
    assert_eq!(moved.field(), Some("http.headers"), "it does not follow to another place");
    manager.shutdown(Duration::ZERO).await;
}

#[tokio::test]
async fn what_was_sent_back_masked_changes_nothing() {
    let manager = manager(&store(), &key("a", 1)).await;
    let config = manager.create_cron_config(&with_secret("http://a.example", "hush")).await.unwrap();
    let back = HttpFields { headers: Some(job_of(&config).shown_headers()), ..HttpFields::default() };
    assert_eq!(manager.update_cron_config(config.id, &http(back), None).await.unwrap(), config);
}

#[tokio::test]
async fn a_request_to_create_with_secrets_is_known_again_by_the_key_alone() {
    let store = store();
    let (ours, theirs) = (manager(&store, &key("a", 1)).await, manager(&store, &key("a", 2)).await);
    let fields = |secret: &str| with_secret("http://a.example", secret);
    let created = ours.create_cron_config_once(&fields("hush"), "one").await.unwrap();
    assert_eq!(ours.create_cron_config_once(&fields("hush"), "one").await.unwrap(), created);
    for (manager, secret) in [(&ours, "other"), (&theirs, "hush")] {
        let error = manager.create_cron_config_once(&fields(secret), "one").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AlreadyExists, "{error}");
    }
}

/// A job that calls the URL without headers.
fn bare(url: &str) -> HttpJob {
    let fields = CronConfigFields { name: Some("job".into()), ..http(to(url)) };
    job_of(&fields.create("2025-06-01T12:00:00Z".parse().unwrap()).unwrap())
}

/// Runs a job that somebody with a way into the store has written.
async fn forged(server: &Server, job: HttpJob, name: &str, sealer: Option<Arc<dyn Sealer>>) -> String {
    let config = CronConfigFields::named(name).create("2025-06-01T12:00:00Z".parse().unwrap()).unwrap();
    let run = run_of(None, CronConfig { job_type: JobType::Http(job), enabled: true, ..config });
    let error = open().sealer(sealer).call(run).await.unwrap_err();
    assert_eq!(server.unseen(), 0, "nobody is called: {error}");
    assert!(error.contains(HEADER) && !error.contains("hush"), "{error}");
    error
}

#[tokio::test]
async fn a_sealed_value_that_somebody_moved_in_the_store_calls_nobody() {
    let server = Server::saying(OK).await;
    let (ours, here) = (ring(&key("a", 1)), server.url());
    let sealed = |place: &str| ours.seal("hush", place).unwrap();
    let job = |sealed| HttpJob { secrets: [(HEADER.to_owned(), sealed)].into(), ..bare(&here) };
    for place in [
        HttpJob::place("other", HEADER, &here),
        HttpJob::place("job", "x-token", &here),
        HttpJob::place("job", HEADER, &here.replace("http:", "https:")),
        HttpJob::place("job", HEADER, &here.replace("127.0.0.1", "localhost")),
        HttpJob::place("job", HEADER, "http://127.0.0.1:1/hook"),
        "query\njob\nreports".into(),
    ] {
        let error = forged(&server, job(sealed(&place)), "job", Some(Arc::clone(&ours))).await;
        assert!(error.contains("altered"), "{error}");
    }
    let right = HttpJob::place("job", HEADER, &here);
    let altered = Sealed(sealed(&right).0.replace("a:", "a:A"));
    forged(&server, job(altered), "job", Some(Arc::clone(&ours))).await;
    let renamed = forged(&server, job(sealed(&right)), "renamed", Some(Arc::clone(&ours))).await;
    assert!(renamed.contains("altered"), "{renamed}");
    let lost = forged(&server, job(sealed(&right)), "job", Some(ring(&key("b", 2)))).await;
    assert!(lost.contains("the key \"a\""), "{lost}");
    let none = forged(&server, job(sealed(&right)), "job", None).await;
    assert!(none.contains("CRON_MANAGER_ENCRYPTION_KEYS"), "{none}");
}

#[tokio::test]
async fn a_secret_that_lies_in_the_store_in_plain_text_is_not_sent() {
    let server = Server::saying(OK).await;
    let bare = bare(&server.url());
    let plain = HttpJob { headers: [(HEADER.to_owned(), "hush".to_owned())].into(), ..bare.clone() };
    let error = forged(&server, plain, "job", Some(ring(&key("a", 1)))).await;
    assert!(error.contains("give http.headers anew"), "{error}");
    for text in ["hush", "hush:hush", "a:aHVzaA=="] {
        let as_sealed = HttpJob { secrets: [(HEADER.to_owned(), Sealed(text.into()))].into(), ..bare.clone() };
        let error = forged(&server, as_sealed, "job", Some(ring(&key("a", 1)))).await;
        assert!(error.contains("not sealed"), "{error}");
    }
    // Somebody's edit of other things does not make it sendable.
    let (store, keys) = (store(), key("a", 1));
    let config = with_secret(&server.url(), "hush");
    let config = manager(&store, &keys).await.create_cron_config(&config).await.unwrap();
    let plain = HttpJob { headers: [(HEADER.to_owned(), "hush".to_owned())].into(), ..bare };
    let plain = CronConfig { name: "plain".parse().unwrap(), job_type: JobType::Http(plain), ..config };
    let id = store.create(plain, &Author::code()).await.unwrap().id;
    let manager = manager(&store, &keys).await;
    let config = manager.update_cron_config(id, &CronConfigFields::named("renamed"), None).await.unwrap();
    assert!(job_of(&config).unsealed_secret().is_some());
    let given = with_secret(&server.url(), "hush");
    let given = CronConfigFields { name: None, ..given };
    let config = manager.update_cron_config(id, &given, None).await.unwrap();
    assert_eq!(job_of(&config).unsealed_secret(), None);
}
