//! What several tests need.

use std::{sync::Arc, time::Duration};

use cron_manager::{
    Author, ClaimToken, CronConfig, CronConfigFields, CronRun, Outcome, PageId, ReplicaId, ReplicaStatus, RunState,
    backends::{postgres::PostgresStore, system::SystemClock},
    contracts::{Busy, Finish, Pages, Store},
    domain::ledger::{Claimant, Page},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use sqlx::PgPool;

use crate::server::TestSchema;

pub(crate) async fn open(schema: &TestSchema) -> Arc<PostgresStore> {
    Arc::new(PostgresStore::open(schema.options(), Arc::new(SystemClock)).await.unwrap())
}

/// An enabled config, due each second.
pub(crate) async fn config(store: &PostgresStore, name: &str, distributed: bool) -> CronConfig {
    let fields = CronConfigFields::named(name).enabled(true).every(Duration::from_secs(1));
    let fields = fields.context(json!({"distributed": distributed}));
    store.create(fields.create(Timestamp::UNIX_EPOCH).unwrap(), &Author::code()).await.unwrap()
}

pub(crate) async fn register(store: &PostgresStore, id: u64) -> ReplicaId {
    let me = ReplicaStatus {
        id: ReplicaId(id),
        version: "1".into(),
        host: "here".into(),
        handlers: Vec::new(),
        runners: Vec::new(),
        running: 0,
        clock_skew: SignedDuration::ZERO,
    };
    store.watch(&me).await.unwrap();
    me.id
}

/// A run of the page, claimed just now.
pub(crate) async fn claimed(store: &PostgresStore, page: impl Into<PageId>) -> CronRun {
    let start = |pages: &mut [Page]| {
        start(&mut pages[0]);
        Ok(())
    };
    let pages = store.transact(Pages::Of(&[page.into()]), Busy::Wait, &start).await.unwrap();
    pages[0].runs().find(|run| run.state == RunState::Running).cloned().unwrap()
}

/// Records a tick that is due now, and starts it.
pub(crate) fn start(page: &mut Page) {
    let place = page.record_tick(page.now());
    page.start(place, Claimant { replica_id: ReplicaId(7), token: ClaimToken(1) });
}

pub(crate) fn succeeded(run: &CronRun) -> Finish {
    Finish { hold: run.hold().unwrap(), outcome: Outcome::new(RunState::Succeeded) }
}

/// Ends when some session waits for a lock of this schema's tables.
pub(crate) async fn somebody_waits(pool: &PgPool) {
    let sql = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' \
               AND query LIKE '%' || current_schema() || '%')";
    let mut asked = 0;
    while !sqlx::query_scalar::<_, bool>(sql).fetch_one(pool).await.unwrap() {
        asked += 1;
        assert!(asked < 20_000, "nobody waits");
    }
}
