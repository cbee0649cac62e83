//! What users and we test with: a clock that is turned by hand, and the laws of each contract.

mod clock;
pub mod conformance;

pub use clock::ManualClock;
