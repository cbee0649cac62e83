//! Laws about calendars.

use std::time::Duration;

use futures_util::future::{join, join_all};
use jiff::Timestamp;

use super::{Subject, create, on_page, page};
use crate::{
    AuditRecord, Author, BlackoutFields, Calendar, CalendarFields, CalendarId, CalendarName, CronConfig,
    CronConfigFields, CronConfigId, ErrorKind, Result, Role, SkipReason,
    contracts::{AuditQuery, Busy, CalendarQuery, Clock, CreateRequest, Pages},
    domain::ledger::Page,
    testing::ManualClock,
};

/// With all that can be said of one.
fn fields(name: &str) -> CalendarFields {
    CalendarFields::named(name).timezone("Europe/Berlin").blackouts([
        BlackoutFields::once("2026-12-24T18:00:01", "2026-12-27"),
        BlackoutFields::recurring("0 0 * * SAT", Duration::from_secs(48 * 3_600)),
    ])
}

async fn calendar(store: &Subject, fields: &CalendarFields) -> Calendar {
    store.create_calendar(fields.create(Timestamp::UNIX_EPOCH).unwrap(), &Author::code()).await.unwrap()
}

fn naming(name: &str, calendars: &[&str]) -> CronConfigFields {
    let calendars = Some(calendars.iter().map(ToString::to_string).collect());
    CronConfigFields { calendars, ..CronConfigFields::named(name).enabled(true).every(Duration::from_secs(60)) }
}

async fn change(store: &Subject, id: CalendarId, fields: CalendarFields) -> Result<Calendar> {
    store.update_calendar(id, &fields, None, &Author::code()).await.map(|changed| changed.unwrap())
}

/// Puts other fields of a config in force.
async fn edit(store: &Subject, id: CronConfigId, fields: &CronConfigFields) -> Result<()> {
    let decide = |pages: &mut [Page]| {
        let config = fields.change(pages[0].config().clone())?;
        pages[0].edit(config);
        Ok(())
    };
    store.transact(Pages::Of(&[id.into()]), Busy::Wait, &decide).await.map(drop)
}

/// Dated by the store, with its own id.
pub async fn a_calendar_is_read_back_as_it_was_created_and_changed(store: Subject, clock: ManualClock) {
    let (first, second) = (calendar(&store, &fields("first")).await, calendar(&store, &fields("second")).await);
    let expected = fields("first").create(clock.now()).unwrap();
    assert_eq!(first, Calendar { id: first.id, ..expected });
    assert!(first.id < second.id);
    assert_eq!(store.calendar(first.id).await.unwrap(), Some(first.clone()));
    clock.advance(Duration::from_secs(1));
    let changes = CalendarFields::named("third").timezone("America/New_York").blackouts([]);
    let changed = store.update_calendar(first.id, &changes, Some(1), &Author::code()).await.unwrap().unwrap();
    let expected = changes.change(&first, Some(1), clock.now()).unwrap();
    assert_eq!((&changed, changed.version), (&expected, 2));
    assert_eq!(store.calendar(first.id).await.unwrap(), Some(expected.clone()));
    assert_eq!(change(&store, first.id, changes.clone()).await.unwrap(), expected, "nothing changes");
    let stale = store.update_calendar(first.id, &changes, Some(1), &Author::code()).await.unwrap_err();
    assert_eq!(stale.kind(), ErrorKind::Conflict);
    let stale = store.delete_calendar(first.id, Some(1), &Author::code()).await.unwrap_err();
    assert_eq!(stale.kind(), ErrorKind::Conflict);
    assert_eq!(store.delete_calendar(first.id, Some(2), &Author::code()).await.unwrap(), Some(expected));
    assert_eq!(store.calendar(first.id).await.unwrap(), None);
    assert_eq!(store.delete_calendar(first.id, None, &Author::code()).await.unwrap(), None);
    assert_eq!(store.update_calendar(first.id, &changes, None, &Author::code()).await.unwrap(), None);
    let again = calendar(&store, &fields("first")).await;
    assert!(again.id > second.id, "an id is given once");
}

/// Also by a change; and a change that is refused writes nothing.
pub async fn a_calendar_s_name_is_given_once(store: Subject, _: ManualClock) {
    let (first, second) = (calendar(&store, &fields("first")).await, calendar(&store, &fields("second")).await);
    let again = store.create_calendar(fields("first").create(Timestamp::UNIX_EPOCH).unwrap(), &Author::code()).await;
    assert_eq!(again.unwrap_err().kind(), ErrorKind::AlreadyExists);
    let taken = change(&store, second.id, CalendarFields::named("first").timezone("UTC")).await.unwrap_err();
    assert_eq!(taken.kind(), ErrorKind::AlreadyExists);
    assert!(taken.message().contains("first"), "{taken}");
    let all = store.calendars(&CalendarQuery { limit: 9, ..CalendarQuery::default() }).await.unwrap();
    assert_eq!(all, [first, second]);
}

