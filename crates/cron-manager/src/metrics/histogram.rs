//! How often something took how long.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// Counts lengths of time by upper bounds. Counting takes two additions and no lock.
pub(super) struct Histogram {
    /// The upper bounds in seconds, rising.
    bounds: &'static [f64],
    /// One for each bound, and one for what is longer.
    counts: Box<[AtomicU64]>,
    nanoseconds: AtomicU64,
}

/// A histogram as it was at one moment.
pub(super) struct Counted {
    /// Up to each bound, and in all: how many lengths were no longer.
    pub(super) up_to: Vec<(f64, u64)>,
    pub(super) seconds: f64,
}

impl Histogram {
    pub(super) fn new(bounds: &'static [f64]) -> Self {
        let counts = (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Self { bounds, counts, nanoseconds: AtomicU64::new(0) }
    }

    pub(super) fn count(&self, length: Duration) {
        let seconds = length.as_secs_f64();
        let place = self.bounds.partition_point(|bound| *bound < seconds);
        self.counts[place].fetch_add(1, Ordering::Relaxed);
        self.nanoseconds.fetch_add(u64::try_from(length.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    pub(super) fn read(&self) -> Counted {
        let mut sum = 0;
        let bounds = self.bounds.iter().copied().chain([f64::INFINITY]);
        let up_to = bounds.zip(&self.counts).map(|(bound, count)| {
            sum += count.load(Ordering::Relaxed);
            (bound, sum)
        });
        let up_to = up_to.collect();
        Counted { up_to, seconds: self.nanoseconds.load(Ordering::Relaxed) as f64 / 1e9 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_counts_up_to_each_bound_that_is_not_less() {
        let histogram = Histogram::new(&[0.1, 1.0]);
        for millis in [50, 100, 101, 1_000, 5_000] {
            histogram.count(Duration::from_millis(millis));
        }
        let counted = histogram.read();
        assert_eq!(counted.up_to, [(0.1, 2), (1.0, 4), (f64::INFINITY, 5)]);
        assert!((counted.seconds - 6.251).abs() < 1e-9);
    }
}
