//! Runs per second through the whole ledger on embedded SQLite, beside a bare loop that writes the same rows; and what an
//! idle replica costs.
//!
//! `cargo bench -p cron-manager-rs --bench ledger`
#![expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a benchmark that cannot be set up has failed")]

mod bare;
mod counting;

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use bare::BareLoop;
use counting::CountingStore;
use cron_manager::{
    Author, CronConfigFields, CronManager,
    backends::{sqlite::SqliteStore, system::SystemClock},
    contracts::Store,
    scheduler::{Activity, Tuning},
    testing::ManualClock,
};
use jiff::Timestamp;
use serde_json::json;

const ROUNDS: usize = 7;
/// Configs that are due each second, and seconds in a round.
const CONFIGS: usize = 1_000;
const TICKS: usize = 5;
const IDLE_CONFIGS: usize = 10_000;
const IDLE_FOR: Duration = Duration::from_secs(60);

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let folder = std::env::temp_dir().join(format!("cron-manager-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    runtime.block_on(async {
        throughput(&folder).await;
        idle(&folder).await;
    });
    std::fs::remove_dir_all(folder).unwrap();
}

/// P2: the same number of runs through the manager and through the bare loop, in turns.
async fn throughput(folder: &Path) {
    let managed = Managed::new(folder).await;
    let bare = BareLoop::new(folder, CONFIGS).await;
    let (mut ours, mut bares) = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let started = Instant::now();
        managed.round().await;
        let middle = Instant::now();
        for tick in 0..TICKS {
            bare.tick((round * TICKS + tick) as i64).await;
        }
        if round > 0 {
            let rate = |time: Duration| (CONFIGS * TICKS) as f64 / time.as_secs_f64();
            ours.push(rate(middle - started));
            bares.push(rate(middle.elapsed()));
        }
    }
    managed.manager.shutdown(Duration::from_secs(5)).await;
    let ratios = ours.iter().zip(&bares).map(|(ours, bare)| ours / bare).collect();
    println!("P2: {CONFIGS} configs due each second on SQLite (FULL), no-op handler, batches of 256, {ROUNDS} rounds");
    print("managed, runs/s", ours, 0);
    print("bare loop, runs/s", bares, 0);
    print("ratio", ratios, 2);
}

/// P5: a replica with nothing to do.
async fn idle(folder: &Path) {
    let clock = Arc::new(SystemClock);
    let store = Arc::new(CountingStore::new(SqliteStore::open(folder.join("idle.db"), clock).await.unwrap()));
    let manager = CronManager::builder().store(Arc::clone(&store) as Arc<dyn Store>).build().await.unwrap();
    for at in 0..IDLE_CONFIGS {
        let fields = CronConfigFields::named(format!("idle-{at}")).enabled(true);
        store
            .create(fields.cron("0 0 29 2 *", "UTC").create(Timestamp::UNIX_EPOCH).unwrap(), &Author::code())
            .await
            .unwrap();
    }
    manager.start();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (calls, cpu) = (store.calls(), cpu_time());
    tokio::time::sleep(IDLE_FOR).await;
    let seconds = IDLE_FOR.as_secs_f64();
    println!("\nP5: idle with {IDLE_CONFIGS} configs far in the future, {seconds} s");
    println!("  store calls/s   {:.2}", (store.calls() - calls) as f64 / seconds);
    println!("  CPU             {:.2} %", (cpu_time() - cpu).as_secs_f64() / seconds * 100.0);
    println!("  resident memory {:.1} MiB (this process, P2's store and loop included)", resident_mib());
    manager.shutdown(Duration::ZERO).await;
}

struct Managed {
    manager: CronManager,
    clock: ManualClock,
}

impl Managed {
    async fn new(folder: &Path) -> Self {
        let clock = ManualClock::new(Timestamp::from_second(1_800_000_000).unwrap());
        let store = SqliteStore::open(folder.join("managed.db"), Arc::new(clock.clone())).await.unwrap();
        let tuning = Tuning { concurrency: 10_000, ..Tuning::default() };
        let builder = CronManager::builder().store(Arc::new(store)).clock(Arc::new(clock.clone())).tuning(tuning);
        let manager = builder.build().await.unwrap();
        for at in 0..CONFIGS {
            let job =
                manager.job(format!("job-{at}")).every(Duration::from_secs(1)).context(json!({"distributed": true}));
            job.run(|| async {}).await.unwrap();
        }
        manager.start();
        Self { manager, clock }
    }

    /// Lets each config have its ticks, one after the other.
    async fn round(&self) {
        for _ in 0..TICKS {
            let mut activity = self.manager.activity();
            self.clock.advance(Duration::from_secs(1));
            let mut ended = 0;
            while ended < CONFIGS {
                match activity.recv().await {
                    Ok(Activity::Ended(..)) => ended += 1,
                    Ok(Activity::Started(_)) => {}
                    other => panic!("a tick did not run: {other:?}"),
                }
            }
        }
    }
}

fn print(name: &str, mut values: Vec<f64>, digits: usize) {
    values.sort_by(f64::total_cmp);
    let (least, median, most) = (values[0], values[values.len() / 2], values[values.len() - 1]);
    println!("  {name:<18} {median:.digits$} ({least:.digits$}–{most:.digits$})");
}

fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn resident_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0
}