/// And by their names.
pub async fn calendars_are_listed_by_id_and_in_pages(store: Subject, _: ManualClock) {
    let mut all = Vec::new();
    for name in ["c", "a", "b"] {
        all.push(calendar(&store, &fields(name)).await);
    }
    let list = async |after: CalendarId, names: Option<&[&str]>, limit: usize| {
        let names = names.map(|names| names.iter().map(|name| CalendarName::new(name).unwrap()).collect());
        store.calendars(&CalendarQuery { after, names, limit }).await.unwrap()
    };
    assert_eq!(list(CalendarId(0), None, 2).await, all[..2]);
    assert_eq!(list(all[1].id, None, 2).await, all[2..]);
    assert_eq!(list(CalendarId(0), Some(&["b", "c", "none"]), 9).await, [all[0].clone(), all[2].clone()]);
    assert_eq!(list(CalendarId(0), Some(&[]), 9).await, []);
}

/// In every way to write a config.
pub async fn a_config_names_only_calendars_that_are_there(store: Subject, _: ManualClock) {
    calendar(&store, &fields("nights")).await;
    let wrong = naming("j", &["nights", "days"]);
    let config = |fields: &CronConfigFields| fields.create(Timestamp::UNIX_EPOCH).unwrap();
    let request = CreateRequest { id: "r".into(), body: "b".into() };
    let created = store.create(config(&wrong), &Author::code()).await.unwrap_err();
    let once = store.create_once(config(&wrong), &request, &Author::code()).await.unwrap_err();
    let kept = create(&store, naming("j", &["nights"])).await;
    assert_eq!(kept.policy.calendars[0].as_str(), "nights");
    let edited = edit(&store, kept.id, &wrong).await.unwrap_err();
    for error in [created, once, edited] {
        assert_eq!((error.kind(), error.field()), (ErrorKind::InvalidArgument, Some("calendars[1]")));
        assert!(error.message().contains("days"), "{error}");
    }
    assert_eq!(store.config(kept.id).await.unwrap(), Some(kept));
}

/// Nor does it get another name; a deleted config is no hindrance, and comes back only when its calendars are there.
pub async fn a_calendar_that_a_config_names_is_not_deleted(store: Subject, _: ManualClock) {
    let nights = calendar(&store, &fields("nights")).await;
    let first = create(&store, naming("first", &["nights"])).await;
    let second = create(&store, naming("second", &["nights"])).await;
    create(&store, naming("other", &[])).await;
    let refused = store.delete_calendar(nights.id, None, &Author::code()).await.unwrap_err();
    let renamed = change(&store, nights.id, CalendarFields::named("days")).await.unwrap_err();
    for error in [refused, renamed] {
        assert_eq!(error.kind(), ErrorKind::FailedPrecondition);
        assert!(error.message().contains("first, second;"), "{error}");
    }
    change(&store, nights.id, CalendarFields::default().timezone("UTC")).await.unwrap();
    edit(&store, second.id, &naming("second", &[])).await.unwrap();
    let deleted = |at: Option<Timestamp>| {
        move |page: &mut Page| page.edit(CronConfig { deleted_at: at, ..page.config().clone() })
    };
    on_page(&store, first.id, deleted(Some(first.created_at))).await;
    assert!(store.delete_calendar(nights.id, None, &Author::code()).await.unwrap().is_some());
    let undelete = |pages: &mut [Page]| {
        deleted(None)(&mut pages[0]);
        Ok(())
    };
    let pages = Pages::Of(&[first.id.into()]);
    let undelete = async || store.transact(pages, Busy::Wait, &undelete).await;
    assert_eq!(undelete().await.unwrap_err().field(), Some("calendars[0]"));
    calendar(&store, &fields("nights")).await;
    assert!(undelete().await.is_ok());
}

