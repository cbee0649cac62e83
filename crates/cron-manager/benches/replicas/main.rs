//! One replica and three on one PostgreSQL: runs per second and lateness of a burst (P1 and P3, without Redis), how the work is
//! shared (P9), runs per second under a lock on Redis (P1), how soon another replica acts (P6), and what an idle replica costs (P5). The server is a throw-away one on this
//! machine, durable as by default.
//!
//! `cargo bench -p cron-manager-rs --all-features --bench replicas [-- bursts|calls|locked|acts|idle]`
#![expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot be set up has failed")]

mod bare;
mod locked;
mod service;

use std::time::{Duration, Instant};

use bare::Bare;
use service::{Service, in_bulk};
use sqlx::PgPool;

/// Jobs that are due at once, and how often.
const JOBS: usize = 10_000;
const EVERY: Duration = Duration::from_secs(6);
const ROUNDS: usize = 8;
const ACTS: usize = 40;
const IDLE_FOR: Duration = Duration::from_secs(60);

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let asked: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    for part in ["bursts", "calls", "locked", "acts", "idle"] {
        if asked.is_empty() || asked.iter().any(|asked| asked == part) {
            // Each on a server of its own, so that none pays for what another left to be vacuumed.
            let server = servers::Postgres::start().unwrap();
            runtime.block_on(measure(part, &server.url()));
        }
    }
}

async fn measure(part: &str, url: &str) {
    let pool = PgPool::connect(url).await.unwrap();
    match part {
        "bursts" => bursts(url, &pool).await,
        "calls" => locked::calls(url, &servers::Redis::start().unwrap().url(), &pool).await,
        "locked" => locked::bursts(url, &servers::Redis::start().unwrap().url(), &pool).await,
        "acts" => acts(url).await,
        _ => idle(url, &pool).await,
    }
}

/// Lets all jobs be due again and again, in turns with one replica, with three, and in a bare loop.
async fn bursts(url: &str, pool: &PgPool) {
    let services =
        [Service::start(url, "bursts").await, Service::start(url, "bursts").await, Service::start(url, "bursts").await];
    in_bulk(pool, "bursts", JOBS, EVERY).await;
    for service in &services {
        service.serve("job-", JOBS);
    }
    // The first looks read all configs, and the replicas have to see each other.
    tokio::time::sleep(EVERY * 3).await;
    let bare = Bare::new(pool, "bursts", JOBS).await;
    let mut measured = [Burst::default(), Burst::default()];
    let mut claims = Vec::new();
    for round in 0..=2 * ROUNDS {
        let alone = round % 2 == 0;
        for other in &services[1..] {
            services[0].manager.drain_replica(other.manager.replica_id(), alone).await.unwrap();
        }
        until_half_way(pool).await;
        services.iter().for_each(|service| service.lateness.lock().clear());
        let started = Instant::now();
        bare.claim_all(round as i32).await;
        let claimed = started.elapsed();
        for ids in bare.batches() {
            bare.end_all(ids).await;
        }
        let before = transactions(pool).await;
        until_half_way(pool).await;
        if round > 0 {
            claims.push(claimed.as_secs_f64() * 1e3);
            measured[usize::from(!alone)].add(pool, &services, transactions(pool).await - before).await;
        }
    }
    println!("{JOBS} jobs due at once, no-op handler, {ROUNDS} rounds each");
    for (burst, name) in measured.into_iter().zip(["one replica", "three replicas"]) {
        burst.print(name);
    }
    print("bare claims, ms", claims, 0);
    for service in services {
        service.manager.shutdown(Duration::ZERO).await;
    }
}

/// What came of some bursts.
#[derive(Default)]
struct Burst {
    rates: Vec<f64>,
    p50: Vec<f64>,
    p99: Vec<f64>,
    transactions: Vec<f64>,
    largest_share: Vec<f64>,
    missing: i64,
}

