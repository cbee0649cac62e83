//! Killed at any moment.

use std::{env, time::Duration};

use cron_manager::{backends::system::SystemRandomness, contracts::Randomness};
use rustix::process::Signal;

use crate::support::Folder;

/// How often the program is killed, unless the environment says otherwise.
const KILLS: u32 = 50;

#[test]
fn after_any_kill_the_ledger_adds_up() {
    let kills = env::var("CRON_MANAGER_TEST_KILLS").map_or(KILLS, |count| count.parse().unwrap());
    let folder = Folder::new();
    folder.crontab(
        "# name: quick\n# every: 1s\n* * * * * echo quick\n# name: slow\n# every: 2s\n* * * * * sleep 0.3; echo slow\n\
         # name: boot\n@reboot echo boot\n",
    );
    for kill in 0..kills {
        let mut serving = folder.serve();
        serving.watch(Duration::from_secs_f64(SystemRandomness.fraction() * 0.8));
        serving.signal(Signal::KILL);
        assert_eq!(serving.ended(), None);
        if kill == 0 {
            // The first one may have come before there was a database.
            let mut serving = folder.serve();
            serving.line(&["succeeded", "boot"]);
            serving.signal(Signal::KILL);
            assert_eq!(serving.ended(), None);
        }
        let (code, rows) = folder.check_ledger();
        assert_eq!(code, 0, "kill {kill}: {rows:?}\n{}", serving.seen.join("\n"));
    }
    let mut serving = folder.serve();
    serving.line(&["succeeded", "quick"]);
    serving.signal(Signal::INT);
    assert_eq!(serving.ended(), Some(0));
    let (code, rows) = folder.check_ledger();
    assert_eq!((code, rows.len()), (0, 3), "{rows:?}");
    let ticks = |name: &str| rows.iter().find(|row| row["name"] == name).unwrap()["ticks"].as_u64().unwrap();
    assert!(ticks("quick") > 0 && ticks("slow") > 0 && ticks("boot") == 0, "{rows:?}");
}
