//! This machine: its clocks, its randomness, and tokio to run our futures.

use std::time::Duration;

use jiff::Timestamp;
use rustix::time::{ClockId, clock_gettime};

use crate::contracts::{BoxFuture, Clock, Randomness, Spawn};

/// The machine's clocks.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that others ask")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn elapsed(&self) -> Duration {
        let time = clock_gettime(ClockId::Boottime);
        Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
    }

    fn sleep_until(&self, until: Duration) -> BoxFuture<()> {
        /// tokio's timers stand still while the machine is suspended; short naps notice when it wakes.
        const NAP: Duration = Duration::from_secs(1);
        Box::pin(async move {
            while let Some(left) = until.checked_sub(SystemClock.elapsed()).filter(|left| !left.is_zero()) {
                #[expect(clippy::disallowed_methods, reason = "this is the clock that others ask")]
                tokio::time::sleep(left.min(NAP)).await;
            }
        })
    }
}

/// The machine's random numbers (`getrandom(2)`).
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandomness;

impl Randomness for SystemRandomness {
    fn next(&self) -> u64 {
        // A machine without randomness cannot start a process; the clock still tells replicas apart.
        getrandom::u64().unwrap_or_else(|_| SystemClock.elapsed().as_nanos() as u64)
    }
}

/// The tokio runtime that is current when a future is spawned.
#[derive(Clone, Copy, Debug, Default)]
pub struct TokioSpawn;

impl Spawn for TokioSpawn {
    #[expect(clippy::disallowed_methods, reason = "this is the spawner that others ask")]
    fn spawn(&self, future: BoxFuture<()>) {
        tokio::spawn(future);
    }
}

/// The name of this machine, as `uname -n` prints it.
pub fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}
