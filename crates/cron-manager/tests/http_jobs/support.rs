//! Runs of jobs that call a URL.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use cron_manager::{
    ActiveRun, ClaimToken, CronConfig, CronConfigFields, Fence, Handler, HandlerResult, HttpFields, ReplicaId,
    TraceParent,
    backends::{
        http::{HttpRunner, Resolve},
        system::SystemClock,
    },
    domain::ledger::{Claimant, Page, Place},
};
use jiff::Timestamp;

pub(crate) fn to(url: &str) -> HttpFields {
    HttpFields { url: Some(url.into()), ..HttpFields::default() }
}

/// A run that was claimed under fence 7, due at noon.
pub(crate) fn run(fields: CronConfigFields) -> ActiveRun {
    asked_in(None, fields)
}

/// The same, asked for in a trace.
pub(crate) fn asked_in(trace: Option<TraceParent>, fields: CronConfigFields) -> ActiveRun {
    let now: Timestamp = "2025-06-01T12:00:00Z".parse().unwrap();
    run_of(trace, CronConfigFields { name: Some("job".into()), enabled: Some(true), ..fields }.create(now).unwrap())
}

/// The same of a config.
pub(crate) fn run_of(trace: Option<TraceParent>, config: CronConfig) -> ActiveRun {
    let now = config.created_at;
    let place = Place { fence: Fence(6), ..Place::begun(now) };
    let mut page = Page::new(now, config.clone(), place, Vec::new());
    let place = page.record_tick(now);
    trace.into_iter().for_each(|trace| page.trace(place, trace));
    assert!(page.start(place, Claimant { replica_id: ReplicaId(1), token: ClaimToken(0x0123_4567_89ab_cdef) }));
    let window_start = "2025-06-01T11:55:00Z".parse().ok();
    ActiveRun::new(page.row(place).clone(), Arc::new(config), window_start, Arc::default())
}

pub(crate) fn calling(http: HttpFields) -> ActiveRun {
    run(CronConfigFields { http: Some(http), ..CronConfigFields::default() })
}

/// A runner that may call this machine, where servers of tests are.
pub(crate) fn open() -> HttpRunner {
    closed().allow_private_addresses(true)
}

pub(crate) fn closed() -> HttpRunner {
    HttpRunner::new(Arc::new(SystemClock)).unwrap()
}

pub(crate) async fn call(http: HttpFields) -> HandlerResult {
    open().call(calling(http)).await
}

/// Answers with these addresses, the first time and the other times, and counts.
pub(crate) struct Names {
    answers: Vec<Vec<SocketAddr>>,
    pub(crate) asked: AtomicUsize,
}

impl Names {
    pub(crate) fn answering(answers: &[&[&str]]) -> Arc<Self> {
        let answers = answers.iter().map(|answer| answer.iter().map(|text| text.parse().unwrap()).collect()).collect();
        Arc::new(Self { answers, asked: AtomicUsize::new(0) })
    }
}

#[async_trait]
impl Resolve for Names {
    async fn resolve(&self, _host: &str, _port: u16) -> io::Result<Vec<SocketAddr>> {
        let at = self.asked.fetch_add(1, Ordering::Relaxed);
        Ok(self.answers[at.min(self.answers.len() - 1)].clone())
    }
}
