//! A store that counts how often it is called.

use std::sync::atomic::{AtomicU64, Ordering};

use cron_manager::{
    Result,
    contracts::{Store, StoreLayer},
};

pub(crate) struct CountingStore<S> {
    store: S,
    calls: AtomicU64,
}

impl<S> CountingStore<S> {
    pub(crate) fn new(store: S) -> Self {
        Self { store, calls: AtomicU64::new(0) }
    }

    pub(crate) fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }
}

impl<S: Store> StoreLayer for CountingStore<S> {
    type Inner = S;

    fn inner(&self) -> &S {
        &self.store
    }

    async fn around<T: Send>(&self, _: &'static str, answer: impl Future<Output = Result<T>> + Send) -> Result<T> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        answer.await
    }
}
