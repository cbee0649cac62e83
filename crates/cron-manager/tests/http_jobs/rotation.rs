//! How keys rotate: of headers, and of statements.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use cron_manager::{
    Author, CronConfig, CronConfigFields, CronConfigId, CronManager, ErrorKind, QueryFields, Result, Role, Sealed,
    backends::{
        memory::{LocalSignal, MemoryLocker},
        system::{SystemClock, SystemRandomness, TokioSpawn},
    },
    contracts::{AuditQuery, ConfigQuery, RunQuery, Sealer, Services, Store},
    scheduler::{Parts, Replica, Tuning},
};
use futures_util::FutureExt;
use parking_lot::Mutex;

use crate::{
    secrets::{OK, job_of, key, manager, outcome, ring, store, with_secret},
    server::Server,
};

const SQL: &str = "SELECT 'hush'";

fn query(name: &str) -> CronConfigFields {
    let query = QueryFields { connection: Some("reports".into()), sql: Some(SQL.into()) };
    CronConfigFields { query: Some(query), ..CronConfigFields::named(name) }
}

/// The ids of the keys that something in the store is sealed with.
async fn ids_in(store: &Arc<dyn Store>) -> Vec<String> {
    let query = ConfigQuery { limit: 1_000, show_deleted: true, ..ConfigQuery::default() };
    let configs = store.configs(&query).await.unwrap();
    let secrets = configs.iter().flat_map(|config| config.job_type.secrets(&config.name));
    secrets.map(|secret| secret.sealed.0.split(':').next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn after_a_rotation_the_old_key_can_be_taken_away() {
    let mut server = Server::saying(OK).await;
    let (store, old, new) = (store(), key("old", 1), key("new", 2));
    let first = manager(&store, &old).await;
    let call = first.create_cron_config(&with_secret(&server.url(), "hush")).await.unwrap();
    let statement = first.create_cron_config(&query("statement")).await.unwrap();
    let gone = first.create_cron_config(&query("gone")).await.unwrap();
    first.delete_cron_config(gone.id, None).await.unwrap();
    let plain = first.create_cron_config(&CronConfigFields::named("plain")).await.unwrap();

    let both = manager(&store, &format!("{new},{old}")).await;
    assert_eq!(ids_in(&store).await, ["old"; 3]);
    assert_eq!(both.reencrypt().await.unwrap(), 3);
    assert_eq!(ids_in(&store).await, ["new"; 3]);
    assert_eq!(both.reencrypt().await.unwrap(), 0, "what is done is done");
    assert_eq!(both.cron_config(plain.id).await.unwrap().version, 1);
    assert_eq!(both.cron_config(call.id).await.unwrap().version, 2);

    let third = manager(&store, &new).await;
    assert_eq!(outcome(&third, call.id).await.error, None);
    assert!(server.request().await.contains("\r\nx-api-key: hush\r\n"));
    assert_eq!(third.query_text(statement.id).await.unwrap(), SQL);
    third.undelete_cron_config(gone.id, None).await.unwrap();
    assert_eq!(third.query_text(gone.id).await.unwrap(), SQL);
    third.shutdown(Duration::ZERO).await;
}

#[tokio::test]
async fn a_rotation_is_an_edit_in_the_authors_name_that_tells_no_secret_and_touches_no_tick() {
    let (store, old, new) = (store(), key("old", 1), key("new", 2));
    let fields = with_secret("http://a.example", "hush").cron("0 0 29 2 *", "UTC");
    let config = manager(&store, &old).await.create_cron_config(&fields).await.unwrap();
    let account = async || store.accounts(config.id).await.unwrap().remove(0);
    let before = account().await;
    let both = manager(&store, &format!("{new},{old}")).await;
    let operator = both.by(Author::new("ada", Role::Operator));
    assert_eq!(operator.reencrypt().await.unwrap_err().kind(), ErrorKind::PermissionDenied);
    both.by(Author::new("eve", Role::Admin).because("a new year")).reencrypt().await.unwrap();
    let records = both.audit(&AuditQuery { limit: 1, ..AuditQuery::default() }).await.unwrap();
    assert_eq!((&*records[0].actor, records[0].reason.as_deref()), ("eve", Some("a new year")));
    assert!(records[0].difference.fields().contains_key("http"));
    let json = records[0].difference.to_json();
    assert!(!json.contains("hush") && !json.contains("new:") && !json.contains("old:"), "{json}");
    let now = both.cron_config(config.id).await.unwrap();
    assert_eq!(now, CronConfig { job_type: now.job_type.clone(), version: 2, updated_at: now.updated_at, ..config });
    let after = account().await;
    assert!(after.watermark >= before.watermark && after.recorded == before.recorded, "{before:?} {after:?}");
    assert!(after.versions.iter().all(|version| version.schedule == before.versions[0].schedule));
    assert!(both.cron_runs(&RunQuery { limit: 9, ..RunQuery::default() }).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_cannot_be_read_is_named_and_does_not_hold_up_the_rest() {
    let (store, old, new) = (store(), key("old", 1), key("new", 2));
    manager(&store, &key("lost", 3)).await.create_cron_config(&query("a")).await.unwrap();
    manager(&store, &old).await.create_cron_config(&query("b")).await.unwrap();
    let both = manager(&store, &format!("{new},{old}")).await;
    for changed in ["1 were changed", "0 were changed"] {
        let error = both.reencrypt().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::FailedPrecondition);
        for part in [changed, "1 could not be read", "a: ", "\"lost\""] {
            assert!(error.message().contains(part), "{part}: {error}");
        }
        assert_eq!(ids_in(&store).await, ["lost", "new"]);
    }
    let none = CronManager::builder().store(store).build().await.unwrap();
    assert!(none.reencrypt().await.unwrap_err().message().contains("CRON_MANAGER_ENCRYPTION_KEYS"));
}

/// Does something the first time that it is asked which key sealed what: after the configs were listed, and before one is changed.
struct Meanwhile {
    ring: Arc<dyn Sealer>,
    edit: Box<dyn Fn() + Send + Sync>,
    done: AtomicBool,
}

impl Sealer for Meanwhile {
    fn seal(&self, text: &str, place: &str) -> Result<Sealed> {
        self.ring.seal(text, place)
    }

    fn open(&self, sealed: &Sealed, place: &str) -> Result<String> {
        self.ring.open(sealed, place)
    }

    fn mark(&self, text: &str) -> Result<String> {
        self.ring.mark(text)
    }

    fn is_current(&self, sealed: &Sealed) -> bool {
        if !self.done.swap(true, Ordering::Relaxed) {
            (self.edit)();
        }
        self.ring.is_current(sealed)
    }
}

fn managing(store: &Arc<dyn Store>, sealer: Arc<dyn Sealer>) -> CronManager {
    let clock = Arc::new(SystemClock);
    let parts = Parts {
        store: Arc::clone(store),
        locker: Arc::new(MemoryLocker::new(Arc::clone(&clock) as _)),
        signal: Arc::new(LocalSignal::default()),
        clock,
        randomness: Arc::new(SystemRandomness),
        spawn: Arc::new(TokioSpawn),
        version: String::new(),
        host: String::new(),
        on: true,
        services: Arc::new(Services::default()),
        observer: Arc::new(()),
        runners: HashMap::new(),
        sealer: Some(sealer),
    };
    CronManager::new(Replica::new(parts, Tuning::default()))
}

#[tokio::test]
async fn an_edit_in_the_meantime_is_not_lost() {
    for (edited, sealed_with) in [(true, "old"), (true, "new"), (false, "old")] {
        let (store, old, new) = (store(), key("old", 1), key("new", 2));
        // A replica that knows both keys, and still seals with the old one, or with the new one already.
        let keys = if sealed_with == "old" { format!("{old},{new}") } else { format!("{new},{old}") };
        let other = manager(&store, &keys).await;
        let config = manager(&store, &old).await.create_cron_config(&with_secret("http://a.example", "hush")).await;
        let id: CronConfigId = config.unwrap().id;
        let edit = Mutex::new(Some(with_secret("http://b.example", "other")).filter(|_| edited));
        let edit = Box::new(move || {
            if let Some(fields) = edit.lock().take() {
                other.update_cron_config(id, &fields, None).now_or_never().unwrap().unwrap();
            }
        });
        let ours = ring(&format!("{new},{old}"));
        let sealer = Arc::new(Meanwhile { ring: Arc::clone(&ours), edit, done: AtomicBool::new(false) });
        let changed = managing(&store, sealer).reencrypt().await.unwrap();
        assert_eq!(changed, usize::from(sealed_with == "old"), "{edited} {sealed_with}");
        let config = store.config(id).await.unwrap().unwrap();
        let (url, value) = if edited { ("http://b.example", "other") } else { ("http://a.example", "hush") };
        assert_eq!(job_of(&config).url, url);
        let secrets = config.job_type.secrets(&config.name);
        assert_eq!(ring(&new).open(&secrets[0].sealed, &secrets[0].place).unwrap(), value);
    }
}
