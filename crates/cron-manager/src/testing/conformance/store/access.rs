//! Laws about who may ask, and about the record of who changed what.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Subject, minutely, on_page, refuse, replica};
use crate::{
    AuditId, AuditRecord, Author, CronConfig, CronConfigFields, CronConfigId, Difference, ErrorKind, ReplicaId, Role,
    TokenId,
    contracts::{AuditQuery, Busy, Clock, Pages},
    domain::{NewToken, TokenHash, ledger::Page},
    testing::ManualClock,
};

fn ada() -> Author {
    Author::new("ada#7", Role::Operator).because("so ✓")
}

fn all() -> AuditQuery {
    AuditQuery { limit: 100, ..AuditQuery::default() }
}

/// What the newest record says.
async fn newest(store: &Subject) -> AuditRecord {
    store.audit(&AuditQuery { limit: 1, ..all() }).await.unwrap().remove(0)
}

fn switched(enabled: bool) -> impl Fn(&mut Page) + Send + Sync {
    move |page: &mut Page| {
        page.sign(&ada());
        page.edit(CronConfig { enabled, ..page.config().clone() });
    }
}

/// With who, what, when and why; who did not say it is the service's own code.
pub async fn each_change_of_a_config_leaves_one_record(store: Subject, clock: ManualClock) {
    let fields = CronConfigFields::named("j").context(json!({"shop": "ü\u{0}"}));
    let config = store.create(fields.create(Timestamp::UNIX_EPOCH).unwrap(), &ada()).await.unwrap();
    let created = newest(&store).await;
    assert_eq!(created, AuditRecord { id: created.id, at: config.created_at, ..AuditRecord::created(&config, &ada()) });
    clock.advance(Duration::from_secs(5));
    let page = on_page(&store, config.id, switched(true)).await;
    let record = newest(&store).await;
    assert_eq!((record.actor.as_str(), record.role, record.reason.as_deref()), ("ada#7", Role::Operator, Some("so ✓")));
    assert_eq!((record.action.as_str(), record.resource.as_str(), record.config_id), ("enable", "j", Some(config.id)));
    assert_eq!(Value::Object(record.difference.fields().clone()), json!({"enabled": {"old": false, "new": true}}));
    assert_eq!(record.at, page.now());
    let delete = |page: &mut Page| page.edit(CronConfig { deleted_at: Some(page.now()), ..page.config().clone() });
    on_page(&store, config.id, delete).await;
    let record = newest(&store).await;
    assert_eq!((record.action.as_str(), record.actor.as_str()), ("delete", "code"));
    assert_eq!(store.audit(&all()).await.unwrap().len(), 3);
}

/// Whoever reads the audit reads what happened.
pub async fn a_change_that_fails_or_changes_nothing_leaves_no_record(store: Subject, _: ManualClock) {
    let (a, b) = (minutely(&store, "a").await, minutely(&store, "b").await);
    let before = store.audit(&all()).await.unwrap();
    assert_eq!(before.len(), 2);
    on_page(&store, a.id, |page| page.edit(page.config().clone())).await;
    let fails = |pages: &mut [Page]| {
        switched(false)(&mut pages[0]);
        Err(refuse())
    };
    store.transact(Pages::Of(&[a.id.into()]), Busy::Wait, &fails).await.unwrap_err();
    let takes_the_name = |pages: &mut [Page]| {
        pages[0].edit(CronConfig { name: b.name.clone(), ..pages[0].config().clone() });
        Ok(())
    };
    store.transact(Pages::AllOf(&[a.id]), Busy::Wait, &takes_the_name).await.unwrap_err();
    store.create(a.clone(), &ada()).await.unwrap_err();
    store.watch(&replica(1)).await.unwrap();
    store.drain_replica(ReplicaId(1), false, &ada()).await.unwrap();
    store.drain_replica(ReplicaId(2), true, &ada()).await.unwrap();
    assert_eq!(store.audit(&all()).await.unwrap(), before);
}

/// Also what is noted on a page, in the name of who signed it.
pub async fn what_is_done_to_runs_and_replicas_is_recorded(store: Subject, _: ManualClock) {
    let config = minutely(&store, "j").await;
    let trigger = |page: &mut Page| {
        page.sign(&ada());
        page.record_manual("please".into());
        page.note("trigger", Difference::of("requestId", Value::Null, "please"));
    };
    on_page(&store, config.id, trigger).await;
    let record = newest(&store).await;
    assert_eq!(
        (record.action.as_str(), record.actor.as_str(), record.config_id),
        ("trigger", "ada#7", Some(config.id))
    );
    assert_eq!(record.difference.fields()["requestId"], json!({"old": null, "new": "please"}));
    store.watch(&replica(1)).await.unwrap();
    for draining in [true, true, false] {
        store.drain_replica(ReplicaId(1), draining, &ada()).await.unwrap();
    }
    let records = store.audit(&all()).await.unwrap();
    assert_eq!(records.len(), 4);
    let (id, at) = (records[0].id, records[0].at);
    assert_eq!(records[0], AuditRecord { id, at, ..AuditRecord::drained(ReplicaId(1), false, &ada()) });
    assert_eq!((records[1].action.as_str(), records[1].config_id), ("drain", None));
}