impl Burst {
    /// Adds the newest burst, as the ledger and the handlers saw it.
    async fn add(&mut self, pool: &PgPool, services: &[Service], transactions: i64) {
        let sql = "SELECT count(*) FROM bursts.cron_jobs \
                   WHERE state = 'succeeded' AND due_at = (SELECT max(due_at) FROM bursts.cron_jobs)";
        let succeeded: i64 = sqlx::query_scalar(sql).fetch_one(pool).await.unwrap();
        self.rates.push(burst_rate(pool, "bursts").await);
        self.missing += JOBS as i64 - succeeded;
        let mut lateness: Vec<f64> = services.iter().flat_map(|service| service.lateness.lock().clone()).collect();
        lateness.sort_by(f64::total_cmp);
        self.p50.push(lateness[lateness.len() / 2]);
        self.p99.push(lateness[lateness.len() * 99 / 100]);
        self.transactions.push(transactions as f64 / JOBS as f64);
        let shares = services.iter().map(|service| service.lateness.lock().len());
        let active = services.iter().filter(|service| !service.lateness.lock().is_empty()).count();
        self.largest_share.push(shares.max().unwrap_or(0) as f64 * active as f64 / JOBS as f64);
    }

    fn print(self, name: &str) {
        println!(" {name}: {} ticks lost or not done", self.missing);
        print("runs/s", self.rates, 0);
        print("lateness p50, ms", self.p50, 0);
        print("lateness p99, ms", self.p99, 0);
        print("transactions/run", self.transactions, 4);
        print("largest/mean share", self.largest_share, 2);
    }
}

/// Runs per second of the newest burst, from its tick to its last recorded end.
async fn burst_rate(pool: &PgPool, schema: &str) -> f64 {
    let sql = format!(
        "SELECT count(*) / extract(epoch FROM max(finished_at) - min(due_at))::float8 FROM {schema}.cron_jobs \
         WHERE state = 'succeeded' AND due_at = (SELECT max(due_at) FROM {schema}.cron_jobs WHERE state = 'succeeded')"
    );
    sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(pool).await.unwrap()
}

/// Waits for the middle between two bursts.
async fn until_half_way(pool: &PgPool) {
    let sql = "SELECT extract(epoch FROM clock_timestamp())::float8";
    let now: f64 = sqlx::query_scalar(sql).fetch_one(pool).await.unwrap();
    let now = now % EVERY.as_secs_f64();
    let (every, half) = (EVERY.as_secs_f64(), EVERY.as_secs_f64() * 0.7);
    let wait = if now < half { half - now } else { every + half - now };
    tokio::time::sleep(Duration::from_secs_f64(wait)).await;
}

async fn transactions(pool: &PgPool) -> i64 {
    let sql = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()";
    sqlx::query_scalar(sql).fetch_one(pool).await.unwrap()
}

/// P6: from a trigger on one replica until the handler runs on another, by signals.
async fn acts(url: &str) {
    let (asks, acts) = (Service::start(url, "acts").await, Service::start(url, "acts").await);
    let job = acts.manager.job("acts").distributed(true);
    let id = job.run(acts.handler()).await.unwrap().id;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let mut times = Vec::new();
    for _ in 0..ACTS {
        let asked = Instant::now();
        asks.manager.trigger(id).await.unwrap();
        acts.called.notified().await;
        times.push(asked.elapsed().as_secs_f64() * 1e3);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    println!("P6: a trigger on one replica until another one acts, {ACTS} times");
    print("ms", times, 1);
    asks.manager.shutdown(Duration::ZERO).await;
    acts.manager.shutdown(Duration::ZERO).await;
}

/// P5: a replica with nothing to do.
async fn idle(url: &str, pool: &PgPool) {
    let service = Service::start(url, "idle").await;
    in_bulk(pool, "idle", JOBS, Duration::from_secs(300 * 86_400)).await;
    tokio::time::sleep(Duration::from_secs(15)).await;
    let (before, cpu) = (transactions(pool).await, cpu_time());
    tokio::time::sleep(IDLE_FOR).await;
    let seconds = IDLE_FOR.as_secs_f64();
    let made = transactions(pool).await - before - 1;
    println!("P5: idle with {JOBS} configs far in the future, {seconds} s");
    println!("  transactions/s     {:.2}", made as f64 / seconds);
    println!("  CPU                {:.2} %", (cpu_time() - cpu).as_secs_f64() / seconds * 100.0);
    service.manager.shutdown(Duration::ZERO).await;
}

fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn print(name: &str, mut values: Vec<f64>, digits: usize) {
    values.sort_by(f64::total_cmp);
    let (least, median, most) = (values[0], values[values.len() / 2], values[values.len() - 1]);
    println!("  {name:<18} {median:.digits$} ({least:.digits$}–{most:.digits$})");
}
