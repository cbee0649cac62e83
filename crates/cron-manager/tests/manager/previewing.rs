//! Previews of configs that are not written.

use cron_manager::{
    Author, BlackoutFields, CalendarFields, CommandFields, CronConfigFields, CronConfigId, ErrorKind, Role,
    domain::schedule::DstGap,
};
use serde_json::json;

use crate::service::{Service, instant, seconds};

#[tokio::test]
async fn a_preview_tells_what_a_config_would_mean_and_writes_nothing() {
    let service = Service::new().await;
    let fields = CronConfigFields::named("early").cron("30 2 * * *", "Europe/Berlin");
    let preview = service.manager.validate(&fields, 2).await.unwrap();
    assert_eq!(preview.description, "At 02:30 every day, Berlin time (Europe/Berlin)");
    assert_eq!(preview.next, [instant("2026-03-02T01:30:00Z"), instant("2026-03-03T01:30:00Z")]);
    assert_eq!(preview.zone.name(), "Europe/Berlin");
    let jumps = "On 29 March 2026 the clock jumps from 02:00 to 03:00: times in between";
    assert!(preview.notes[0].starts_with(&format!("{jumps} run once, together, at 03:00")), "{:?}", preview.notes);
    assert!(preview.notes[1].contains("goes back from 03:00 to 02:00"), "{:?}", preview.notes);
    let skips = CronConfigFields { dst_gap: Some(DstGap::Skip), ..fields };
    let notes = service.manager.validate(&skips, 0).await.unwrap().notes;
    assert!(notes[0].starts_with(&format!("{jumps} do not run")), "{notes:?}");
    let every = service.manager.validate(&CronConfigFields::named("a").every(seconds(60)), 1).await.unwrap();
    assert_eq!((every.description.as_str(), every.next.len(), every.notes.len()), ("Every minute", 1, 0));
    let bare = service.manager.validate(&CronConfigFields::named("a"), 5).await.unwrap();
    assert!(bare.next.is_empty() && bare.description.starts_with("No schedule"));
    assert_eq!(service.manager.cron_configs(&cron_manager::manager::ConfigQuery::default()).await.unwrap(), []);
}

#[tokio::test]
async fn a_preview_refuses_what_creating_refuses() {
    let service = Service::new().await;
    let field = async |fields: CronConfigFields, count| {
        let error = service.manager.validate(&fields, count).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        error.field().unwrap().to_owned()
    };
    let named = || CronConfigFields::named("a");
    assert_eq!(field(CronConfigFields::default(), 1).await, "name");
    assert_eq!(field(CronConfigFields::named("not a name"), 1).await, "name");
    assert_eq!(field(named().cron("0 0 30 2 *", "UTC"), 1).await, "cronExpression");
    assert_eq!(field(named().cron("* * * * *", "Mars/Olympus"), 1).await, "timezone");
    assert_eq!(field(named().context(json!([1])), 1).await, "context");
    assert_eq!(field(named(), 1_001).await, "count");
}

#[tokio::test]
async fn a_preview_leaves_out_what_falls_into_a_blackout() {
    let service = Service::new().await;
    let blackouts = [
        BlackoutFields::once("2026-03-03", "2026-03-05"),
        BlackoutFields::recurring("0 0 * * SAT", seconds(48 * 3_600)),
    ];
    let closed = CalendarFields::named("closed").timezone("Europe/Berlin").blackouts(blackouts);
    service.manager.create_calendar(&closed).await.unwrap();
    let naming = |name: &str| CronConfigFields {
        calendars: Some(vec![name.into()]),
        ..CronConfigFields::named("early").cron("30 2 * * *", "Europe/Berlin")
    };
    let next = service.manager.validate(&naming("closed"), 4).await.unwrap().next;
    let expected = ["02T01:30:00Z", "05T01:30:00Z", "06T01:30:00Z", "09T01:30:00Z"];
    assert_eq!(next, expected.map(|at| instant(&format!("2026-03-{at}"))));
    assert_eq!(service.manager.validate(&naming("closed"), 1_000).await.unwrap().next.len(), 1_000);
    let error = service.manager.validate(&naming("open"), 4).await.unwrap_err();
    assert_eq!((error.kind(), error.field()), (ErrorKind::InvalidArgument, Some("calendars[0]")));
    let never = CalendarFields::default().blackouts([BlackoutFields::recurring("0 0 * * *", seconds(86_400))]);
    service.manager.update_calendar(cron_manager::CalendarId(1), &never.timezone("UTC"), None).await.unwrap();
    assert!(service.manager.validate(&naming("closed"), 4).await.unwrap().next.is_empty());
}

#[tokio::test]
async fn what_would_be_refused_is_refused_with_the_same_words() {
    let service = Service::new().await;
    for name in ["live", "gone"] {
        service.manager.create_cron_config(&CronConfigFields::named(name)).await.unwrap();
    }
    let [live, gone] = [CronConfigId(1), CronConfigId(2)];
    service.manager.delete_cron_config(gone, None).await.unwrap();
    let operator = service.manager.by(Author::new("ada", Role::Operator));
    let command = CommandFields { name: Some("backup".into()) };
    let command = CronConfigFields { command: Some(command), ..CronConfigFields::default() };
    let new = CronConfigFields { name: Some("new".into()), ..command.clone() };
    for fields in [CronConfigFields::named("live"), CronConfigFields::named("gone"), new] {
        let would = operator.would_create_cron_config(&fields, None).await.unwrap_err();
        assert_eq!(would.to_string(), operator.create_cron_config(&fields).await.unwrap_err().to_string());
    }
    for (id, fields, version) in [
        (live, CronConfigFields::named("gone"), None),
        (live, CronConfigFields::default().enabled(true), Some(7)),
        (gone, CronConfigFields::default().enabled(true), None),
        (CronConfigId(7), CronConfigFields::default(), None),
        (live, command, None),
    ] {
        let would = operator.would_update_cron_config(id, &fields, version).await.unwrap_err();
        let does = operator.update_cron_config(id, &fields, version).await.unwrap_err();
        assert_eq!((would.kind(), would.to_string()), (does.kind(), does.to_string()));
    }
    for (id, version) in [(live, Some(7)), (gone, None), (CronConfigId(7), None)] {
        let would = operator.would_delete_cron_config(id, version).await.unwrap_err();
        assert_eq!(would.to_string(), operator.delete_cron_config(id, version).await.unwrap_err().to_string());
    }
    assert_eq!(operator.cron_config(live).await.unwrap().version, 1);
}
