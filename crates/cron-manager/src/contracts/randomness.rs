//! Where random values come from.

/// Random values for ids, tokens and jitter.
///
/// # Laws
/// - Values are spread over the whole range, and two sources give different sequences.
pub trait Randomness: Send + Sync + 'static {
    /// The next value.
    fn next(&self) -> u64;

    /// A value between 0 and 1, 1 excluded.
    fn fraction(&self) -> f64 {
        // 53 bits are what an f64 holds exactly.
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}
