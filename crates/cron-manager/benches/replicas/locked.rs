//! P1 with Redis: managed runs per second, each under the lock, beside bare loops of the same statements and commands.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use cron_manager::{Called, CronConfigFields};
use futures_util::future::join_all;
use redis::{Script, aio::MultiplexedConnection};
use serde_json::json;
use sqlx::PgPool;

use crate::{
    ROUNDS,
    bare::Bare,
    print,
    service::{Service, in_bulk},
    until_half_way,
};

/// How many jobs are called for at the same time, each again when its last run has ended.
const NAMES: [usize; 3] = [1, 16, 64];
const FOR: Duration = Duration::from_secs(3);
/// Compare and delete, as the original library ends its lock.
const RELEASE: &str =
    "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) else return 0 end";

async fn wire(redis_url: &str) -> MultiplexedConnection {
    redis::Client::open(redis_url).unwrap().get_multiplexed_async_connection().await.unwrap()
}

/// `handle_job` in a loop, as a foreign timer that never waits.
pub(crate) async fn calls(url: &str, redis_url: &str, pool: &PgPool) {
    let wire = &wire(redis_url).await;
    let service = Service::start_locked(url, "calls", redis_url).await;
    let most = NAMES[NAMES.len() - 1];
    for at in 0..most {
        let fields =
            CronConfigFields { min_gap: Some(Duration::ZERO), ..CronConfigFields::named(format!("call-{at}")) };
        let fields = fields.enabled(true).context(json!({"distributed": true}));
        service.manager.create_cron_config(&fields).await.unwrap();
    }
    let bare = Bare::new(pool, "calls", most).await;
    println!("P1: runs/s of handle_job under a lock on Redis, no-op handler, {ROUNDS} rounds of {FOR:?}");
    for names in NAMES {
        let (mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..=ROUNDS {
            let managed = rate(names, async |at| {
                let called = service.manager.handle_job(&format!("call-{at}"), async || ()).await.unwrap();
                assert!(matches!(called, Called::Ran(..)), "{called:?}");
            })
            .await;
            let limit = rate(names, async |at| {
                let run = bare.start(at as i32 + 1).await;
                let key = format!("bare-{at}");
                take(wire, &key).await;
                release(wire, &key).await;
                bare.end(run).await;
            })
            .await;
            // The first round prepares statements.
            if round > 0 {
                ours.push(managed);
                theirs.push(limit);
                ratios.push(managed / limit);
            }
        }
        println!(" {names} at a time");
        print("managed", ours, 0);
        print("bare", theirs, 0);
        print("ratio", ratios, 2);
    }
    service.manager.shutdown(Duration::ZERO).await;
}

/// How often `once` is done per second by so many at the same time.
async fn rate(names: usize, once: impl AsyncFn(usize)) -> f64 {
    let (started, done) = (Instant::now(), AtomicU64::new(0));
    let again = async |at: usize| {
        while started.elapsed() < FOR {
            once(at).await;
            done.fetch_add(1, Ordering::Relaxed);
        }
    };
    join_all((0..names).map(again)).await;
    done.load(Ordering::Relaxed) as f64 / started.elapsed().as_secs_f64()
}

/// Many jobs of the manager's own, due in the same second.
pub(crate) async fn bursts(url: &str, redis_url: &str, pool: &PgPool) {
    let wire = &wire(redis_url).await;
    let service = Service::start_locked(url, "locked", redis_url).await;
    in_bulk(pool, "locked", crate::JOBS, crate::EVERY).await;
    service.serve("job-", crate::JOBS);
    tokio::time::sleep(crate::EVERY * 2).await;
    let bare = Bare::new(pool, "locked", crate::JOBS).await;
    let (mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        until_half_way(pool).await;
        let started = Instant::now();
        bare.run_all(round as i32, wire).await;
        let limit = crate::JOBS as f64 / started.elapsed().as_secs_f64();
        until_half_way(pool).await;
        let managed = crate::burst_rate(pool, "locked").await;
        if round > 0 {
            ours.push(managed);
            theirs.push(limit);
            ratios.push(managed / limit);
        }
    }
    println!("P1: {} jobs due at once, each under a lock on Redis, {ROUNDS} rounds: runs/s", crate::JOBS);
    print("managed", ours, 0);
    print("bare", theirs, 0);
    print("ratio", ratios, 2);
    let rest = "SELECT coalesce(reason, state), sum(count)::bigint FROM locked.cron_jobs \
                WHERE state <> 'succeeded' AND due_at < clock_timestamp() - interval '5 s' GROUP BY 1";
    let rest: Vec<(String, i64)> = sqlx::query_as(rest).fetch_all(pool).await.unwrap();
    println!("  ticks not run, those before the first round included: {rest:?}");
    service.manager.shutdown(Duration::ZERO).await;
}

async fn take(wire: &MultiplexedConnection, key: &str) {
    let mut set = redis::cmd("SET");
    set.arg(key).arg("bare").arg("NX").arg("PX").arg(30_000);
    let _: redis::Value = set.query_async(&mut wire.clone()).await.unwrap();
}

async fn release(wire: &MultiplexedConnection, key: &str) {
    let _: i64 = Script::new(RELEASE).key(key).arg("bare").invoke_async(&mut wire.clone()).await.unwrap();
}

impl Bare {
    /// One tick of each: claimed in batches, each run under its lock, ended in batches.
    async fn run_all(&self, due: i32, wire: &MultiplexedConnection) {
        for ids in self.batches() {
            self.claim(ids, due).await;
            let keys: Vec<String> = ids.iter().map(|id| format!("bare-{id}")).collect();
            let each = async |key: &String| {
                take(wire, key).await;
                release(wire, key).await;
            };
            join_all(keys.iter().map(each)).await;
            self.end_all(ids).await;
        }
    }
}
