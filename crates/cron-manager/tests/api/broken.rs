//! A store in which nothing works, with a cause that must not reach a caller.

use std::sync::Arc;

use cron_manager::{
    Error, Result,
    backends::{memory::MemoryStore, system::SystemClock},
    contracts::StoreLayer,
};

pub(crate) struct BrokenStore(MemoryStore);

impl BrokenStore {
    pub(crate) fn new() -> Self {
        Self(MemoryStore::shared(Arc::new(SystemClock)))
    }
}

impl StoreLayer for BrokenStore {
    type Inner = MemoryStore;

    fn inner(&self) -> &MemoryStore {
        &self.0
    }

    async fn around<T: Send>(&self, call: &'static str, _: impl Future<Output = Result<T>> + Send) -> Result<T> {
        Err(match call {
            "config" | "config_named" | "configs" => Error::internal("row 7 of secret_table is damaged"),
            _ => Error::unavailable("the store does not answer").with_source("connect to secret.example:5432"),
        })
    }

    async fn has_live_token(&self) -> Result<bool> {
        Ok(false)
    }
}
