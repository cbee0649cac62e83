//! What the store's clock shows, as far as this replica can tell.

use std::{collections::VecDeque, time::Duration};

use jiff::Timestamp;
use parking_lot::Mutex;

/// How many replies count; after so many, a step of the store's clock is taken over.
const REPLIES: usize = 8;

/// Estimates the store's clock from its replies. Each reply was written before it arrived, so
/// "the store's now, carried on from the arrival" is never ahead of the store; the greatest of the last replies is the closest. A replica's
/// own wall clock plays no part.
#[derive(Default)]
pub(super) struct StoreTime(Mutex<VecDeque<(Timestamp, Duration)>>);

impl StoreTime {
    /// A reply that says `now` arrived at `elapsed`.
    pub(super) fn observe(&self, now: Timestamp, elapsed: Duration) {
        let mut replies = self.0.lock();
        if replies.len() == REPLIES {
            replies.pop_front();
        }
        replies.push_back((now, elapsed));
    }

    /// The store's now at `elapsed` by the last reply alone.
    pub(super) fn latest(&self, elapsed: Duration) -> Timestamp {
        self.0.lock().back().and_then(|reply| carry(reply, elapsed)).unwrap_or(Timestamp::MIN)
    }

    /// The store's now at `elapsed`; the earliest instant there is before the first reply.
    pub(super) fn at(&self, elapsed: Duration) -> Timestamp {
        self.0.lock().iter().filter_map(|reply| carry(reply, elapsed)).max().unwrap_or(Timestamp::MIN)
    }
}

fn carry((now, then): &(Timestamp, Duration), elapsed: Duration) -> Option<Timestamp> {
    now.checked_add(elapsed.saturating_sub(*then)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    const fn elapsed(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_quickest_reply_counts() {
        let time = StoreTime::default();
        time.observe(at(100), elapsed(7));
        time.observe(at(104), elapsed(10));
        time.observe(at(105), elapsed(15));
        assert_eq!(time.at(elapsed(20)), at(114));
    }

    #[test]
    fn a_store_clock_set_back_is_believed_after_some_replies() {
        let time = StoreTime::default();
        time.observe(at(10_000), elapsed(1));
        (0..REPLIES as u64).for_each(|n| time.observe(at(100 + n as i64), elapsed(2 + n)));
        assert_eq!(time.at(elapsed(10)), at(108));
    }
}
