//! Laws about the control record and pauses.

use std::time::Duration;

use futures_util::future::{join, join_all};
use jiff::Timestamp;
use serde_json::json;

use super::{Subject, create, minutely, on_page, page};
use crate::{
    Author, Control, ControlFields, CronConfig, CronConfigFields, ErrorKind, PageId, Pause, Revision, SkipReason,
    contracts::{Clock, ConfigQuery, Pages},
    domain::ledger::Page,
    testing::ManualClock,
};

/// And everybody who looks is told.
pub async fn the_control_record_is_kept_and_shown_to_who_looks(store: Subject, clock: ManualClock) {
    let shown = async || store.look(Revision(i64::MAX), &[]).await.unwrap().control;
    assert_eq!((store.control().await.unwrap(), shown().await), (Control::default(), Control::default()));
    clock.advance(Duration::from_secs(1));
    let fields = ControlFields { enabled: Some(false), log_level: Some("debug".into()) };
    let control = store.update_control(&fields, Some(0), &Author::code()).await.unwrap();
    let expected =
        Control { enabled: false, log_level: fields.log_level.clone(), version: 1, updated_at: Some(clock.now()) };
    assert_eq!(
        (&control, store.control().await.unwrap(), shown().await),
        (&expected, expected.clone(), expected.clone())
    );
    assert_eq!(
        store.update_control(&fields, None, &Author::code()).await.unwrap(),
        expected,
        "what changes nothing is no new version"
    );
    let stale = store.update_control(&ControlFields::enabled(true), Some(0), &Author::code()).await.unwrap_err();
    assert_eq!((stale.kind(), store.control().await.unwrap()), (ErrorKind::Conflict, expected));
}

/// However late a page is looked at, and whichever page it is.
pub async fn a_page_has_the_times_in_which_jobs_were_switched_off(store: Subject, clock: ManualClock) {
    let every_replica = store.watch(&super::replica(7)).await.unwrap().replicas[0].status.id;
    let lanes = CronConfigFields::named("lanes").enabled(true).every(Duration::from_secs(60));
    let (service, lanes) = (minutely(&store, "service").await.id, create(&store, lanes).await.id);
    let begun = clock.now();
    let lane = PageId { config_id: lanes, lane: Some(every_replica) };
    store.transact(Pages::Of(&[lane]), crate::contracts::Busy::Wait, &|_| Ok(())).await.unwrap();
    let switch = async |on: bool| {
        clock.advance(Duration::from_secs(90));
        store.update_control(&ControlFields::enabled(on), None, &Author::code()).await.unwrap();
    };
    switch(false).await;
    switch(true).await;
    switch(false).await;
    clock.advance(Duration::from_secs(90));
    let spans = |page: &Page| -> Vec<_> {
        let length = |instant: Timestamp| instant.duration_since(begun).as_secs();
        page.spans().into_iter().map(|(after, through, why)| (length(after), length(through), why)).collect()
    };
    let off = Some(SkipReason::SwitchedOff);
    let pages = [service.into(), lane];
    for page in store.transact(Pages::Of(&pages), crate::contracts::Busy::Wait, &|_| Ok(())).await.unwrap() {
        assert_eq!(spans(&page), [(0, 90, None), (90, 180, off), (180, 270, None), (270, 360, off)]);
        assert!(page.is_switched_off());
    }
    switch(true).await;
    let moved = on_page(&store, service, |page| page.move_watermark(begun + Duration::from_secs(200))).await;
    assert_eq!(spans(&moved), [(200, 270, None), (270, 450, off)]);
    assert!(!moved.is_switched_off());
    on_page(&store, service, |page| page.move_watermark(page.now())).await;
    let spans = spans(&page(&store, service).await);
    assert_eq!(spans, [(450, 450, None)], "what is over matters no more");
}