/// And no others; whatever else is on the pages that are asked for.
pub async fn a_page_has_the_calendars_that_its_config_names(store: Subject, clock: ManualClock) {
    let at = |seconds: u64| (clock.now() + Duration::from_secs(seconds)).strftime("%Y-%m-%dT%H:%M:%S").to_string();
    let spell = |from, to| BlackoutFields::once(at(from), at(to));
    calendar(&store, &CalendarFields::named("soon").blackouts([spell(10, 20)])).await;
    let late = calendar(&store, &CalendarFields::named("late").blackouts([spell(40, 50)])).await;
    let (both, one, none) = (
        create(&store, naming("both", &["late", "soon"])).await.id,
        create(&store, naming("one", &["late"])).await.id,
        create(&store, naming("none", &[])).await.id,
    );
    clock.advance(Duration::from_secs(60));
    let held = |page: &Page| -> Vec<i64> {
        let blackout = |(_, _, why): &(_, _, _)| *why == Some(SkipReason::Blackout);
        let spans = page.spans().into_iter().filter(blackout);
        spans.map(|(_, through, _)| clock.now().duration_since(through).as_secs()).collect()
    };
    let seen = async || {
        let pages = [both.into(), one.into(), none.into()];
        let pages = Pages::Of(&pages);
        let pages = store.transact(pages, Busy::Wait, &|_| Ok(())).await.unwrap();
        pages.iter().map(held).collect::<Vec<_>>()
    };
    assert_eq!(seen().await, [vec![40, 10], vec![10], vec![]]);
    change(&store, late.id, CalendarFields::default().blackouts([])).await.unwrap();
    assert_eq!(seen().await, [vec![40], vec![], vec![]], "at once");
}

/// None begins before the change, does not know of it, and is committed after it.
pub async fn a_change_of_a_calendar_is_dated_after_all_pages_that_do_not_know_of_it(
    store: Subject,
    clock: ManualClock,
) {
    const CHANGES: usize = 20;
    // Each another one, to the end of the times or long over.
    let until = |year: usize| {
        CalendarFields::default().blackouts([BlackoutFields::once("1970-01-02", format!("{year}-02-01"))])
    };
    let id = calendar(&store, &CalendarFields { name: Some("turned".into()), ..until(9_900) }).await.id;
    let config = create(&store, naming("contended", &["turned"])).await.id;
    let pages = (0..20).map(|_| async {
        clock.advance(Duration::from_millis(1));
        let page = page(&store, config).await;
        (page.now(), page.is_blacked_out(page.now()))
    });
    let changes = (0..CHANGES).map(|at| {
        let is_held = at % 2 == 1;
        let fields = until(if is_held { 9_901 + at } else { 1_970 + at });
        let (store, clock) = (&store, &clock);
        async move {
            clock.advance(Duration::from_millis(1));
            let changed = change(store, id, fields).await.unwrap();
            (changed.version, changed.updated_at, is_held)
        }
    });
    let (pages, mut versions) = join(join_all(pages), join_all(changes)).await;
    versions.sort_unstable();
    assert!(
        versions.iter().map(|(version, ..)| *version).eq(2..2 + CHANGES as i64),
        "each goes out from the one before"
    );
    assert!(versions.is_sorted_by_key(|(_, at, _)| *at));
    for (now, is_held) in pages {
        let before = versions.iter().rev().find(|(_, at, _)| *at < now).is_none_or(|(.., held)| *held);
        let at_once = versions.iter().any(|(_, at, held)| *at == now && *held == is_held);
        assert!(is_held == before || at_once, "a page at {now} says {is_held}");
    }
}

/// What is refused, or changes nothing, leaves none.
pub async fn each_change_of_a_calendar_leaves_one_record(store: Subject, _: ManualClock) {
    let by = Author::new("ada#7", Role::Operator).because("so");
    let created = store.create_calendar(fields("c").create(Timestamp::UNIX_EPOCH).unwrap(), &by).await.unwrap();
    let update = async |fields: CalendarFields, version| store.update_calendar(created.id, &fields, version, &by).await;
    update(CalendarFields::default().timezone("UTC"), None).await.unwrap();
    update(CalendarFields::default().timezone("UTC"), None).await.unwrap();
    update(CalendarFields::named("d"), Some(1)).await.unwrap_err();
    store.delete_calendar(created.id, None, &by).await.unwrap();
    let mut records = store.audit(&AuditQuery { limit: 9, ..AuditQuery::default() }).await.unwrap();
    records.reverse();
    let told = |record: &AuditRecord| (record.action.clone(), record.resource.clone(), record.actor.clone());
    let actions = ["create_calendar", "update_calendar", "delete_calendar"];
    let expected: Vec<_> = actions.map(|action| (action.to_owned(), "calendar/c".to_owned(), by.actor.clone())).into();
    assert_eq!(records.iter().map(told).collect::<Vec<_>>(), expected);
    let changed = serde_json::Value::Object(records[1].difference.fields().clone());
    assert_eq!(changed, serde_json::json!({"timezone": {"old": "Europe/Berlin", "new": "UTC"}}));
}
