//! Laws about configs.

use std::time::Duration;

use serde_json::json;

use super::{Subject, create, minutely, on_page, page};
use crate::{
    Author, CatchUp, CommandFields, CronConfig, CronConfigFields, CronConfigId, ErrorKind, HttpFields, HttpJob,
    HttpMethod, JobKind, LockPolicy, QueryFields, QueryJob, Revision, Sealed,
    contracts::{Busy, Clock, ConfigQuery, Pages},
    domain::{ledger::Page, schedule::DstGap},
    testing::ManualClock,
};

/// Configs that differ in every field.
fn varied() -> Vec<CronConfigFields> {
    let seconds = |n| Some(Duration::from_secs(n));
    vec![
        CronConfigFields::named("plain"),
        CronConfigFields::named("zoned").enabled(true).cron("30 2 * * MON-FRI", "America/New_York"),
        CronConfigFields {
            dst_gap: Some(DstGap::Skip),
            ..CronConfigFields::named("a.b_c:d-E9").cron("0 0 L * *", "UTC")
        },
        CronConfigFields::named("interval")
            .every(Duration::from_secs(90))
            .context(json!({"z": 1, "a": {"ü\n\"": [null, 1.5]}})),
        CronConfigFields {
            http: Some(HttpFields {
                url: Some("https://a.example/b?c=d".into()),
                method: Some(HttpMethod::Delete),
                headers: Some([("Authorization".into(), "Bearer \"hush\"".into())].into()),
            }),
            seals: [(HttpJob::place("call", "authorization", "https://a.example"), Sealed("1:c2VhbGVk".into()))].into(),
            ..CronConfigFields::named("call")
        },
        CronConfigFields {
            command: Some(CommandFields { name: Some("backup".into()) }),
            ..CronConfigFields::named("command")
        },
        CronConfigFields {
            query: Some(QueryFields { connection: Some("reports".into()), sql: Some("SELECT 1".into()) }),
            seals: [(QueryJob::place("query", "reports"), Sealed("1:c2VhbGVk".into()))].into(),
            ..CronConfigFields::named("query")
        },
        CronConfigFields { job_type: Some(JobKind::Inline), ..CronConfigFields::named("inline") },
        CronConfigFields { at: Some("2031-05-06T07:08:09Z".parse().unwrap()), ..CronConfigFields::named("once") },
        CronConfigFields {
            external: Some(true),
            lock: Some(LockPolicy::Require),
            lock_at_least_for: seconds(10),
            min_gap: Some(Duration::ZERO),
            ..CronConfigFields::named("locked")
        },
        CronConfigFields {
            catch_up: Some(CatchUp::None),
            start_deadline: seconds(5),
            timeout: Some(Duration::from_millis(1_500)),
            jitter: seconds(366 * 86_400),
            ..CronConfigFields::named("x".repeat(128)).context(json!({"distributed": true, "ttl": 1.5}))
        },
    ]
}

/// Every field, by id, by name and in the list.
pub async fn a_config_is_read_back_as_it_was_created(store: Subject, _: ManualClock) {
    for fields in varied() {
        let config = create(&store, fields).await;
        assert_eq!(store.config(config.id).await.unwrap().as_ref(), Some(&config));
        assert_eq!(store.config_named(&config.name).await.unwrap().as_ref(), Some(&config));
        assert_eq!(page(&store, config.id).await.config(), &config);
        let listed =
            store.configs(&ConfigQuery { limit: 100, show_deleted: false, ..ConfigQuery::default() }).await.unwrap();
        assert!(listed.contains(&config));
    }
}

/// Its watermark begins there, too.
pub async fn a_new_config_is_dated_by_the_store(store: Subject, clock: ManualClock) {
    let config = minutely(&store, "new").await;
    assert_eq!((config.created_at, config.updated_at, config.version), (clock.now(), clock.now(), 1));
    assert!(config.id.0 >= 1);
    assert_eq!(page(&store, config.id).await.watermark(), clock.now());
}

/// A deleted config's runs stay under its name.
pub async fn a_name_is_given_once_also_after_deletion(store: Subject, _: ManualClock) {
    let config = minutely(&store, "taken").await;
    let again = || async { store.create(config.clone(), &Author::code()).await.unwrap_err() };
    assert_eq!(again().await.kind(), ErrorKind::AlreadyExists);
    let delete = |page: &mut Page| page.edit(CronConfig { deleted_at: Some(page.now()), ..page.config().clone() });
    on_page(&store, config.id, delete).await;
    let error = again().await;
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    assert!(error.message().contains("deleted"), "{error}");
}

