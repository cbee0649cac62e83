//! Jobs declared in code.

use std::{panic::Location, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use serde_json::{Map, Value};

use super::CronManager;
use crate::{
    CatchUp, CronConfig, CronConfigFields, ErrorKind, Handler, IntoHandler, JobName, LockPolicy, OnAbandoned, Overlap,
    Result, domain::schedule::DstGap,
};

/// A job that is being declared; [`Job::run`] puts it in place.
#[must_use = "a job is put in place by `run`"]
pub struct Job<'a> {
    manager: &'a CronManager,
    fields: CronConfigFields,
    /// Keys of the context that have a method here; they count more than what the context says.
    keys: Map<String, Value>,
    /// Where the job is declared.
    place: &'static Location<'static>,
}

impl CronManager {
    /// Declares the job `name`.
    #[track_caller]
    pub fn job(&self, name: impl Into<String>) -> Job<'_> {
        let fields = CronConfigFields::named(name).enabled(true);
        Job { manager: self, fields, keys: Map::new(), place: Location::caller() }
    }
}

impl<'a> Job<'a> {
    /// Due by this cron expression, in UTC unless [`Job::timezone`] says otherwise. [`schedules`](crate::schedules) has names for many.
    pub fn schedule(self, expression: impl Into<String>) -> Self {
        self.with(|fields| fields.cron_expression = Some(expression.into()))
    }

    /// The IANA zone of the expression.
    pub fn timezone(self, zone: impl Into<String>) -> Self {
        self.with(|fields| fields.timezone = Some(zone.into()))
    }

    /// What a fixed time that the zone's clock skips does.
    pub fn dst_gap(self, gap: DstGap) -> Self {
        self.with(|fields| fields.dst_gap = Some(gap))
    }

    /// Due at each multiple of `interval`.
    pub fn every(self, interval: Duration) -> Self {
        self.with(|fields| fields.every = Some(interval))
    }

    /// Whether the job is on at first; it is, unless this says otherwise.
    pub fn enabled(self, enabled: bool) -> Self {
        self.with(|fields| fields.enabled = Some(enabled))
    }

    /// How long a run may last.
    pub fn timeout(self, timeout: Duration) -> Self {
        self.with(|fields| fields.timeout = Some(timeout))
    }

    /// Spreads the starts over this long after the due instant.
    pub fn jitter(self, jitter: Duration) -> Self {
        self.with(|fields| fields.jitter = Some(jitter))
    }

    /// How long after its due instant a tick may still start.
    pub fn start_deadline(self, deadline: Duration) -> Self {
        self.with(|fields| fields.start_deadline = Some(deadline))
    }

    /// What becomes of ticks that nobody was there to plan in time.
    pub fn catch_up(self, catch_up: CatchUp) -> Self {
        self.with(|fields| fields.catch_up = Some(catch_up))
    }

    /// What becomes of a tick that falls due while a run is live.
    pub fn overlap(self, overlap: Overlap) -> Self {
        self.with(|fields| fields.overlap = Some(overlap))
    }

    /// What becomes of a run whose replica stopped answering.
    pub fn on_abandoned(self, on_abandoned: OnAbandoned) -> Self {
        self.with(|fields| fields.on_abandoned = Some(on_abandoned))
    }

    /// What a run does while the lock cannot be reached.
    pub fn lock(self, policy: LockPolicy) -> Self {
        self.with(|fields| fields.lock = Some(policy))
    }

    /// How long the lock is held at the least.
    pub fn lock_at_least_for(self, length: Duration) -> Self {
        self.with(|fields| fields.lock_at_least_for = Some(length))
    }

    /// The calendars in whose blackouts no tick runs.
    pub fn calendars(self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.with(|fields| fields.calendars = Some(names.into_iter().map(Into::into).collect()))
    }

    /// What the handler is told: a JSON object, or a text that holds one.
    pub fn context(self, context: impl Into<Value>) -> Self {
        self.with(|fields| fields.context = Some(context.into()))
    }

    /// Whether one replica runs a tick for the whole service; counts more than `distributed` in the context.
    pub fn distributed(self, distributed: bool) -> Self {
        self.with_key("distributed", distributed)
    }

    /// The length of a run's lease; counts more than `ttl` in the context.
    pub fn ttl(self, ttl: Duration) -> Self {
        if ttl.subsec_nanos() == 0 {
            self.with_key("ttl", ttl.as_secs())
        } else {
            self.with_key("ttl", ttl.as_secs_f64())
        }
    }

    /// Creates the config, unless one of that name is there: then the stored one counts. Gives the job its handler either way: an async
    /// function or closure, or a [`Handler`].
    ///
    /// Errors: invalid argument, which names the field; failed precondition, when the handler takes what the builder was not given.
    /// They tell the job's name and the place in the source where it is declared.
    pub fn run<M>(self, handler: impl IntoHandler<M>) -> BoxFuture<'a, Result<CronConfig>> {
        // Not an `async fn`: for those the compiler tells three times what is no handler.
        let handler = Arc::new(handler.into_handler());
        Box::pin(async move {
            let name = self.fields.name.clone().unwrap_or_default();
            let place = self.place;
            let put = self.put_in_place(&name, handler).await;
            put.map_err(|error| error.at(format_args!("job {name} ({}:{})", place.file(), place.line())))
        })
    }

    async fn put_in_place(self, name: &str, handler: Arc<dyn Handler>) -> Result<CronConfig> {
        let replica = &self.manager.replica;
        handler.check(replica.services())?;
        let fields = CronConfigFields { context: merged(self.fields.context, self.keys), ..self.fields };
        let created = match self.manager.create(&fields).await {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => self.manager.cron_config_named(name).await,
            created => created,
        }?;
        replica.register(JobName::new(name)?, handler);
        Ok(created)
    }

    fn with(mut self, change: impl FnOnce(&mut CronConfigFields)) -> Self {
        change(&mut self.fields);
        self
    }

    fn with_key(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.keys.insert(key.to_owned(), value.into());
        self
    }
}

/// `context` with `keys` in it. What is no object is left as it is, for the check of the context to name.
fn merged(context: Option<Value>, keys: Map<String, Value>) -> Option<Value> {
    if keys.is_empty() {
        return context;
    }
    let context = match context {
        Some(Value::String(text)) if text.trim().is_empty() => None,
        Some(Value::String(text)) => Some(match serde_json::from_str(&text) {
            Ok(Value::Object(object)) => Value::Object(object),
            _ => Value::String(text),
        }),
        context => context,
    };
    match context {
        None | Some(Value::Null) => Some(Value::Object(keys)),
        Some(Value::Object(mut object)) => {
            object.extend(keys);
            Some(Value::Object(object))
        }
        wrong => wrong,
    }
}
