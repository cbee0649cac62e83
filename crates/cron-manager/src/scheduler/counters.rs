//! Counters that stand still: how a replica tells that others are dead.

use std::{collections::HashMap, hash::Hash, time::Duration};

/// What this replica has seen of others' counters. Only how long they stand still on its own clock counts, so nobody's wall clock
/// matters.
pub(super) struct Counters<K>(HashMap<K, Seen>);

#[derive(Clone, Copy)]
struct Seen {
    count: i64,
    /// When the counter was first seen at this value.
    since: Duration,
    last_read: Duration,
    ttl: Duration,
}

/// A counter as it was read: whose it is, its value, and how often it should move at the least.
#[derive(Clone, Copy)]
pub(super) struct Counter<K> {
    pub(super) of: K,
    pub(super) count: i64,
    pub(super) ttl: Duration,
}

impl<K: Copy + Eq + Hash> Counters<K> {
    pub(super) fn new() -> Self {
        Self(HashMap::new())
    }

    /// Takes note of all counters there are, as read at `now`; returns those that stood still for their ttl and `grace`. The wait starts
    /// anew after a gap between reads in which a count could have been missed.
    pub(super) fn read(
        &mut self,
        counters: impl IntoIterator<Item = Counter<K>>,
        now: Duration,
        grace: Duration,
    ) -> Vec<Counter<K>> {
        let mut seen = HashMap::new();
        let mut still = Vec::new();
        for counter in counters {
            let Counter { of, count, ttl } = counter;
            let new = Seen { count, since: now, last_read: now, ttl };
            let known = self.0.get(&of).filter(|old| old.count == count && now - old.last_read <= ttl / 3 + grace);
            let entry = known.map_or(new, |old| Seen { since: old.since, ..new });
            if now - entry.since > ttl + grace {
                still.push(counter);
            }
            seen.insert(of, entry);
        }
        self.0 = seen;
        still
    }

    /// After a failed read: whoever counts may have been cut off as well, so the wait starts anew.
    pub(super) fn forget(&mut self) {
        self.0.clear();
    }

    /// How soon to read again so that no gap grows too long.
    pub(super) fn shortest_wait(&self, grace: Duration) -> Duration {
        self.0.values().map(|seen| (seen.ttl / 3 + grace) / 2).min().unwrap_or(Duration::MAX / 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRACE: Duration = Duration::from_secs(5);

    fn read(counters: &mut Counters<u8>, count: i64, now: u64) -> bool {
        let counter = Counter { of: 1, count, ttl: Duration::from_secs(30) };
        !counters.read([counter], Duration::from_secs(now), GRACE).is_empty()
    }

    #[test]
    fn a_counter_that_stands_still_for_ttl_and_grace_is_found() {
        let mut counters = Counters::new();
        assert!((0..=35).step_by(5).all(|now| !read(&mut counters, 7, now)));
        assert!(read(&mut counters, 7, 36));
    }

    #[test]
    fn a_counter_that_moves_or_was_not_read_for_long_is_given_its_time_anew() {
        let mut counters = Counters::new();
        assert!((0..=30).step_by(5).all(|now| !read(&mut counters, 7, now)));
        assert!((35..=70).step_by(5).all(|now| !read(&mut counters, 8, now)));
        assert!(!read(&mut counters, 8, 90), "a gap of 20 s may hide a count");
        assert!(!read(&mut counters, 8, 100));
    }
}