/// Also when every field changes.
pub async fn an_edit_is_read_back_whole_with_the_next_version(store: Subject, clock: ManualClock) {
    let config = create(&store, varied().remove(0)).await;
    for (at, fields) in varied().into_iter().enumerate() {
        clock.advance(Duration::from_secs(1));
        let edit = |page: &mut Page| page.edit(fields.change(page.config().clone()).unwrap());
        let edited = on_page(&store, config.id, edit).await.config().clone();
        assert_eq!((edited.version, edited.updated_at), (at as i64 + 2, clock.now()));
        assert_eq!(edited.created_at, config.created_at);
        assert_eq!(store.config(config.id).await.unwrap(), Some(edited));
    }
}

/// Neither the edit nor what was decided with it.
pub async fn an_edit_to_a_taken_name_writes_nothing(store: Subject, clock: ManualClock) {
    let (a, b) = (minutely(&store, "a").await, minutely(&store, "b").await);
    let before = page(&store, b.id).await.watermark();
    clock.advance(Duration::from_secs(1));
    let decide = |pages: &mut [Page]| {
        pages[0].record_manual("asked".into());
        pages[0].edit(CronConfig { name: a.name.clone(), ..pages[0].config().clone() });
        Ok(())
    };
    let error = store.transact(Pages::Of(&[b.id.into()]), Busy::Wait, &decide).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    assert_eq!(store.config(b.id).await.unwrap(), Some(b.clone()));
    let after = page(&store, b.id).await;
    assert_eq!((after.watermark(), after.runs().count()), (before, 0));
}

/// However many revisions there are.
pub async fn who_looked_before_an_edit_sees_it_afterwards(store: Subject, _: ManualClock) {
    let (a, b) = (minutely(&store, "a").await, minutely(&store, "b").await);
    let first = store.look(Revision(0), &[]).await.unwrap();
    let ids =
        |look: &crate::contracts::Look| look.changed.iter().map(|standing| standing.config.id).collect::<Vec<_>>();
    assert_eq!(ids(&first), [a.id, b.id]);
    for enabled in [false, true, false] {
        let before = store.look(Revision(i64::MAX), &[]).await.unwrap().revision;
        on_page(&store, a.id, |page| page.edit(CronConfig { enabled, ..page.config().clone() })).await;
        let after = store.look(before, &[]).await.unwrap();
        assert!(after.revision > before);
        assert_eq!(ids(&after), [a.id]);
        assert_eq!(after.changed[0].config.enabled, enabled);
    }
}

/// So that a busy service does not read its configs over and over.
pub async fn moving_a_watermark_or_a_fence_is_no_edit(store: Subject, clock: ManualClock) {
    let config = minutely(&store, "steady").await;
    let before = store.look(Revision(0), &[]).await.unwrap().revision;
    clock.advance(Duration::from_secs(60));
    super::claimed(&store, config.id, 1).await;
    on_page(&store, config.id, |page| page.move_watermark(page.now())).await;
    let after = store.look(before, &[]).await.unwrap();
    assert_eq!((after.revision, after.changed.len()), (before, 0));
    assert_eq!(store.config(config.id).await.unwrap().unwrap().version, 1);
}

/// Deleted ones are shown when asked for.
pub async fn configs_are_listed_by_id_and_in_pages(store: Subject, _: ManualClock) {
    let mut all = Vec::new();
    for at in 0..7 {
        all.push(minutely(&store, &format!("listed-{at}")).await);
    }
    on_page(&store, all[3].id, |page| page.edit(CronConfig { deleted_at: Some(page.now()), ..page.config().clone() }))
        .await;
    for (show_deleted, expected) in [(true, 7), (false, 6)] {
        let (mut after, mut seen) = (CronConfigId(0), Vec::new());
        loop {
            let listed =
                store.configs(&ConfigQuery { after, limit: 2, show_deleted, ..ConfigQuery::default() }).await.unwrap();
            assert!(listed.len() <= 2);
            let Some(last) = listed.last() else { break };
            after = last.id;
            seen.extend(listed.into_iter().map(|config| config.id));
        }
        assert!(seen.is_sorted());
        assert_eq!(seen.len(), expected);
    }
}
