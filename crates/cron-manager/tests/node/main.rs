//! Old and new replicas side by side: processes of Node with the original library's successor, the npm package `nest-cron-manager`, and managers
//! of ours call for the same jobs on one Redis. Real processes, in real time.
//!
//! | file | does |
//! |---|---|
//! | `replica.mjs` | is a replica of the Node service |
//! | `node` | installs what it needs, by `package-lock.json`, and starts it |
//! | `ours` | is a replica of ours |
//! | `journal` | what handlers of both sides write, and what can be counted from it |

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a test may end by a panic, and has a runtime of its own"
)]

mod journal;
mod node;
mod ours;

use std::{collections::BTreeSet, time::Duration};

use cron_manager::{
    RunState, SkipReason,
    backends::system::SystemClock,
    contracts::{Clock, RunQuery},
};
use journal::{Journal, Side, Tick};
use servers::{Postgres, Redis};
use tokio::time::sleep;

/// How long both sides call for their jobs.
const LENGTH: i64 = 40;
/// How long a handler takes, in milliseconds.
const TAKES: u64 = 60;

/// The jobs of both sides: without and with `lockAtLeastFor`, which is longer than all tries of a call there, six seconds.
const BARE: &str = "bare";
const HELD: &str = "held";
const AT_LEAST: Duration = Duration::from_secs(10);
/// A job of the Node side alone, with a handler of 10 ms.
const ALONE: &str = "alone";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_and_new_replicas_never_overlap_and_no_tick_of_ours_runs_twice_or_is_lost() {
    let (postgres, redis) = (Postgres::fast().unwrap(), Redis::start().unwrap());
    let folder = node::install();
    let journal = Journal::new(&folder);
    let from = SystemClock.now().as_second() + 2;
    let mut theirs = node::start_two(&folder, &redis.url(), journal.path(), from..from + LENGTH);
    let managers = [1, 2].map(|replica| ours::join(replica, &postgres, &redis, &journal));
    let managers = futures_util::future::join_all(managers).await;
    while SystemClock.now().as_second() < from + LENGTH {
        sleep(Duration::from_millis(100)).await;
    }
    for manager in &managers {
        manager.shutdown(Duration::from_secs(5)).await;
    }
    // They end when their last tries have.
    for process in &mut theirs {
        assert!(process.wait().unwrap().success());
    }

    let runs = journal.runs();
    println!("{LENGTH} s, a tick a second, two replicas on each side:");
    for job in [BARE, HELD, ALONE] {
        println!("{job:<6}{}", runs.of(job));
    }
    for job in [BARE, HELD] {
        let of_job = runs.of(job);
        assert_eq!(of_job.overlaps(), Vec::new(), "{job}");
        assert_eq!(of_job.twice(Side::Ours), BTreeSet::new(), "{job}");
        let ledger = ledger(&managers[0], job).await;
        println!("{job:<6}{} ticks locked elsewhere, by the ledger", ledger.locked_elsewhere);
        assert_eq!(ledger.ran, of_job.ticks(Side::Ours), "{job}");
    }
    let bare = runs.of(BARE);
    assert!(!bare.ticks(Side::Ours).is_empty() && !bare.ticks(Side::Theirs).is_empty(), "{bare}");
    assert!(ledger(&managers[0], BARE).await.locked_elsewhere > 0, "nobody competed: {bare}");
    // Held for longer than a call there tries, what ran here first runs there no more.
    assert_eq!(runs.of(HELD).first_ours_then_theirs(), BTreeSet::new());
    journal.remove();
}

/// What the ledger says about a job whose ticks all have their outcome.
struct Ledger {
    ran: BTreeSet<Tick>,
    locked_elsewhere: u64,
}

async fn ledger(manager: &cron_manager::CronManager, job: &str) -> Ledger {
    let config_id = manager.cron_config_named(job).await.unwrap().id;
    for account in manager.accounts(config_id).await.unwrap() {
        assert_eq!(account.imbalances(), Vec::new(), "{job}");
    }
    let query = RunQuery { config_id: Some(config_id), limit: 1_000, ..RunQuery::default() };
    let rows = manager.cron_runs(&query).await.unwrap();
    let elsewhere = rows.iter().filter(|row| row.reason == Some(SkipReason::LockedElsewhere));
    let locked_elsewhere = elsewhere.map(|row| row.count).sum();
    let ran = rows.iter().filter(|row| row.state != RunState::Skipped);
    let ran = ran.inspect(|row| assert_eq!(row.state, RunState::Succeeded)).map(|row| row.due_at.as_second()).collect();
    Ledger { ran, locked_elsewhere }
}
