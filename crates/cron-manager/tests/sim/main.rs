//! The real scheduler and manager in a simulated world, judged by the invariants of `docs/semantics.md`.
//!
//! `CRON_MANAGER_SIM_SEEDS` (default 200) and `CRON_MANAGER_SIM_FIRST_SEED` (default 1) choose the seeds;
//! `CRON_MANAGER_SIM_STOP` ends at the first one that fails. `scripts/sim` and `scripts/break-guards` set them.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may end by a panic")]

mod calendars;
mod executor;
mod faulty;
mod jobs;
mod judge;
mod judged;
mod locker;
mod random;
mod switches;
mod world;

use world::World;

fn from_env(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect(name))
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    let trace = || World::new(7).run().0.trace;
    assert_eq!(trace(), trace());
}

#[test]
fn every_invariant_holds_in_every_seed() {
    let first = from_env("CRON_MANAGER_SIM_FIRST_SEED", 1);
    let seeds = from_env("CRON_MANAGER_SIM_SEEDS", 200);
    let stop = std::env::var_os("CRON_MANAGER_SIM_STOP").is_some();
    let (mut starts, mut rows, mut skipped, mut faults) = (0, 0, 0, 0);
    let mut failed = Vec::new();
    for seed in first..first + seeds {
        let (verdict, trouble) = World::new(seed).run();
        (starts, rows, skipped) = (starts + verdict.starts, rows + verdict.rows, skipped + verdict.skipped_ticks);
        faults += trouble;
        for violation in verdict.violations.iter().take(5) {
            println!("seed {seed}: {violation}");
        }
        if !verdict.violations.is_empty() {
            failed.push(seed);
            if stop {
                break;
            }
        }
    }
    println!(
        "{seeds} seeds from {first}: {starts} starts, {rows} rows, {skipped} ticks skipped, {faults} faults, {} seeds failed",
        failed.len()
    );
    assert!(
        failed.is_empty(),
        "these seeds break an invariant: {failed:?}; replay one with ./scripts/sim --seeds 1 --first-seed S"
    );
}
