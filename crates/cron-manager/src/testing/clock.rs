//! A clock that is turned by hand.

use std::{collections::BTreeMap, future::poll_fn, sync::Arc, task::Poll, task::Waker, time::Duration};

use jiff::Timestamp;
use parking_lot::Mutex;

use crate::contracts::{BoxFuture, Clock};

/// A clock that stands still until it is turned. Clones are the same clock.
///
/// ```
/// use std::time::Duration;
/// use cron_manager::{contracts::Clock, testing::ManualClock};
///
/// let clock = ManualClock::new("2026-03-01T00:00:00Z".parse().unwrap());
/// clock.advance(Duration::from_secs(90));
/// assert_eq!(clock.now(), "2026-03-01T00:01:30Z".parse().unwrap());
/// ```
#[derive(Clone)]
pub struct ManualClock(Arc<Mutex<Face>>);

struct Face {
    now: Timestamp,
    elapsed: Duration,
    /// By the instant at which each sleeper wakes.
    sleepers: BTreeMap<(Duration, u64), Waker>,
    next: u64,
}

impl ManualClock {
    /// A clock that shows `now`.
    pub fn new(now: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(Face { now, elapsed: Duration::ZERO, sleepers: BTreeMap::new(), next: 0 })))
    }

    /// Lets time go on by `length`, and wakes those whose instant has come.
    pub fn advance(&self, length: Duration) {
        let woken = {
            let mut face = self.0.lock();
            face.now += length;
            face.elapsed += length;
            let later = (face.elapsed + Duration::from_nanos(1), 0);
            let asleep = face.sleepers.split_off(&later);
            std::mem::replace(&mut face.sleepers, asleep)
        };
        woken.into_values().for_each(Waker::wake);
    }

    /// Sets the wall clock, as an administrator would: nobody's sleep is any longer or shorter for it.
    pub fn set(&self, now: Timestamp) {
        self.0.lock().now = now;
    }

    /// How many sleep on this clock.
    pub fn sleepers(&self) -> usize {
        self.0.lock().sleepers.len()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.0.lock().now
    }

    fn elapsed(&self) -> Duration {
        self.0.lock().elapsed
    }

    fn sleep_until(&self, until: Duration) -> BoxFuture<()> {
        let face = Arc::clone(&self.0);
        Box::pin(async move {
            let mut sleeper = Sleeper { face, place: None };
            poll_fn(|context| sleeper.poll(until, context.waker())).await;
        })
    }
}

/// A place among the sleepers, given up when dropped.
struct Sleeper {
    face: Arc<Mutex<Face>>,
    place: Option<(Duration, u64)>,
}

impl Sleeper {
    fn poll(&mut self, until: Duration, waker: &Waker) -> Poll<()> {
        let mut face = self.face.lock();
        if face.elapsed >= until {
            return Poll::Ready(());
        }
        let place = *self.place.get_or_insert_with(|| {
            face.next += 1;
            (until, face.next)
        });
        face.sleepers.insert(place, waker.clone());
        Poll::Pending
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        if let Some(place) = self.place {
            self.face.lock().sleepers.remove(&place);
        }
    }
}
