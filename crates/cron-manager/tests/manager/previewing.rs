//! Previews of configs that are not written.

use cron_manager::{Author, CommandFields, CronConfigFields, CronConfigId, ErrorKind, Role, domain::schedule::DstGap};
use serde_json::json;

use crate::service::{Service, instant, seconds};

#[tokio::test]
async fn a_preview_tells_what_a_config_would_mean_and_writes_nothing() {
    let service = Service::new().await;
    let fields = CronConfigFields::named("early").cron("30 2 * * *", "Europe/Berlin");
    let preview = service.manager.validate(&fields, 2).unwrap();
    assert_eq!(preview.description, "At 02:30 every day, Berlin time (Europe/Berlin)");
    assert_eq!(preview.next, [instant("2026-03-02T01:30:00Z"), instant("2026-03-03T01:30:00Z")]);
    assert_eq!(preview.zone.name(), "Europe/Berlin");
    let jumps = "On 29 March 2026 the clock jumps from 02:00 to 03:00: times in between";
    assert!(preview.notes[0].starts_with(&format!("{jumps} run once, together, at 03:00")), "{:?}", preview.notes);
    assert!(preview.notes[1].contains("goes back from 03:00 to 02:00"), "{:?}", preview.notes);
    let skips = CronConfigFields { dst_gap: Some(DstGap::Skip), ..fields };
    let notes = service.manager.validate(&skips, 0).unwrap().notes;
    assert!(notes[0].starts_with(&format!("{jumps} do not run")), "{notes:?}");
    let every = service.manager.validate(&CronConfigFields::named("a").every(seconds(60)), 1).unwrap();
    assert_eq!((every.description.as_str(), every.next.len(), every.notes.len()), ("Every minute", 1, 0));
    let bare = service.manager.validate(&CronConfigFields::named("a"), 5).unwrap();
    assert!(bare.next.is_empty() && bare.description.starts_with("No schedule"));
    assert_eq!(service.manager.cron_configs(&cron_manager::manager::ConfigQuery::default()).await.unwrap(), []);
}

#[tokio::test]
async fn a_preview_refuses_what_creating_refuses() {
    let service = Service::new().await;
    let field = |fields: CronConfigFields, count| {
        let error = service.manager.validate(&fields, count).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        error.field().unwrap().to_owned()
    };
    let named = || CronConfigFields::named("a");
    assert_eq!(field(CronConfigFields::default(), 1), "name");
    assert_eq!(field(CronConfigFields::named("not a name"), 1), "name");
    assert_eq!(field(named().cron("0 0 30 2 *", "UTC"), 1), "cronExpression");
    assert_eq!(field(named().cron("* * * * *", "Mars/Olympus"), 1), "timezone");
    assert_eq!(field(named().context(json!([1])), 1), "context");
    assert_eq!(field(named(), 1_001), "count");
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
