//! Laws of [`Randomness`].

use std::{collections::HashSet, sync::Arc};

use super::super::ManualClock;
use crate::contracts::Randomness;

/// Two sources to compare.
pub type Sources = (Arc<dyn Randomness>, Arc<dyn Randomness>);

/// Makes the tests; the factory returns two sources that were made alike.
#[macro_export]
macro_rules! randomness_laws {
    ($make:path) => {
        $crate::laws!(randomness, $make; values_do_not_repeat, values_are_spread, two_sources_differ, fractions_lie_between_0_and_1);
    };
}

/// 10,000 values are 10,000 different values.
pub async fn values_do_not_repeat((source, _): Sources, _: ManualClock) {
    let values: HashSet<u64> = (0..10_000).map(|_| source.next()).collect();
    assert_eq!(values.len(), 10_000);
}

/// Each of the 64 bits is set in about half of the values.
pub async fn values_are_spread((source, _): Sources, _: ManualClock) {
    let values: Vec<u64> = (0..10_000).map(|_| source.next()).collect();
    for bit in 0..64 {
        let set = values.iter().filter(|value| *value >> bit & 1 == 1).count();
        assert!((4_500..5_500).contains(&set), "bit {bit} is set in {set} of 10000");
    }
}

/// Two sources give different sequences.
pub async fn two_sources_differ((a, b): Sources, _: ManualClock) {
    let some = |source: &Arc<dyn Randomness>| (0..4).map(|_| source.next()).collect::<Vec<_>>();
    assert_ne!(some(&a), some(&b));
}

/// Fractions are at least 0 and less than 1.
pub async fn fractions_lie_between_0_and_1((source, _): Sources, _: ManualClock) {
    assert!((0..10_000).all(|_| (0.0..1.0).contains(&source.fraction())));
}
