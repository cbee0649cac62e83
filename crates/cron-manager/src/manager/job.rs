//! Jobs declared in code.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};

use super::CronManager;
use crate::{CronConfig, CronConfigFields, ErrorKind, Handler, JobName, Result};

/// A job that is being declared; [`Job::run`] puts it in place.
#[must_use = "a job is put in place by `run`"]
pub struct Job<'a> {
    manager: &'a CronManager,
    fields: CronConfigFields,
}

impl CronManager {
    /// Declares the job `name`.
    pub fn job(&self, name: impl Into<String>) -> Job<'_> {
        Job { manager: self, fields: CronConfigFields::named(name).enabled(true) }
    }
}

impl Job<'_> {
    /// Due by this cron expression, in UTC unless [`Job::timezone`] says otherwise.
    pub fn schedule(self, expression: impl Into<String>) -> Self {
        self.with(|fields| fields.cron_expression = Some(expression.into()))
    }

    /// The IANA zone of the expression.
    pub fn timezone(self, zone: impl Into<String>) -> Self {
        self.with(|fields| fields.timezone = Some(zone.into()))
    }

    /// Due at each multiple of `interval`.
    pub fn every(self, interval: Duration) -> Self {
        self.with(|fields| fields.every = Some(interval))
    }

    /// How long a run may last.
    pub fn timeout(self, timeout: Duration) -> Self {
        self.with(|fields| fields.timeout = Some(timeout))
    }

    /// What the handler is told: a JSON object.
    pub fn context(self, context: Value) -> Self {
        self.with(|fields| fields.context = Some(context))
    }

    /// Whether one replica runs a tick for the whole service.
    pub fn distributed(self, distributed: bool) -> Self {
        self.with(|fields| match &mut fields.context {
            Some(Value::Object(context)) => drop(context.insert("distributed".into(), distributed.into())),
            context => *context = Some(json!({ "distributed": distributed })),
        })
    }

    /// Creates the config, enabled, unless one of that name is there: then the stored one counts. Gives the job its handler either way.
    ///
    /// Errors: invalid argument, which names the field.
    pub async fn run(self, handler: impl Handler) -> Result<CronConfig> {
        let name = self.fields.name.clone().unwrap_or_default();
        let created = match self.manager.create(&self.fields).await {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => self.manager.cron_config_named(&name).await,
            created => created,
        }?;
        self.manager.replica.register(JobName::new(&name)?, Arc::new(handler));
        Ok(created)
    }

    fn with(mut self, change: impl FnOnce(&mut CronConfigFields)) -> Self {
        change(&mut self.fields);
        self
    }
}