/// None begins before the switching, does not know of it, and is committed after it.
pub async fn a_switching_is_dated_after_all_pages_that_do_not_know_of_it(store: Subject, clock: ManualClock) {
    let id = minutely(&store, "contended").await.id;
    let pages = (0..20).map(|_| async {
        clock.advance(Duration::from_millis(1));
        let page = page(&store, id).await;
        (page.now(), page.is_switched_off())
    });
    let switchings = (0..20).map(|at| {
        let (store, clock, fields) = (&store, &clock, ControlFields::enabled(at % 2 == 1));
        async move {
            clock.advance(Duration::from_millis(1));
            let control = store.update_control(&fields, None, &Author::code()).await.unwrap();
            (control.version, control.updated_at, !control.enabled)
        }
    });
    let (pages, switchings) = join(join_all(pages), join_all(switchings)).await;
    let mut versions = switchings;
    versions.sort_unstable();
    assert!(versions.is_sorted_by_key(|(_, at, _)| *at));
    for (now, is_off) in pages {
        let before = versions.iter().rev().find(|(_, at, _)| *at < Some(now)).is_some_and(|(.., off)| *off);
        let at_once = versions.iter().any(|(_, at, off)| *at == Some(now) && *off == is_off);
        assert!(is_off == before || at_once, "a page at {now} says {is_off}");
    }
}

/// With its reason and its end.
pub async fn a_pause_is_kept_with_its_config(store: Subject, clock: ManualClock) {
    let config = minutely(&store, "paused").await;
    for until in [None, Some(clock.now() + Duration::from_secs(90))] {
        let paused = Some(Pause { since: clock.now(), until, reason: until.map(|_| "a move, 3 \u{fc}".into()) });
        let pause = |page: &mut Page| page.edit(CronConfig { paused: paused.clone(), ..page.config().clone() });
        let edited = on_page(&store, config.id, pause).await.config().clone();
        assert_eq!(edited.paused, paused);
        assert_eq!(store.config(config.id).await.unwrap(), Some(edited.clone()));
        assert_eq!(*store.look(Revision(0), &[]).await.unwrap().changed[0].config, edited);
    }
    let resume = |page: &mut Page| page.edit(CronConfig { paused: None, ..page.config().clone() });
    on_page(&store, config.id, resume).await;
    assert_eq!(store.config(config.id).await.unwrap().unwrap().paused, None);
}

/// Each filter alone, and together.
pub async fn configs_are_narrowed_by_each_filter(store: Subject, _: ManualClock) {
    for (at, name) in ["a.one", "a.two", "b_one", "a-three", "A.four"].iter().enumerate() {
        let fields = CronConfigFields::named(*name).enabled(at % 2 == 0);
        create(&store, if at < 2 { fields } else { fields.context(json!({"distributed": at < 4})) }).await;
    }
    let query = || ConfigQuery { limit: 100, ..ConfigQuery::default() };
    let all = store.configs(&query()).await.unwrap();
    assert_eq!(all.len(), 5);
    let prefix = |prefix: &str| Some(prefix.to_owned());
    for query in [
        ConfigQuery { enabled: Some(true), ..query() },
        ConfigQuery { enabled: Some(false), ..query() },
        ConfigQuery { distributed: Some(true), ..query() },
        ConfigQuery { distributed: Some(false), ..query() },
        ConfigQuery { name_prefix: prefix("a."), ..query() },
        ConfigQuery { name_prefix: prefix("b_"), ..query() },
        ConfigQuery { name_prefix: prefix("%"), ..query() },
        ConfigQuery { name_prefix: prefix(""), limit: 2, ..query() },
        ConfigQuery { enabled: Some(true), distributed: Some(false), name_prefix: prefix("a"), ..query() },
    ] {
        let expected: Vec<_> = all.iter().filter(|config| query.matches(config)).take(query.limit).cloned().collect();
        assert_eq!(store.configs(&query).await.unwrap(), expected, "{query:?}");
    }
}