/// Each filter alone, and in pages.
pub async fn records_are_listed_newest_first_and_narrowed_by_each_filter(store: Subject, clock: ManualClock) {
    let (a, b) = (minutely(&store, "a").await, minutely(&store, "b").await);
    for on in [false, true] {
        for config in [&a, &b] {
            clock.advance(Duration::from_secs(60));
            on_page(&store, config.id, switched(on)).await;
        }
    }
    let records = store.audit(&all()).await.unwrap();
    assert_eq!(records.len(), 6);
    assert!(records.is_sorted_by(|newer, older| newer.id > older.id));
    let middle = records[2].at;
    for query in [
        AuditQuery { config_id: Some(a.id), ..all() },
        AuditQuery { config_id: Some(CronConfigId(999)), ..all() },
        AuditQuery { actor: Some("ada#7".into()), ..all() },
        AuditQuery { actor: Some("ada".into()), ..all() },
        AuditQuery { from: Some(middle), ..all() },
        AuditQuery { to: Some(middle), ..all() },
        AuditQuery { before: Some(records[1].id), ..all() },
        AuditQuery { before: Some(AuditId(0)), ..all() },
        AuditQuery { limit: 2, ..all() },
        AuditQuery { config_id: Some(b.id), actor: Some("code".into()), ..all() },
    ] {
        let expected: Vec<_> =
            records.iter().filter(|record| query.matches(record)).take(query.limit).cloned().collect();
        assert_eq!(store.audit(&query).await.unwrap(), expected, "{query:?}");
    }
}

/// Its secret is kept as a hash, and is in no record.
pub async fn a_token_is_read_back_as_it_was_made_and_recorded(store: Subject, clock: ManualClock) {
    let ends = Timestamp::from_second(clock.now().as_second() + 60).unwrap();
    let hash = TokenHash::of("hush");
    let new = |name: &str, role, ends| NewToken::new(name, role, ends, hash).unwrap();
    let one = store.create_token(&new("ci", Role::Operator, Some(ends)), &ada()).await.unwrap();
    let made = store.audit(&all()).await.unwrap();
    let (id, at) = (made[0].id, one.created_at);
    assert_eq!(made, [AuditRecord { id, at, ..AuditRecord::token_created(&one, &ada()) }]);
    let two = store.create_token(&new("ci", Role::Viewer, None), &ada()).await.unwrap();
    assert_eq!((one.name.as_str(), one.role, one.expires_at, one.revoked_at), ("ci", Role::Operator, Some(ends), None));
    assert!(two.id > one.id && one.id.0 > 0);
    assert_eq!(store.tokens().await.unwrap(), [one.clone(), two.clone()]);
    assert_eq!(store.live_token(one.id).await.unwrap(), Some((one, hash)));
    assert_eq!(store.live_token(TokenId(999)).await.unwrap(), None);
    let late = store.create_token(&new("late", Role::Viewer, Some(two.created_at)), &ada()).await.unwrap_err();
    assert_eq!((late.kind(), late.field()), (ErrorKind::InvalidArgument, Some("expiresAt")));
    assert_eq!(store.audit(&all()).await.unwrap().len(), 2);
}

/// By the store's clock.
pub async fn a_token_counts_until_it_is_taken_back_or_expires(store: Subject, clock: ManualClock) {
    assert!(!store.has_live_token().await.unwrap());
    let ends = Timestamp::from_second(clock.now().as_second() + 60).unwrap();
    let new = |ends| NewToken::new("t", Role::Admin, ends, TokenHash::of("x")).unwrap();
    let expires = store.create_token(&new(Some(ends)), &ada()).await.unwrap();
    let stays = store.create_token(&new(None), &ada()).await.unwrap();
    clock.advance(Duration::from_secs(61));
    assert_eq!(store.live_token(expires.id).await.unwrap(), None);
    assert!(store.live_token(stays.id).await.unwrap().is_some() && store.has_live_token().await.unwrap());
    let revoked = store.revoke_token(stays.id, &ada()).await.unwrap().unwrap();
    assert!(revoked.revoked_at.is_some());
    assert_eq!(store.live_token(stays.id).await.unwrap(), None);
    assert!(!store.has_live_token().await.unwrap());
    clock.advance(Duration::from_secs(1));
    assert_eq!(store.revoke_token(stays.id, &ada()).await.unwrap(), Some(revoked.clone()), "once is enough");
    assert_eq!(store.revoke_token(TokenId(999), &ada()).await.unwrap(), None);
    assert_eq!(store.tokens().await.unwrap(), [expires, revoked.clone()]);
    let records = store.audit(&all()).await.unwrap();
    let (id, at) = (records[0].id, revoked.revoked_at.unwrap());
    assert_eq!(
        (records.len(), &records[0]),
        (3, &AuditRecord { id, at, ..AuditRecord::token_revoked(&revoked, &ada()) })
    );
}
