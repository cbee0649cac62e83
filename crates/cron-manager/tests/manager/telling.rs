//! What the log tells: the original library's lines, with what tells runs apart.

use std::{collections::BTreeMap, fmt, sync::Arc};

use cron_manager::{Called, CronConfigFields};
use parking_lot::Mutex;
use serde_json::json;
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};

use crate::service::{Service, quiet, seconds};

/// The fields of an event by their names; its text is `message`.
type Fields = BTreeMap<String, String>;

/// Keeps the library's events from the level of information on.
#[derive(Clone, Default)]
struct Listener(Arc<Mutex<Vec<Fields>>>);

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= tracing::Level::INFO && metadata.target().starts_with("cron_manager::")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        struct Reader(Fields);
        impl Visit for Reader {
            fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
                self.0.insert(field.name().into(), format!("{value:?}"));
            }
        }
        let mut reader = Reader(Fields::new());
        event.record(&mut reader);
        self.0.lock().push(reader.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

impl Listener {
    fn lines(&self, job: &str) -> Vec<Fields> {
        let of_job = |fields: &&Fields| fields.get("job").is_some_and(|name| name == job);
        self.0.lock().iter().filter(of_job).cloned().collect()
    }
}

fn texts(lines: &[Fields]) -> Vec<&str> {
    lines.iter().map(|fields| fields["message"].as_str()).collect()
}

#[tokio::test]
async fn the_original_library_s_lines_are_told_with_what_tells_runs_apart() {
    let listener = Listener::default();
    let _listening = tracing::subscriber::set_default(listener.clone());
    let (service, _lock) = Service::with_lock().await;
    let id = service.manager.job("locked").every(seconds(10)).distributed(true).run(async || ()).await.unwrap().id;
    service.manager.job("everywhere").every(seconds(10)).run(async || Err::<(), _>("no")).await.unwrap();
    service.manager.start();
    service.pass(seconds(10)).await;
    let run = service.runs(id).await.remove(0);
    let told = listener.lines("locked");
    let mut sorted = texts(&told);
    // The end is recorded while the lock is let go.
    sorted[2..].sort_unstable();
    let expected = [
        "Acquired lock for job: locked; Started - Success",
        "Job: locked; Started - Success",
        "Job: locked; Ended - Success",
        "Released lock for job: locked; Ended - Success",
    ];
    assert_eq!(sorted, expected);
    for line in &told {
        assert_eq!(line["run_id"], run.id.to_string());
        assert_eq!(line["due_at"], run.due_at.to_string());
        assert_eq!(line["replica_id"], run.replica_id.unwrap().to_string());
        assert_eq!(line["fence"], run.fence.to_string());
        assert_eq!(line["attempt"], "1");
    }
    let everywhere = listener.lines("everywhere");
    assert_eq!(texts(&everywhere), ["Job: everywhere; Started - Success", "Job: everywhere; Ended - Failed"]);
}

#[tokio::test]
async fn a_job_that_is_not_found_or_disabled_is_told() {
    let listener = Listener::default();
    let _listening = tracing::subscriber::set_default(listener.clone());
    let service = Service::new().await;
    service.manager.start();
    quiet().await;
    let off = CronConfigFields::named("off").context(json!({"distributed": true}));
    service.manager.create_cron_config(&off).await.unwrap();
    for job in ["absent", "off"] {
        let called = service.manager.handle_job(job, async || ()).await.unwrap();
        assert!(matches!(called, Called::Refused(_)));
        assert_eq!(texts(&listener.lines(job)), [format!("Job: {job} not found or disabled")]);
    }
}
