//! Runs per second through the PostgreSQL store, beside a bare loop that writes a start row and its end for each run, with the same
//! library, server and batches. The server is a throw-away one on this machine, durable as by default.
//!
//! `cargo bench -p cron-manager-rs --all-features --bench postgres`
#![expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot be set up has failed")]

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use cron_manager::{
    Author, ClaimToken, CronConfigFields, CronConfigId, Outcome, PageId, ReplicaId, RunState,
    backends::{postgres::PostgresStore, system::SystemClock},
    contracts::{Busy, Finish, Pages, Store},
    domain::ledger::{Claimant, Page},
};
use futures_util::future::join_all;
use jiff::Timestamp;
use serde_json::json;
use sqlx::{PgPool, postgres::PgPoolOptions};

/// As many as a turn of the scheduler takes in one transaction.
const BATCH: usize = 256;
const BATCHES: usize = 10;
const ROUNDS: usize = 9;

fn main() {
    let server = servers::Postgres::start().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let store = PostgresStore::open(server.url(), Arc::new(SystemClock)).await.unwrap();
        let configs = configs(&store).await;
        let bare = Bare::new(&server.url(), BATCH * BATCHES).await;
        for lanes in [1, 2, 4] {
            let (mut ours, mut bares) = (Vec::new(), Vec::new());
            for round in 0..=ROUNDS {
                let started = Instant::now();
                in_lanes(&configs, lanes, async |batch| round_of(&store, batch, round).await).await;
                let middle = Instant::now();
                in_lanes(&bare.configs, lanes, async |batch| bare.round_of(batch, (lanes * 100 + round) as i32).await)
                    .await;
                if round > 0 {
                    let rate = |time: Duration| (BATCH * BATCHES) as f64 / time.as_secs_f64();
                    ours.push(rate(middle - started));
                    bares.push(rate(middle.elapsed()));
                }
            }
            println!(
                "claim and finish in batches of {BATCH}, {lanes} at a time, {ROUNDS} rounds of {}",
                BATCH * BATCHES
            );
            let ratios = ours.iter().zip(&bares).map(|(ours, bare)| ours / bare).collect();
            print("store, runs/s", ours, 0);
            print("bare loop, runs/s", bares, 0);
            print("ratio", ratios, 2);
        }
    });
}

async fn in_lanes<T>(configs: &[T], lanes: usize, batch: impl AsyncFn(&[T])) {
    let batches: Vec<_> = configs.chunks(BATCH).collect();
    join_all((0..lanes).map(async |lane| {
        for at in (lane..batches.len()).step_by(lanes) {
            batch(batches[at]).await;
        }
    }))
    .await;
}

async fn configs(store: &PostgresStore) -> Vec<PageId> {
    let mut ids = Vec::new();
    for at in 0..BATCH * BATCHES {
        let fields = CronConfigFields::named(format!("job-{at}")).enabled(true).every(Duration::from_secs(1));
        let config = fields.context(json!({"distributed": true, "shop": at})).create(Timestamp::UNIX_EPOCH).unwrap();
        ids.push(PageId::from(store.create(config, &Author::code()).await.unwrap().id));
    }
    ids
}

/// A tick of each config: claimed, and finished.
async fn round_of(store: &PostgresStore, ids: &[PageId], round: usize) {
    let token = ClaimToken(round as i64);
    let decide = |pages: &mut [Page]| {
        for page in pages {
            let place = page.record_tick(page.now());
            assert!(page.start(place, Claimant { replica_id: ReplicaId(7), token }));
            page.move_watermark(page.now());
        }
        Ok(())
    };
    let pages = store.transact(Pages::Of(ids), Busy::Skip, &decide).await.unwrap();
    let runs = pages.iter().flat_map(|page| page.claimed(token));
    let finish =
        |run: &cron_manager::CronRun| Finish { hold: run.hold().unwrap(), outcome: Outcome::new(RunState::Succeeded) };
    let finishes: Vec<_> = runs.map(finish).collect();
    assert_eq!(store.finish(&finishes).await.unwrap().len(), ids.len());
}

/// A loop without a scheduler.
struct Bare {
    pool: PgPool,
    configs: Vec<CronConfigId>,
}

const TABLES: &str = "
    CREATE TABLE configs (id integer PRIMARY KEY, watermark timestamptz NOT NULL) WITH (fillfactor = 50);
    CREATE TABLE runs (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, config_id integer NOT NULL, due_at timestamptz NOT NULL,
        state text NOT NULL, replica_id bigint, started_at timestamptz, finished_at timestamptz);
    CREATE UNIQUE INDEX ticks ON runs (config_id, due_at);
    CREATE UNIQUE INDEX one_running ON runs (config_id) WHERE state = 'running'";

impl Bare {
    async fn new(url: &str, configs: usize) -> Self {
        let pool = PgPoolOptions::new().max_connections(8).test_before_acquire(false).connect(url).await.unwrap();
        sqlx::raw_sql(TABLES).execute(&pool).await.unwrap();
        let fill = "INSERT INTO configs SELECT id, now() FROM generate_series(1, $1) AS id";
        sqlx::query(fill).bind(configs as i32).execute(&pool).await.unwrap();
        Self { pool, configs: (1..=configs as i32).map(CronConfigId).collect() }
    }

    /// In batches, claim and watermark in one transaction, the ends in another.
    async fn round_of(&self, ids: &[CronConfigId], due: i32) {
        let ids: Vec<i32> = ids.iter().map(|id| id.0).collect();
        let mut claim = self.pool.begin().await.unwrap();
        let insert = "INSERT INTO runs (config_id, due_at, state, replica_id, started_at) \
                      SELECT id, 'epoch'::timestamptz + make_interval(secs => $2), 'running', 1, now() FROM unnest($1) AS id RETURNING id";
        let runs: Vec<i64> = sqlx::query_scalar(insert).bind(&ids).bind(due).fetch_all(&mut *claim).await.unwrap();
        let moved = "UPDATE configs SET watermark = now() WHERE id = ANY($1)";
        sqlx::query(moved).bind(&ids).execute(&mut *claim).await.unwrap();
        claim.commit().await.unwrap();
        let end = "UPDATE runs SET state = 'succeeded', finished_at = now() WHERE id = ANY($1)";
        sqlx::query(end).bind(&runs).execute(&self.pool).await.unwrap();
    }
}

fn print(name: &str, mut values: Vec<f64>, digits: usize) {
    values.sort_by(f64::total_cmp);
    let (least, median, most) = (values[0], values[values.len() / 2], values[values.len() - 1]);
    println!("  {name:<18} {median:.digits$} ({least:.digits$}–{most:.digits$})");
}
