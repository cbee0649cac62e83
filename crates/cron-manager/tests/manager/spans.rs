//! What a run's events fall into.

use std::{collections::BTreeMap, fmt, sync::Arc};

use cron_manager::{TraceParent, contracts::RunQuery};
use parking_lot::Mutex;
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};

use crate::service::{Service, quiet};

#[derive(Default)]
struct Fields(BTreeMap<String, String>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name().into(), format!("{value:?}").trim_matches('"').to_owned());
    }
}

#[derive(Default)]
struct Seen {
    spans: Vec<Fields>,
    entered: Vec<usize>,
    /// Texts of events, and the spans they fell into.
    events: Vec<(String, Vec<usize>)>,
}

/// Keeps spans and what falls into them.
#[derive(Clone, Default)]
struct Listener(Arc<Mutex<Seen>>);

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= tracing::Level::INFO
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        fields.0.insert("name".into(), attributes.metadata().name().into());
        let mut seen = self.0.lock();
        seen.spans.push(fields);
        Id::from_u64(seen.spans.len() as u64)
    }

    fn record(&self, id: &Id, values: &Record<'_>) {
        values.record(&mut self.0.lock().spans[id.into_u64() as usize - 1]);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let mut seen = self.0.lock();
        let entered = seen.entered.clone();
        seen.events.push((fields.0.remove("message").unwrap_or_default(), entered));
    }

    fn enter(&self, id: &Id) {
        self.0.lock().entered.push(id.into_u64() as usize - 1);
    }

    fn exit(&self, _: &Id) {
        self.0.lock().entered.pop();
    }
}

#[tokio::test]
async fn a_run_has_a_span_linked_to_the_trace_it_was_asked_for_in() {
    let listener = Listener::default();
    let _listening = tracing::subscriber::set_default(listener.clone());
    let service = Service::new().await;
    let own = Arc::new(Mutex::new(None));
    let keep = Arc::clone(&own);
    let handler = move |own: TraceParent| {
        *keep.lock() = Some(own);
        async {
            tracing::info!("from the handler");
            Err::<(), _>("no paper")
        }
    };
    let config = service.manager.job("traced").run(handler).await.unwrap();
    service.manager.start();
    let asked_in: TraceParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00".parse().unwrap();
    service.manager.in_trace(asked_in).trigger(config.id).await.unwrap();
    quiet().await;
    let run = service.manager.cron_runs(&RunQuery { limit: 1, ..RunQuery::default() }).await.unwrap().remove(0);
    assert_eq!(run.traceparent, Some(asked_in));
    let own = own.lock().take().unwrap();
    assert_ne!(own.trace_id(), asked_in.trace_id());
    assert_eq!((own, own.is_sampled()), (run.own_trace(), false), "what the caller does not record, nobody need");
    let seen = listener.0.lock();
    let span = seen.spans.iter().position(|span| span.0["name"] == "cron_run").unwrap();
    for (field, value) in [
        ("otel.name", "cron_run traced".to_owned()),
        ("otel.kind", "internal".into()),
        ("job", "traced".into()),
        ("run_id", run.id.to_string()),
        ("due_at", run.due_at.to_string()),
        ("attempt", "1".into()),
        ("replica_id", run.replica_id.unwrap().to_string()),
        ("fence", run.fence.to_string()),
        ("kind", "manual".into()),
        ("trace_id", own.trace_id()),
        ("span_id", own.span_id()),
        ("link.trace_id", asked_in.trace_id()),
        ("link.span_id", asked_in.span_id()),
        ("outcome", "failed".into()),
        ("otel.status_code", "ERROR".into()),
        ("error.type", "failed".into()),
        ("error.message", "no paper".into()),
    ] {
        assert_eq!(seen.spans[span].0.get(field), Some(&value), "{field}");
    }
    let told = seen.events.iter().find(|(text, _)| text == "from the handler").unwrap();
    assert!(told.1.contains(&span), "the handler's events fall into it");
}

#[tokio::test]
async fn a_run_that_nobody_asked_for_is_linked_to_nothing_and_its_span_tells_success() {
    let listener = Listener::default();
    let _listening = tracing::subscriber::set_default(listener.clone());
    let service = Service::new().await;
    service.manager.job("ticks").every(crate::service::seconds(1)).run(async || ()).await.unwrap();
    service.manager.start();
    service.pass(crate::service::seconds(1)).await;
    let seen = listener.0.lock();
    let span = seen.spans.iter().find(|span| span.0["name"] == "cron_run").unwrap();
    assert_eq!((span.0["outcome"].as_str(), span.0["kind"].as_str()), ("succeeded", "tick"));
    for field in ["link.trace_id", "link.span_id", "error.type", "otel.status_code"] {
        assert_eq!(span.0.get(field), None, "{field}");
    }
}
